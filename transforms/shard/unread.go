// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// unreadError is the error of bytes that could not be had: they may be sound.
// It stands between the words of who read them and the cause.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }
func (e *unreadError) Unwrap() error { return e.err }

// unread marks the error of a read, but for those that say something of the
// object itself: that it is not there, or larger than anything of its kind.
func unread(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrTooLarge) {
		return err
	}
	return &unreadError{err}
}

// outside returns an error of [Examine] where err is of a read that failed for
// reasons outside the data set, such as a denied access, a service or a disk
// that fails, too many open files or a context that ended.
func (v *verifier) outside(err error) error {
	if _, ok := errors.AsType[*unreadError](err); !ok {
		return nil
	}
	return fmt.Errorf("examining %q: %w", v.store.URI(), err)
}

// marking marks the errors of a stream's reads.
type marking struct{ r io.Reader }

func (m *marking) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unread(err)
	}
	return n, err
}

// counting counts what is read and ends when alive says so.
type counting struct {
	alive func() error
	r     io.Reader
	n     int64
}

func (c *counting) Read(b []byte) (int, error) {
	if err := c.alive(); err != nil {
		return 0, unread(err)
	}
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// cause shortens "open /long/path: no such file" to what is new.
func cause(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "it is missing"
	}
	return err.Error()
}
