// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"io/fs"
	"os"
	"sync"
	"weak"
)

// spool is an unpacked archive in a temporary file. The file is gone when the
// last who uses the spool has released it, or forgotten it: then the garbage
// collector closes it.
type spool struct {
	file   *os.File
	length int64
	damage error // why it is not the whole archive, or nil

	mu    sync.Mutex
	users int
}

// retain counts another user. It reports false if the file is closed already.
func (s *spool) retain(first bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 && !first {
		return false
	}
	s.users++
	return true
}

func (s *spool) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.file.Close()
}

// spoolBlob is one user's view of a spool.
type spoolBlob struct {
	fileBlob
	spool *spool
	once  sync.Once
}

// Close releases the spool, once.
func (b *spoolBlob) Close() error {
	err := fs.ErrClosed
	b.once.Do(func() { err = b.spool.release() })
	return err
}

// spools are those of the process: a job's driver and its workers read the same
// archives, and unpacking one takes time and space.
var spools spoolSet

type spoolSet struct {
	mu    sync.Mutex
	slots map[string]*spoolSlot
}

// spoolSlot keeps no spool alive.
type spoolSlot struct {
	turn  chan struct{} // taken while unpacking, so that nobody does it twice
	spool weak.Pointer[spool]
}

// acquire returns the spool of that key, making it if there is none. It waits
// for others who make it no longer than the context lasts.
func (s *spoolSet) acquire(ctx context.Context, key string, unpack func() (*spool, error)) (*spool, error) {
	s.mu.Lock()
	if s.slots == nil {
		s.slots = map[string]*spoolSlot{}
	}
	slot := s.slots[key]
	if slot == nil {
		slot = &spoolSlot{turn: make(chan struct{}, 1)}
		s.slots[key] = slot
	}
	s.mu.Unlock()
	select {
	case slot.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-slot.turn }()
	if held := slot.spool.Value(); held != nil && held.retain(false) {
		return held, nil
	}
	made, err := unpack()
	if err != nil {
		return nil, err
	}
	made.retain(true)
	slot.spool = weak.Make(made)
	return made, nil
}
