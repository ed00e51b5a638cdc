// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"io"
)

// readahead serves small reads that mostly go forward from larger pieces. A
// read that jumps far is answered with the least piece; pieces double where
// reads follow closely, so that little is fetched beside the point and a
// directory of any size takes few requests. It is for one goroutine.
type readahead struct {
	blob  blob
	fetch func(off, n int64) ([]byte, error)
	// least and most bound a piece.
	least, most int64

	at    int64 // of piece
	piece []byte
	next  int64 // size of the next piece
	err   error // of the first fetch that went wrong
}

// prime fetches a piece that will be needed.
func (r *readahead) prime(off, n int64) error {
	r.at = off
	r.piece, r.err = r.fetch(off, n)
	return r.err
}

// ReadAt reads as [io.ReaderAt] says.
func (r *readahead) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at < 0 || at >= r.blob.size() {
			return done, io.EOF
		}
		if at < r.at || at >= r.at+int64(len(r.piece)) {
			if err := r.turn(at, int64(len(p)-done)); err != nil {
				return done, err
			}
		}
		done += copy(p[done:], r.piece[at-r.at:])
	}
	return done, nil
}

// turn fetches the piece at off, of at least need bytes.
func (r *readahead) turn(off, need int64) error {
	gap := off - r.at - int64(len(r.piece))
	if gap >= 0 && gap < r.next {
		r.next = min(2*r.next, r.most)
	} else {
		r.next = r.least
	}
	piece, err := r.fetch(off, max(r.next, min(need, r.most)))
	if err == nil && len(piece) == 0 {
		err = io.EOF // the file has shrunk
	}
	if err != nil {
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return err
	}
	r.at, r.piece = off, piece
	return nil
}

// readFull reads until p is full or r ends, which is no error.
func readFull(r io.Reader, p []byte) (int, error) {
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}
