// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Entry is one line of a plan file: a picture with the hash of its bytes, or
// the reason why it could not be read.
type Entry struct {
	source.Ref
	// SHA256 is the hexadecimal hash of the picture's bytes.
	SHA256 string        `json:"sha256,omitempty"`
	Reject *fault.Reject `json:"reject,omitempty"`
}

// compareEntries orders a plan file: by hash, then by name, so that of exact
// copies the one with the smallest name comes first.
func compareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.SHA256, b.SHA256), source.Compare(a.Ref, b.Ref))
}

// WriteLines writes each value as one line of JSON.
func WriteLines[T any](w io.Writer, values []T) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// ReadLines reads a file of one JSON value a line.
func ReadLines[T any](path string) (values []T, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var v T
		switch err := decoder.Decode(&v); {
		case err == io.EOF:
			return values, nil
		case err != nil:
			return nil, fmt.Errorf("reading line %d of %q: %w", len(values)+1, path, err)
		}
		values = append(values, v)
	}
}
