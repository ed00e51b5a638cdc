// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"flag"
	"io"
	"testing"
)

// setFlag sets one of Beam's flags for one test.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	before := f.Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(name, before); err != nil {
			t.Error(err)
		}
	})
}

// setFlags sets several, given as name and value in turn.
func setFlags(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		setFlag(t, pairs[i], pairs[i+1])
	}
}

// writer writes a text.
func writer(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}
