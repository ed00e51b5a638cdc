// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package bench

import (
	"runtime"
	"syscall"
)

// peakMemory returns the most resident memory that this process has had, in bytes,
// 0 where it is not known.
func peakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "linux" {
		return int64(u.Maxrss) << 10 //nolint:unconvert // 32 bits on some platforms
	}
	return int64(u.Maxrss) //nolint:unconvert // as above
}
