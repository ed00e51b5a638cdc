// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package wheel

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes an exclusive lock that belongs to the open file, so that two
// goroutines that opened it each exclude one another too.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return errLocked
	}
	return err
}
