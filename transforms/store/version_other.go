// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package store

import (
	"fmt"
	"io/fs"
)

// version tells a file from the one that replaced it, as far as the time of
// its last change does.
func version(i fs.FileInfo) string { return fmt.Sprint(i.ModTime().UnixNano()) }
