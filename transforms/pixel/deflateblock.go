// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"math/bits"
)

// common returns how many first bytes of a and b are equal; b is no shorter.
func common(a, b []byte) int {
	n := 0
	for ; n+8 <= len(a); n += 8 {
		if x := load64(a[n:]) ^ load64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}

// bitWriter appends bits, the first one lowest.
type bitWriter struct {
	buf  []byte
	bits uint64
	n    uint
}

// put appends n <= 16 bits.
func (w *bitWriter) put(v uint32, n uint) {
	w.bits |= uint64(v) << w.n
	if w.n += n; w.n >= 48 {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, w.bits)[:len(w.buf)+6]
		w.bits >>= 48
		w.n -= 48
	}
}

// align fills up the byte.
func (w *bitWriter) align() {
	for w.n > 0 {
		w.buf = append(w.buf, byte(w.bits))
		w.bits >>= 8
		w.n -= min(8, w.n)
	}
}

// flush ends the stream and returns its bytes.
func (w *bitWriter) flush() []byte {
	w.align()
	return w.buf
}

func (d *deflater) emitLiteral(b byte) {
	d.litCount[b]++
	d.emit(uint32(b))
}

func (d *deflater) emitMatch(length, back int) {
	l, b := uint32(length-3), uint32(back-1)
	d.litCount[257+lengthCode(l)]++
	d.distCount[distCode(b)]++
	d.emit(matchToken | l<<16 | b)
}

func (d *deflater) emit(token uint32) {
	d.tokens = append(d.tokens, token)
	if len(d.tokens) == maxTokens {
		d.writeBlock(false)
	}
}

// lengthCode returns the code, from 0, for a length less 3.
func lengthCode(l uint32) uint32 {
	switch {
	case l < 8:
		return l
	case l == 255:
		return 28
	}
	n := uint32(bits.Len32(l)) - 3 // extra bits
	return 4*n + l>>n
}

// distCode returns the code for a distance less 1.
func distCode(b uint32) uint32 {
	if b < 4 {
		return b
	}
	n := uint32(bits.Len32(b)) - 2
	return 2*n + b>>n
}

// writeBlock writes the tokens with codes of their own, or with the fixed
// ones where those are shorter. (Stored blocks are left out: a filtered
// picture that does not shrink at all loses 5 bits in a thousand.)
func (d *deflater) writeBlock(last bool) {
	d.litCount[256] = 1
	d.codes.build(&d.litCount, &d.distCount)
	head := uint32(0)
	if last {
		head = 1
	}
	if d.codes.fixedIsShorter(&d.litCount, &d.distCount) {
		d.codes.setFixed()
		d.out.put(head|1<<1, 3)
	} else {
		d.out.put(head|2<<1, 3)
		d.codes.writeHeader(&d.out)
	}
	w, lit, dist := d.out, &d.codes.lit, &d.codes.dist
	for _, t := range d.tokens {
		if t&matchToken == 0 {
			c := lit[t&255]
			w.put(uint32(c.bits), uint(c.n))
			continue
		}
		l, b := t>>16&255, t&(maxBack-1)
		lc := lengthCode(l)
		c := lit[257+lc]
		w.put(uint32(c.bits), uint(c.n))
		if lc >= 8 && lc < 28 {
			n := uint(lc/4 - 1)
			w.put(l&(1<<n-1), n)
		}
		dc := distCode(b)
		c = dist[dc]
		w.put(uint32(c.bits), uint(c.n))
		if dc >= 4 {
			n := uint(dc/2 - 1)
			w.put(b&(1<<n-1), n)
		}
	}
	w.put(uint32(lit[256].bits), uint(lit[256].n))
	d.out = w
	d.startBlock()
}
