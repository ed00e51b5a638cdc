// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"io"
)

// The sizes of the blocks in which [readAhead] reads.
const (
	smallestBlock = 64 << 10
	largestBlock  = 1 << 20
)

// readAhead is an [io.ReadSeeker] over a remote shard for [index], which reads
// 512 bytes and then seeks past a picture. On gs:// a request takes as long as
// some megabytes, so it reads blocks: a shard of 1000 samples of 64 pixels is
// some ten requests rather than 3000. Blocks grow while what is skipped between
// them is shorter than they are, so that of a shard with large members mostly
// the headers are fetched.
type readAhead struct {
	r    io.ReaderAt
	size int64

	pos   int64
	block []byte
	at    int64 // where block lies
	ahead int   // the size of the block to come
}

func newReadAhead(r io.ReaderAt, size int64) *readAhead {
	return &readAhead{r: r, size: size, ahead: smallestBlock}
}

// Seek implements [io.Seeker].
func (a *readAhead) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += a.pos
	case io.SeekEnd:
		offset += a.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	a.pos = offset
	return offset, nil
}

// Read implements [io.Reader].
func (a *readAhead) Read(b []byte) (int, error) {
	if a.pos >= a.size {
		return 0, io.EOF
	}
	if len(b) == 0 {
		return 0, nil
	}
	end := a.at + int64(len(a.block))
	if a.pos < a.at || a.pos >= end {
		if err := a.fetch(a.pos - end); err != nil {
			return 0, err
		}
	}
	n := copy(b, a.block[a.pos-a.at:])
	a.pos += int64(n)
	return n, nil
}

// fetch reads the block at pos, skipped bytes after the one before.
func (a *readAhead) fetch(skipped int64) error {
	switch {
	case len(a.block) == 0: // the first
	case skipped >= 0 && skipped <= int64(len(a.block)):
		a.ahead = min(2*a.ahead, largestBlock)
	default:
		a.ahead = smallestBlock
	}
	n := int(min(int64(a.ahead), a.size-a.pos))
	if cap(a.block) < n {
		a.block = make([]byte, n)
	}
	a.block, a.at = a.block[:n], a.pos
	// ReadAt may give io.EOF with the last byte.
	got, err := a.r.ReadAt(a.block, a.at)
	if got == n {
		return nil
	}
	a.block = a.block[:0]
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
