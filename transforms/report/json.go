// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes v as JSON for people and programs: indented by two spaces,
// without HTML escapes, with a closing newline. Maps come out in the order of
// their keys, so the same value gives the same bytes.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encoding a report as JSON: %w", err)
	}
	return nil
}
