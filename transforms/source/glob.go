// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// globMeta are the bytes that make a name a pattern.
const globMeta = `*?[{\`

// splitGlob splits a pattern into the folder that it begins with, which holds
// no special character, and the rest. It reports false for a plain name.
func splitGlob(s string) (base, pattern string, ok bool) {
	meta := strings.IndexAny(s, globMeta)
	if meta < 0 {
		return s, "", false
	}
	slash := strings.LastIndexByte(s[:meta], '/')
	switch {
	case slash < 0:
		return "", s, true
	case slash == 0:
		return "/", s[1:], true
	default:
		return s[:slash], s[slash+1:], true
	}
}

// glob is a pattern for the names below a folder.
type glob struct {
	pattern string
	// parts are the pattern's folders where each is one level; nil for others.
	parts []string
}

func newGlob(uri, pattern string) (*glob, error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, fault.Request("opening input %q: there is no such file or folder, and as a pattern it is malformed", uri)
	}
	g := &glob{pattern: pattern}
	if !strings.Contains(pattern, "**") && !strings.ContainsAny(pattern, `{[\`) {
		g.parts = strings.Split(pattern, "/")
	}
	return g, nil
}

// match reports whether a name below the folder is meant. A nil glob means all.
func (g *glob) match(name string) bool {
	return g == nil || doublestar.MatchUnvalidated(g.pattern, name)
}

// enter reports whether names inside the folder dir may be meant. It only saves
// time: match decides.
func (g *glob) enter(dir string) bool {
	if g == nil || g.parts == nil {
		return true
	}
	depth := strings.Count(dir, "/")
	return depth < len(g.parts)-1 && doublestar.MatchUnvalidated(g.parts[depth], path.Base(dir))
}

// fixed returns the beginning that all names meant have.
func (g *glob) fixed() string {
	return g.pattern[:max(0, strings.IndexAny(g.pattern, globMeta))]
}

func openGlob(uri, base, pattern string) (Source, error) {
	g, err := newGlob(uri, pattern)
	if err != nil {
		return nil, err
	}
	if base == "" {
		base = "."
	}
	root, err := os.OpenRoot(base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Request("opening input %q: there is no such file or folder, and no folder %q", uri, base)
	case err != nil:
		return nil, fault.Request("opening input %q: %w", uri, err)
	}
	return &folder{uri: uri, root: root, glob: g}, nil
}
