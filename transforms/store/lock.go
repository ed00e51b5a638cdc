// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process writes into the folder.
var ErrLocked = errors.New("another process is writing there")

const lockName = ".chromabeam/lock"

// Lock keeps other processes that call it from writing into a local folder,
// which is made if need be, until release is called or the process ends. It
// does not wait: where the lock is taken the result is [ErrLocked]. The file
// .chromabeam/lock stays. Readers need no lock.
//
// On gs:// there is no lock and none is needed: conditions fence writers off
// object by object.
func Lock(ctx context.Context, s Store) (release func() error, err error) {
	dir, ok := s.Local()
	if !ok {
		return func() error { return nil }, ctx.Err()
	}
	path := filepath.Join(dir, filepath.FromSlash(lockName))
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := makeFolder(filepath.Dir(path)); err != nil {
			return nil, fmt.Errorf("locking %q: %w", dir, err)
		}
		lock := flock.New(path, flock.SetPermissions(0o644))
		taken, err := lock.TryLock()
		if errors.Is(err, fs.ErrNotExist) {
			continue // the folder was removed meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("locking %q, which needs a file system with locks: %w", dir, err)
		}
		if !taken {
			return nil, fmt.Errorf("locking %q: %w", dir, ErrLocked)
		}
		if current(lock, path) {
			return lock.Unlock, nil
		}
		// Whoever had it before removed the file: this lock keeps nobody out.
		if err := lock.Unlock(); err != nil {
			return nil, fmt.Errorf("locking %q: %w", dir, err)
		}
	}
}

// current reports whether the locked file still bears its name.
func current(lock *flock.Flock, path string) bool {
	held, err := lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(held, named)
}
