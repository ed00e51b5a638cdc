// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// A token is a symbol of the entropy code, in its low 8 bits, and the bits that
// follow it; how many those are is the symbol's lower half.
type token = uint32

const (
	zeros16    token = 0xf0
	endOfBlock token = 0
)

// number returns the token of v behind run zeros.
func number(run int, v int32) token {
	size := bits.Len32(uint32(max(v, -v)))
	v += v >> 31 // negative ones are written less one
	return uint32(run<<4|size) | uint32(v)&(1<<size-1)<<8
}

// appendTokens appends those of a block's coefficients but for the first one.
// values are in zigzag order; other ones than those that set has a bit for are
// zero. All must be in [-1023, 1023].
func appendTokens(list []token, values *[64]int16, set uint64) []token {
	last := 0
	for set &^= 1; set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set) & 63
		v := int32(values[k])
		if v == 0 {
			continue
		}
		run := k - last - 1
		for ; run > 15; run -= 16 {
			list = append(list, zeros16)
		}
		list = append(list, number(run, v))
		last = k
	}
	if last < 63 {
		list = append(list, endOfBlock)
	}
	return list
}

// bitSink gathers bits.
type bitSink struct {
	w     io.Writer // where drain writes to
	plain bool      // no zeros are stuffed behind 0xff
	buf   []byte
	acc   uint64 // the last n bits of it are not in buf yet
	n     uint
}

// put appends the size lowest bits of v, at most 56; the others must be zero.
func (s *bitSink) put(v uint64, size uint) {
	if s.n+size <= 64 {
		s.acc = s.acc<<(size&63) | v
		s.n += size
		return
	}
	s.spill(v, size)
}

func (s *bitSink) spill(v uint64, size uint) {
	room := 64 - s.n
	s.n = size - room
	s.word(s.acc<<(room&63) | v>>(s.n&63))
	s.acc = v
}

// word appends 64 bits.
func (s *bitSink) word(x uint64) {
	const high, low = 0x8080808080808080, 0x0101010101010101
	if s.plain || x&high&^(x+low) == 0 { // no byte is 0xff
		s.buf = binary.BigEndian.AppendUint64(s.buf, x)
		return
	}
	s.bytes(x, 8)
}

// bytes appends the last n bytes of x.
func (s *bitSink) bytes(x uint64, n int) {
	for i := 8 * (n - 1); i >= 0; i -= 8 {
		b := byte(x >> i)
		s.buf = append(s.buf, b)
		if b == 0xff && !s.plain {
			s.buf = append(s.buf, 0)
		}
	}
}

// token appends a token.
func (s *bitSink) token(codes *encoder, t token) {
	c, size := codes[uint8(t)], uint(t&15)
	s.put(uint64(c>>8)<<size|uint64(t>>8), uint(c&0xff)+size)
}

// coefficients appends a block but for its first coefficient, as appendTokens
// takes it. It returns false where a baseline file cannot hold it.
func (s *bitSink) coefficients(codes *encoder, values *[64]int16, set uint64) bool {
	acc, n := s.acc, s.n
	last := 0
	for set &^= 1; set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set) & 63
		v := int32(values[k])
		size := uint(bits.Len32(uint32(max(v, -v))))
		if size > maxSize {
			return false
		}
		if size == 0 {
			continue
		}
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			s.acc, s.n = acc, n
			s.token(codes, zeros16)
			acc, n = s.acc, s.n
		}
		c := codes[run<<4&0xf0|int(size&15)]
		x := uint64(c>>8)<<size | uint64(uint32(v+v>>31)&(1<<size-1))
		if size += uint(c & 0xff); n+size <= 64 {
			acc = acc<<(size&63) | x
			n += size
			continue
		}
		s.acc, s.n = acc, n
		s.spill(x, size)
		acc, n = s.acc, s.n
	}
	s.acc, s.n = acc, n
	if last < 63 {
		s.token(codes, endOfBlock)
	}
	return true
}

// copy appends size bits of src from bit at on; src has tail bytes more.
func (s *bitSink) copy(src []byte, at uint32, size uint) {
	for ; size > 56; size -= 56 {
		s.put(binary.BigEndian.Uint64(src[at>>3:])<<(at&7)>>8, 56)
		at += 56
	}
	if size > 0 {
		s.put(binary.BigEndian.Uint64(src[at>>3:])<<(at&7)>>(64-size), size)
	}
}

// finish fills the last byte with ones.
func (s *bitSink) finish() {
	pad := -s.n & 7
	s.put(1<<pad-1, pad)
	s.bytes(s.acc, int(s.n/8))
	s.acc, s.n = 0, 0
}

// drain writes what is in buf if that is more than atLeast bytes.
func (s *bitSink) drain(atLeast int) error {
	if len(s.buf) <= atLeast {
		return nil
	}
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}
