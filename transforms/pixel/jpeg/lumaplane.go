// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"encoding/binary"
	"image"
)

// Reduced returns the luma at 1/reduction of its size, pixel by pixel that of
// [Decode]; reduction is 1, 2, 4 or 8, at which nothing but the blocks' means is
// looked at. It panics on other reductions.
func (l *Luma) Reduced(reduction int) *image.Gray {
	switch reduction {
	case 1, 2, 4, 8:
	default:
		panic("jpeg: reduction must be 1, 2, 4 or 8")
	}
	scale := 8 / reduction
	m := image.NewGray(image.Rect(0, 0, scale*l.columns, scale*l.rows))
	m.Rect = image.Rect(0, 0, (l.width+reduction-1)/reduction, (l.height+reduction-1)/reduction)
	if scale == 1 {
		for i, dc := range l.dc {
			m.Pix[i] = level(int32(dc) * l.quant[0])
		}
		return m
	}
	var b block
	for i := range l.dc {
		last := l.block(i, &b, &l.quant, prefix(scale))
		b.store(m.Pix[scale*(i/l.columns*m.Stride+i%l.columns):], m.Stride, scale, last)
	}
	return m
}

// block reads block i into b, in natural order and multiplied by q, as far as
// index end-1 in zigzag order. It returns the index of the last coefficient that
// is not zero.
func (l *Luma) block(i int, b *block, q *[64]int32, end int) int {
	b.clear(end)
	b[0] = int32(l.dc[i]) * q[0]
	at, last := l.at[i], 0
	t, src := l.ac.values, l.bits
	for k := 1; k < end; {
		acc := binary.BigEndian.Uint64(src[at>>3:]) << (at & 7)
		e := t[acc>>(64-lookAhead)]
		advance, length := int(e>>advanceShift&127), uint(e&31)
		v := int32(e) >> valueShift
		if size := uint(e >> sizeShift & 15); size != 0 {
			v = extend(uint32(acc<<((length-size)&63)>>((64-size)&63)), size)
		}
		if advance == advanceSlow {
			advance, length, v = l.ac.long(acc)
		}
		at += uint32(length)
		k += advance
		if k <= end && v != 0 {
			last = k - 1
			b[unzig[last&63]&63] = v * q[last&63]
		}
	}
	return last
}

// long decodes an AC symbol on top of acc that the tables do not know: how far
// it advances, its length in bits and the coefficient.
func (h *huffman) long(acc uint64) (advance int, length uint, v int32) {
	for i := range uint(maxCodeLength) {
		code := int32(acc >> (63 - i))
		if code > h.maxCodes[i] {
			continue
		}
		symbol := h.vals[h.valsIndices[i]+code-h.minCodes[i]]
		size := uint(symbol & 15)
		length = i + 1 + size
		switch {
		case size != 0:
			v = extend(uint32(acc<<(i+1)>>(64-size)), size)
		case symbol == 0:
			return advanceEOB, length, 0
		}
		return int(symbol>>4) + 1, length, v
	}
	return advanceEOB, 0, 0 // such bits were not kept
}
