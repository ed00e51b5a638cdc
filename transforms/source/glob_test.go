// SPDX-License-Identifier: Apache-2.0

package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, body := range files {
		writeFile(t, filepath.Join(dir, "in", name), []byte(body))
	}
	for _, name := range []string{"[a]/literal.png", "x*/literal.png", "xy/other.png", "in/caf\xe9/\xe9.png"} {
		writeFile(t, filepath.Join(dir, name), []byte(name))
	}
	if err := os.Symlink("a", filepath.Join(dir, "in", "away")); err != nil {
		t.Skipf("this system makes no symbolic links: %v", err)
	}
	tests := map[string][]string{
		"in/*":                 {"a.png", "b.bmp", "z.TIFF"},
		"in/*.png":             {"a.png"},
		"in/**":                {"a-b/c.JPG", "a.png", "a/b.gif", "a/b.png", "a/b/c.webp", "b.bmp", `"caf\xe9/\xe9.png"`, "z.TIFF"},
		"in/**/*.png":          {"a.png", "a/b.png", `"caf\xe9/\xe9.png"`},
		"in/a/*.png":           {"b.png"},
		"in/*/*.png":           {"a/b.png", `"caf\xe9/\xe9.png"`},
		"in/a*/*":              {"a-b/c.JPG", "a/b.gif", "a/b.png"},
		"in/a/**/*.{webp,gif}": {"b.gif", "b/c.webp"},
		"in/{a,a-b}/?.*":       {"a-b/c.JPG", "a/b.gif", "a/b.png"},
		"in/[ab].*":            {"a.png", "b.bmp"},
		"in/[^a].*":            {"b.bmp", "z.TIFF"},
		"in/caf?/*":            {`"caf\xe9/\xe9.png"`},
		"in/.git/*":            {"a.png"}, // named in full
		"in/.g*/*":             nil,
		"in/away/*":            {"b.gif", "b.png"},
		"in/aw*/*":             nil,
		"in/*.jpg":             nil,
		"[a]":                  {"literal.png"}, // exists under this name
		"x*":                   {"literal.png"},
		`\[a\]/*`:              {`[a]/literal.png`},
		"x?/*":                 {"x*/literal.png", "xy/other.png"},
	}
	for pattern, want := range tests {
		uri := dir + "/" + pattern
		s := open(t, uri)
		list := refs(t, s)
		diff(t, pattern, want, names(list))
		inOrder(t, list)
		for _, r := range list {
			if got := content(t, s, r); int64(len(got)) != r.Size || strings.HasPrefix(got, "error") || r.URI != uri {
				t.Errorf("reading %+v of %q = %q", r, pattern, got)
			}
		}
	}
	// As a path this is longer than names may be.
	diff(t, "a long pattern", []string{"a.png"}, names(refs(t, open(t, dir+"/in/{a,"+strings.Repeat("x", 300)+"}.png"))))
	// And this leads through a file.
	for _, pattern := range []string{"none/*.png", "in/a.png/*.png", "in/[a", "in/{a"} {
		if _, err := Open(t.Context(), dir+"/"+pattern); !fault.IsRequest(err) || !strings.Contains(err.Error(), pattern) {
			t.Errorf("Open(%q) = %v, want a request error naming it", pattern, err)
		}
	}
}

func TestGlobHere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFile(t, filepath.Join(dir, "a.png"), []byte("a"))
	for _, pattern := range []string{"*.png", "./*.png", "**"} {
		diff(t, pattern, map[string][]string{"a.png": {"a"}}, contents(t, open(t, pattern)))
	}
}
