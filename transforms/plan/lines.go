// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// WriteLines writes each value as one line of JSON, names unescaped.
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
func ReadLines[T any](ctx context.Context, st store.Store, name string) ([]T, error) {
	var values []T
	for v, err := range Lines[T](ctx, st, name) {
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// Lines yields the values of a file of one JSON value a line, and ends at the
// first error.
func Lines[T any](ctx context.Context, st store.Store, name string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		file, err := st.Open(ctx, name)
		if err != nil {
			yield(zero, err)
			return
		}
		decoder := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(file, 0, file.Size()), readSize))
		for n := 1; ; n++ {
			var v T
			err := decoder.Decode(&v)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				yield(zero, errors.Join(fmt.Errorf("reading line %d of %q: %w", n, name, err), file.Close()))
				return
			}
			if !yield(v, nil) {
				_ = file.Close() // read only, and the reader has enough
				return
			}
		}
		if err := file.Close(); err != nil {
			yield(zero, fmt.Errorf("reading %q: %w", name, err))
		}
	}
}

// readSize is the size of one read of a file that is read from its beginning to
// its end: a request each, where the file lies in a bucket.
const readSize = 1 << 18
