// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"encoding/binary"
	std "image/jpeg"
)

const (
	// windowSize leaves the tables room in the nearest cache.
	windowSize = 16 << 10
	// margin is more than one MCU may take: 10 blocks of 64 symbols of at most
	// 16+16 bits are 2560 bytes.
	margin = 4 << 10
	// windowMask is for indices that are below it anyway: the compiler then
	// needs no check of its own.
	windowMask = 1<<15 - 1
)

// window holds windowSize bytes and more than two margins behind them.
type window [windowMask + 1 + 8]byte

// Errors of image/jpeg that it does not export.
const (
	errMissingFF00      = std.FormatError("missing 0xff00 sequence")
	errShortHuffmanData = std.FormatError("short Huffman data")
	errBadCode          = std.FormatError("bad Huffman code")
	errUninitialized    = std.FormatError("uninitialized Huffman table")
)

// bitReader reads one entropy-coded segment, that is, up to the next marker or
// the end of the file.
//
// The bytes pass through a window in which the stuffed zeros are taken out, so
// that the readers of symbols look neither for 0xff nor for the end: an MCU
// always fits between p and the end of win, and [bitReader.check] says after
// each MCU whether it went too far.
type bitReader struct {
	src []byte // the whole file
	pos int    // the next byte of src that is not in the window yet
	win *window
	end int // the bytes in win

	p     int    // the next byte of win that is not in acc yet
	acc   uint64 // the next bits, the first one on top
	n     uint   // how many bits of acc count
	limit int    // check has something to do once p is above
	ended bool   // win holds the segment's last byte
}

// start begins the segment at src[pos].
func (r *bitReader) start(pos int) {
	if r.win == nil {
		r.win = new(window)
	}
	r.pos, r.end, r.p, r.acc, r.n, r.ended = pos, 0, 0, 0, 0, false
	r.slide()
}

// slide drops what was read from the window and fills it up. The bytes that acc
// holds stay: luma's bits are taken from the window.
func (r *bitReader) slide() {
	acc := min(r.p, 8)
	r.end = copy(r.win[:], r.win[r.p-acc:r.end])
	r.p = acc
	for !r.ended && r.end < windowSize {
		part := r.src[r.pos:min(len(r.src), r.pos+windowSize-r.end)]
		i := bytes.IndexByte(part, 0xff)
		if i >= 0 {
			part = part[:i]
		}
		r.end += copy(r.win[r.end:], part)
		r.pos += len(part)
		switch {
		case i < 0:
			r.ended = r.pos == len(r.src)
		case r.pos+1 < len(r.src) && r.src[r.pos+1] == 0:
			r.win[r.end] = 0xff
			r.end++
			r.pos += 2
		default:
			r.ended = true
		}
	}
	r.limit = r.end - margin
	if r.ended {
		r.limit = r.end - 1
	}
}

// check is called where p is above limit: it gets more bytes or, where there
// are none, reports that more bits were read than there are.
func (r *bitReader) check() error {
	if !r.ended {
		r.slide()
		return nil
	}
	return r.overrun(0)
}

// overrun returns an error if the segment does not hold ahead bits more.
func (r *bitReader) overrun(ahead int) error {
	if !r.ended || 8*r.p-int(r.n)+ahead <= 8*r.end {
		return nil
	}
	if r.pos+1 >= len(r.src) {
		return errShortHuffmanData
	}
	return errMissingFF00
}

// marker returns the position of the marker that ends the segment, or the
// file's length.
func (r *bitReader) marker() int {
	if r.ended {
		return r.pos
	}
	return nextMarker(r.src, r.pos)
}

// nextMarker returns the position of the next 0xff without a stuffed zero
// behind it, or the file's length.
func nextMarker(src []byte, pos int) int {
	for pos < len(src) {
		i := bytes.IndexByte(src[pos:], 0xff)
		if i < 0 {
			return len(src)
		}
		pos += i
		if pos+1 >= len(src) || src[pos+1] != 0 {
			return pos
		}
		pos += 2
	}
	return len(src)
}

// refill makes n at least 56. It may be called at any time.
func (r *bitReader) refill() {
	r.acc |= binary.BigEndian.Uint64(r.win[r.p&windowMask:r.p&windowMask+8]) >> (r.n & 63)
	r.p += int((63 - r.n) >> 3)
	r.n |= 56
}

func (r *bitReader) drop(n uint) {
	r.acc <<= n & 63
	r.n -= n
}

// symbol reads one symbol of any length.
func (r *bitReader) symbol(h *huffman) (uint8, error) {
	r.refill()
	if e := h.codes[r.acc>>(64-lookAhead)]; e != 0 {
		r.drop(uint(e & 0xff))
		return uint8(e >> 8), nil
	}
	if h.nCodes == 0 {
		return 0, errUninitialized
	}
	for i := range maxCodeLength {
		code := int32(r.acc >> (63 - uint(i)))
		if code <= h.maxCodes[i] {
			r.drop(uint(i + 1))
			return h.vals[h.valsIndices[i]+code-h.minCodes[i]], nil
		}
	}
	if err := r.overrun(maxCodeLength); err != nil {
		return 0, err
	}
	return 0, errBadCode
}

// bits reads 0 to 16 bits.
func (r *bitReader) bits(n uint) uint32 {
	if r.n < n {
		r.refill()
	}
	x := uint32(r.acc >> 1 >> (63 - n))
	r.drop(n)
	return x
}

// receiveExtend reads a signed number of 0 to 16 bits, as specified in section
// F.2.2.1 of ITU-T T.81.
func (r *bitReader) receiveExtend(size uint) int32 {
	return extend(r.bits(size), size)
}

// extend is the EXTEND procedure of ITU-T T.81.
func extend(x uint32, size uint) int32 {
	if size == 0 {
		return 0
	}
	// All ones where the top bit is clear, which means a negative number.
	negative := int32(x>>((size-1)&31)) - 1
	return int32(x) + (negative & (int32(-1)<<(size&31) + 1))
}
