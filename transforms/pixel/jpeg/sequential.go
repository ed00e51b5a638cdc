// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"encoding/binary"
	std "image/jpeg"
)

const errExcessiveDC = std.UnsupportedError("excessive DC component")

// difference reads a DC coefficient's difference.
func (r *bitReader) difference(h *huffman) (int32, error) {
	r.refill()
	e := h.values[r.acc>>(64-lookAhead)]
	if e>>advanceShift&127 == advanceSlow {
		size, err := r.symbol(h)
		if err != nil {
			return 0, err
		}
		if size > 16 {
			return 0, errExcessiveDC
		}
		return r.receiveExtend(uint(size)), nil
	}
	v := int32(e) >> valueShift
	bits := uint(e & 31)
	if size := uint(e >> sizeShift & 15); size != 0 {
		v = extend(uint32(r.acc<<(bits-size)>>(64-size)), size)
	}
	r.drop(bits)
	return v, nil
}

// symbolAC reads one AC symbol at index k, whatever its length, and returns
// the index behind it and the coefficient that stands just before that, if it
// is not zero. An end of the block makes the index 64 or more; image/jpeg takes
// runs of such ends from sequential files, too.
func (r *bitReader) symbolAC(h *huffman, k int, eobRun *uint16) (int, int32, error) {
	sym, err := r.symbol(h)
	if err != nil {
		return k, 0, err
	}
	run, size := int(sym>>4), uint(sym&15)
	switch {
	case size != 0:
		k += run + 1
		if k > 64 {
			return k, 0, nil
		}
		return k, r.receiveExtend(size), nil
	case run == 15:
		return k + 16, 0, nil
	}
	*eobRun = uint16(1)<<run | uint16(r.bits(uint(run)))
	*eobRun--
	return 64, 0, nil
}

// meanBlock reads a block and returns the difference of its DC coefficient.
func (r *bitReader) meanBlock(sc *scanComponent, eobRun *uint16) (int32, error) {
	delta, err := r.difference(sc.dc)
	if err != nil {
		return 0, err
	}
	_, err = r.skipAC(sc.ac, 1, eobRun)
	return delta, err
}

// skipAC passes over a block's coefficients from index k on. It returns the
// index behind the last one: 64 unless the file has it leave the block.
func (r *bitReader) skipAC(h *huffman, k int, eobRun *uint16) (int, error) {
	t := h.skip
	for {
		acc, n, p := r.acc, r.n, r.p
		win := r.win
		var e uint
		var next int
		for {
			// This is refill; what it gives is enough for two entries.
			acc |= binary.BigEndian.Uint64(win[p&windowMask:p&windowMask+8]) >> (n & 63)
			p += int((63 - n) >> 3)
			n |= 56
			e = uint(t[acc>>(64-lookAhead)])
			next = k + int(e>>skipShift)
			if next >= 64 {
				break
			}
			k = next
			acc <<= e & 31
			n -= e & 31
			e = uint(t[acc>>(64-lookAhead)])
			next = k + int(e>>skipShift)
			if next >= 64 {
				break
			}
			k = next
			acc <<= e & 31
			n -= e & 31
		}
		r.p = p
		if next == 64 || (e >= advanceEOB<<skipShift && next < 64+advanceEOB) {
			// All of the entry's symbols lie within the block.
			r.acc = acc << (e & 31)
			r.n = n - e&31
			return 64, nil
		}
		r.acc, r.n = acc, n
		var err error
		if k, _, err = r.symbolAC(h, k, eobRun); err != nil || k >= 64 {
			return k, err
		}
	}
}

// sequentialBlock reads a block into b, in natural order and multiplied by the
// quantization table q, as far as index end-1 in zigzag order; the rest is
// passed over. It returns the index of the last coefficient that is not zero.
func (r *bitReader) sequentialBlock(sc *scanComponent, b *block, q *[64]int32, end int, eobRun *uint16) (int, error) {
	b.clear(end)
	delta, err := r.difference(sc.dc)
	if err != nil {
		return 0, err
	}
	sc.last += delta
	b[0] = sc.last * q[0]
	if *eobRun > 0 {
		*eobRun--
		return 0, nil
	}
	last := 0
	for k := 1; k < 64; {
		if k >= end {
			_, err = r.skipAC(sc.ac, k, eobRun)
			return last, err
		}
		if k, last = r.coefficients(sc.ac.values, b, q, k, end, last); k >= end {
			continue
		}
		// The tables do not know the next symbol.
		var v int32
		if k, v, err = r.symbolAC(sc.ac, k, eobRun); err != nil {
			return 0, err
		}
		if v != 0 && k <= end {
			last = k - 1
			b[unzig[last]] = v * q[last]
		}
	}
	return last, nil
}

// coefficients reads AC coefficients from index k on, until end is reached or
// the block ends, which makes the index 64, or a symbol comes that the table
// does not know. It returns the index behind what it read and the last
// coefficient that is not zero.
func (r *bitReader) coefficients(t *valueTable, b *block, q *[64]int32, k, end, last int) (int, int) {
	acc, n, p := r.acc, r.n, r.p
	win := r.win
	for k < end {
		if n < 32 {
			acc |= binary.BigEndian.Uint64(win[p&windowMask:p&windowMask+8]) >> n
			p += int((63 - n) >> 3)
			n |= 56
		}
		e := t[acc>>(64-lookAhead)]
		bits := uint(e & 31)
		next := k + int(e>>advanceShift&127)
		if next > 64 {
			if e>>advanceShift&127 == advanceEOB {
				acc <<= bits
				n -= bits
				k = 64
			}
			break
		}
		v := int32(e) >> valueShift
		if size := uint(e >> sizeShift & 15); size != 0 {
			v = extend(uint32(acc<<((bits-size)&63)>>((64-size)&63)), size)
		}
		acc <<= bits
		n -= bits
		k = next
		if k <= end && v != 0 {
			last = k - 1
			b[unzig[last&63]&63] = v * q[last&63]
		}
	}
	r.acc, r.n, r.p = acc, n, p
	return k, last
}
