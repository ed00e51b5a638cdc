// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// placing makes a look at a file and the rename after it one step for this
// process, whichever [Store] it goes through.
var placing sync.Mutex

// place gives a finished file its name if c holds. It reports whether the
// temporary name is gone.
func place(temp, target string, c Condition) (moved bool, err error) {
	switch c.kind {
	case absent:
		err := os.Link(temp, target)
		if err == nil {
			return false, nil
		}
		if errors.Is(err, fs.ErrExist) {
			return false, agree(temp, target)
		}
		return look(temp, target, c) // no hard links here
	case unchanged:
		return look(temp, target, c)
	default:
		if err := os.Rename(temp, target); err != nil {
			return false, err
		}
		return true, nil
	}
}

// look is place in two steps: a look at what is there, and a rename.
func look(temp, target string, c Condition) (moved bool, err error) {
	placing.Lock()
	defer placing.Unlock()
	now, err := os.Stat(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	there := err == nil
	if c.kind == absent && there ||
		c.kind == unchanged && (!there || now.Size() != c.before.Size || version(now) != c.before.Version) {
		return false, agree(temp, target)
	}
	if err := os.Rename(temp, target); err != nil {
		return false, err
	}
	return true, nil
}

// agree returns [ErrConflict] unless both files hold the same bytes.
func agree(temp, target string) error {
	same, err := equalFiles(temp, target)
	if err != nil {
		return errors.Join(ErrConflict, err)
	}
	if !same {
		return ErrConflict
	}
	return nil
}

func equalFiles(a, b string) (bool, error) {
	f, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // read only
	g, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer func() { _ = g.Close() }() // read only
	x, y := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errX := io.ReadFull(f, x)
		m, errY := io.ReadFull(g, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		endX, endY := ended(errX), ended(errY)
		if endX && endY {
			return true, nil
		}
		if errX != nil && !endX || errY != nil && !endY {
			return false, errors.Join(errX, errY)
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
