// SPDX-License-Identifier: Apache-2.0

package pixel

import "encoding/binary"

// inflater decompresses one whole deflate stream into memory whose size is
// known, which a PNG's header tells. Readers that must be able to stop
// anywhere take about twice the time. It only ever says yes or no: a stream
// that it does not like goes to the standard library, which finds the words.
type inflater struct {
	src  []byte
	ip   int    // the next byte of src
	bits uint64 // bits taken from src, the next one lowest
	nb   uint   // how many of them
	dst  []byte
	op   int // the next byte of dst

	lit  [litSize]uint32
	dist [distSize]uint32
	lens [286 + 30]uint8
}

// The tables are indexed by the next bits of the stream; longer codes go on in
// a second table behind the first. The sizes are the most that 286 and 30
// codes of up to 15 bits can need (zlib's enough.c).
const (
	litBits, litSize   = 11, 2342
	distBits, distSize = 8, 402
)

// A table's entry is code length | extra bits << 8 | kind | value << 16. An
// entry of 0 belongs to no code.
const (
	kindLiteral = 1 << 13
	kindBase    = 2 << 13 // a length or a distance: value plus extra bits
	kindEnd     = 3 << 13
	kindSub     = 4 << 13 // a second table, "extra" bits wide, at value
	kindMask    = 7 << 13
)

// zlib decompresses a zlib stream that fills dst and src exactly.
func (z *inflater) zlib(dst, src []byte) bool {
	const headAndSum = 2 + 4
	if len(src) < headAndSum || src[0]&15 != 8 || src[0]>>4 > 7 || src[1]&32 != 0 ||
		binary.BigEndian.Uint16(src)%31 != 0 {
		return false
	}
	return z.raw(dst, src[2:len(src)-4]) && adler(dst) == binary.BigEndian.Uint32(src[len(src)-4:])
}

// raw decompresses a deflate stream that fills dst and src exactly.
func (z *inflater) raw(dst, src []byte) bool {
	z.src, z.dst = src, dst
	z.ip, z.bits, z.nb, z.op = 0, 0, 0, 0
	ok := z.blocks() && z.op == len(dst) && z.ip-int(z.nb/8) == len(src)
	z.src, z.dst = nil, nil
	return ok
}

func (z *inflater) blocks() bool {
	for {
		if !z.need(3) {
			return false
		}
		head := z.take(3)
		ok := false
		switch head >> 1 {
		case 0:
			ok = z.stored()
		case 1:
			ok = z.fixedTables() && z.codes()
		case 2:
			ok = z.dynamicTables() && z.codes()
		}
		if !ok || head&1 != 0 {
			return ok
		}
	}
}

// need fills up to at least n <= 32 bits, if the stream has them.
func (z *inflater) need(n uint) bool {
	for z.nb < n {
		if z.ip >= len(z.src) {
			return false
		}
		z.bits |= uint64(z.src[z.ip]) << z.nb
		z.ip++
		z.nb += 8
	}
	return true
}

// take returns n bits that are there.
func (z *inflater) take(n uint) uint32 {
	v := uint32(z.bits & (1<<n - 1))
	z.bits >>= n
	z.nb -= n
	return v
}

func (z *inflater) stored() bool {
	z.ip -= int(z.nb / 8) // whole bytes go back
	z.bits, z.nb = 0, 0
	if z.ip+4 > len(z.src) {
		return false
	}
	n := int(binary.LittleEndian.Uint16(z.src[z.ip:]))
	if n^int(binary.LittleEndian.Uint16(z.src[z.ip+2:])) != 0xffff {
		return false
	}
	z.ip += 4
	if z.ip+n > len(z.src) || z.op+n > len(z.dst) {
		return false
	}
	copy(z.dst[z.op:], z.src[z.ip:z.ip+n])
	z.ip += n
	z.op += n
	return true
}

func (z *inflater) fixedTables() bool {
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	var dist [32]uint8
	for i := range dist {
		dist[i] = 5
	}
	return buildTable(z.lit[:], litBits, lens[:], litEntry) && buildTable(z.dist[:], distBits, dist[:], distEntry)
}

func (z *inflater) dynamicTables() bool {
	if !z.need(14) {
		return false
	}
	nLit, nDist, nCode := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if nLit > 286 || nDist > 30 {
		return false
	}
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var codeLens [19]uint8
	for _, i := range order[:nCode] {
		if !z.need(3) {
			return false
		}
		codeLens[i] = uint8(z.take(3))
	}
	var table [1 << 7]uint32
	if !buildTable(table[:], 7, codeLens[:], func(i int) uint32 { return uint32(i) << 16 }) {
		return false
	}
	lens := z.lens[:nLit+nDist]
	if !z.lengths(lens, &table) {
		return false
	}
	return buildTable(z.lit[:], litBits, lens[:nLit], litEntry) && buildTable(z.dist[:], distBits, lens[nLit:], distEntry)
}

// lengths reads the run-length coded code lengths.
func (z *inflater) lengths(lens []uint8, table *[1 << 7]uint32) bool {
	for i := 0; i < len(lens); {
		z.need(14) // at the stream's end fewer do
		e := table[z.bits&127]
		n := uint(e & 255)
		if n == 0 || n > z.nb {
			return false
		}
		z.take(n)
		symbol := e >> 16
		if symbol < 16 {
			lens[i] = uint8(symbol)
			i++
			continue
		}
		var extra, least uint
		var value uint8
		switch symbol {
		case 16:
			extra, least = 2, 3
			if i == 0 {
				return false
			}
			value = lens[i-1]
		case 17:
			extra, least = 3, 3
		default:
			extra, least = 7, 11
		}
		if z.nb < extra {
			return false
		}
		run := int(least) + int(z.take(extra))
		if i+run > len(lens) {
			return false
		}
		for range run {
			lens[i] = value
			i++
		}
	}
	return true
}
