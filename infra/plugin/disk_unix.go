// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package plugin

import "syscall"

func freeDisk(dir string) (free uint64, ok bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
