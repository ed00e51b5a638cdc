// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "-run and -metrics must be given"},
		{"no metrics", []string{"-run", dir}, "-run and -metrics must be given"},
		{"an argument", []string{"-run", dir, "-metrics", "a=b", "c"}, "and no arguments"},
		{"no file", []string{"-run", dir, "-metrics", "a"}, `it must be SET=FILE, got "a"`},
		{"no card", []string{"-run", dir, "-metrics", "a=b", "-dir", filepath.Join(dir, "none")}, "reading the card's sentences"},
	}
	for _, tt := range tests {
		if err := run(tt.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
}
