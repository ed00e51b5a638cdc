// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"syscall"
)

// version tells a file from the one that replaced it. Clocks of file systems
// tick slowly; the inode differs, since the new file is there before the old
// one goes.
func version(i fs.FileInfo) string {
	if s, ok := i.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d-%d", i.ModTime().UnixNano(), s.Ino)
	}
	return fmt.Sprint(i.ModTime().UnixNano())
}
