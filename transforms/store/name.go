// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

const tempSuffix = ".tmp"

// temporary matches the names that [os.CreateTemp] makes of NAME.*.tmp.
var temporary = regexp.MustCompile(`(?s)^(.+)\.[0-9]+` + regexp.QuoteMeta(tempSuffix) + `$`)

// checkName refuses what could leave the store, what two stores would take for
// different objects, and what [Store.List] would hide.
func checkName(name string) error {
	if name == "." || !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q is no name inside a data set's folder", name)
	}
	if temporary.MatchString(name) {
		return fmt.Errorf("the name %q is kept for temporary files", name)
	}
	return nil
}

// checkDir is checkName for a folder, which may be "".
func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	return checkName(dir)
}
