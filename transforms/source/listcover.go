// SPDX-License-Identifier: Apache-2.0

package source

import (
	"io/fs"
	"os"
	"path"
	"strings"
)

// container is a folder, pattern or archive of a list that has been listed.
type container struct {
	prefix  string // what its pictures' paths begin with; ends in "/"
	local   bool
	archive bool
	glob    *glob

	// linked remembers whether a link leads to the folder asked about last.
	linkedDir string
	linked    bool
}

// describe notes what has been opened.
func (c *container) describe(s Source) {
	switch s := s.(type) {
	case *folder:
		c.glob = s.glob
	case *bucket:
		c.glob = s.glob
	default:
		c.archive = true
	}
}

// below returns the name that a path has inside the container.
func (c *container) below(path string) (string, bool) {
	return strings.CutPrefix(path, c.prefix)
}

// holds reports whether a path is the container's or below it.
func (c *container) holds(path string) bool {
	_, ok := c.below(path)
	return ok || folderPrefix(path) == c.prefix
}

// covers reports whether the container has listed the picture of that path,
// which exists.
func (c *container) covers(full string) bool {
	name, ok := c.below(full)
	return ok && !c.archive && IsPicture(name) && c.glob.match(name) && !c.behindLink(path.Dir(name))
}

// behindLink reports whether the way from a local folder to the folder dir
// inside it leads over a link, which the folder's listing does not follow.
func (c *container) behindLink(dir string) bool {
	if !c.local || dir == "." {
		return false
	}
	if dir != c.linkedDir {
		c.linkedDir, c.linked = dir, false
		for at := dir; at != "." && at != "/" && !c.linked; at = path.Dir(at) {
			info, err := os.Lstat(c.prefix + at)
			c.linked = err != nil || info.Mode()&fs.ModeSymlink != 0
		}
	}
	return c.linked
}

// covered reports whether the picture of that path has been listed as one of a
// folder or pattern.
func (w *listWalk) covered(full string) bool {
	for _, c := range w.stack {
		if c.covers(full) {
			return true
		}
	}
	return false
}

// coveredFolder reports whether a folder, by what its pictures' paths begin
// with, lies wholly in one that has been listed, or is the same.
func (w *listWalk) coveredFolder(prefix string) bool {
	for _, c := range w.stack {
		if c.archive || c.glob != nil {
			continue
		}
		// Some name stands for all of them.
		if c.prefix == prefix || c.covers(prefix+"x.png") {
			return true
		}
	}
	return false
}
