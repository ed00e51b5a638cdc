// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestReadListed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "a.png")
	write := func(data string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(data), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	touch := func(at time.Time) {
		t.Helper()
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	list := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, input := range []string{
		dir, filepath.Join(dir, "**", "*.png"), list("single.txt", "sub/a.png\n"), list("folder.txt", "sub\n"),
		list("absolute.txt", file+"\n"),
	} {
		write("whole")
		touch(time.Unix(1000, 0))
		s, err := Open(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		var refs []Ref
		if err := s.List(t.Context(), func(r Ref) error { refs = append(refs, r); return nil }); err != nil || len(refs) != 1 {
			t.Fatalf("%s: %v, %v, want one picture", input, refs, err)
		}
		if data, err := ReadListed(t.Context(), s, refs[0], 100); err != nil || string(data) != "whole" {
			t.Errorf("%s: %q, %v, want the picture", input, data, err)
		}
		write("whole, and more")
		touch(time.Unix(1000, 0))
		wantChanged(t, input+", grown", s, refs[0])
		write("other")
		wantChanged(t, input+", rewritten", s, refs[0])
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func wantChanged(t *testing.T, what string, s Source, r Ref) {
	t.Helper()
	_, err := ReadListed(t.Context(), s, r, 100)
	var p *fault.PictureError
	if !errors.As(err, &p) || !p.Transient {
		t.Errorf("%s: error %v, want a transient reject", what, err)
	}
	if _, err := s.Read(t.Context(), r, 100); err != nil {
		t.Errorf("%s: Read says %v", what, err)
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "list.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for input, want := range map[string]bool{dir: true, filepath.Join(dir, "*.png"): true, filepath.Join(dir, "list.txt"): false} {
		s, err := Open(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		if Live(s) != want {
			t.Errorf("%s: live %v, want %v", input, !want, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
