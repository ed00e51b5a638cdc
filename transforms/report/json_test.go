// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteJSON(&b, map[string]any{"b": "<x>", "a": 1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("{\n  \"a\": 1,\n  \"b\": \"<x>\"\n}\n", b.String()); diff != "" {
		t.Errorf("WriteJSON (-want +got):\n%s", diff)
	}
	if err := WriteJSON(&b, math.NaN()); err == nil {
		t.Error("WriteJSON took a NaN")
	}
}
