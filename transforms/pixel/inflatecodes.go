// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"hash/adler32"
)

func adler(b []byte) uint32 { return adler32.Checksum(b) }

// codes decodes one block's symbols up to its end.
func (z *inflater) codes() bool {
	for {
		ended, ok := z.fast()
		if ended || !ok {
			return ok
		}
		// Near the end of either memory: one symbol with all checks.
		ended, ok = z.slow()
		if ended || !ok {
			return ok
		}
	}
}

// The fast loop reads 8 bytes ahead and writes up to 7 bytes too many, which
// the next symbol overwrites.
const (
	readAhead  = 8
	writeAhead = 258 + 8
)

// fast decodes while both memories have room ahead. One filling, of at least
// 56 bits, lasts for a length and its distance: 15+5+15+13 = 48.
//
//nolint:funlen // calls inside would cost a third of the speed
func (z *inflater) fast() (ended, ok bool) {
	src, dst := z.src, z.dst
	ip, op, hold, nb := z.ip, z.op, z.bits, z.nb
	lit, dist := &z.lit, &z.dist
	ok = true
	for ok && !ended && ip+readAhead <= len(src) && op+writeAhead <= len(dst) {
		hold |= binary.LittleEndian.Uint64(src[ip:]) << nb
		ip += int((63 - nb) >> 3)
		nb |= 56
		e := lit[hold&(1<<litBits-1)]
		if e&kindMask == kindLiteral {
			hold >>= e & 63
			nb -= uint(e & 63)
			dst[op] = uint8(e >> 16)
			op++
			e = lit[hold&(1<<litBits-1)]
			if e&kindMask == kindLiteral { // 56-11-11 bits are left: time for one more
				hold >>= e & 63
				nb -= uint(e & 63)
				dst[op] = uint8(e >> 16)
				op++
				e = lit[hold&(1<<litBits-1)]
				if e&kindMask == kindLiteral {
					hold >>= e & 63
					nb -= uint(e & 63)
					dst[op] = uint8(e >> 16)
					op++
				}
			}
			continue
		}
		if e&kindMask == kindSub {
			hold >>= litBits
			nb -= litBits
			e = lit[uint(e>>16)+uint(hold)&(1<<(e>>8&31)-1)]
		}
		hold >>= e & 63
		nb -= uint(e & 63)
		switch e & kindMask {
		case kindLiteral:
			dst[op] = uint8(e >> 16)
			op++
			continue
		case kindEnd:
			ended = true
			continue
		case kindBase:
		default:
			ok = false
			continue
		}
		extra := e >> 8 & 31
		length := int(e>>16) + int(hold&(1<<extra-1))
		hold >>= extra
		nb -= uint(extra)

		d := dist[hold&(1<<distBits-1)]
		if d&kindMask == kindSub {
			hold >>= distBits
			nb -= distBits
			d = dist[uint(d>>16)+uint(hold)&(1<<(d>>8&31)-1)]
		}
		hold >>= d & 63
		nb -= uint(d & 63)
		extra = d >> 8 & 31
		back := int(d>>16) + int(hold&(1<<extra-1))
		hold >>= extra
		nb -= uint(extra)
		if d&kindMask != kindBase || back > op {
			ok = false
			continue
		}
		repeat(dst, op, back, length)
		op += length
	}
	z.ip, z.op, z.bits, z.nb = ip, op, hold&(1<<nb-1), nb
	return ended, ok
}

// repeat copies length bytes from back bytes before op, where the copy may
// overlap itself. It may write 7 bytes more.
func repeat(dst []byte, op, back, length int) {
	end := op + length
	switch {
	case back >= 8:
		for from := op - back; op < end; op, from = op+8, from+8 {
			binary.LittleEndian.PutUint64(dst[op:], binary.LittleEndian.Uint64(dst[from:]))
		}
	case back == 1:
		v := uint64(dst[op-1]) * 0x0101010101010101
		for ; op < end; op += 8 {
			binary.LittleEndian.PutUint64(dst[op:], v)
		}
	default:
		for ; op < end; op++ {
			dst[op] = dst[op-back]
		}
	}
}

// slow decodes one symbol.
func (z *inflater) slow() (ended, ok bool) {
	e, ok := z.symbol(z.lit[:], litBits)
	if !ok {
		return false, false
	}
	switch e & kindMask {
	case kindLiteral:
		if z.op >= len(z.dst) {
			return false, false
		}
		z.dst[z.op] = uint8(e >> 16)
		z.op++
		return false, true
	case kindEnd:
		return true, true
	}
	length, ok := z.extra(e)
	if !ok {
		return false, false
	}
	d, ok := z.symbol(z.dist[:], distBits)
	if !ok {
		return false, false
	}
	back, ok := z.extra(d)
	if !ok || back > z.op || z.op+length > len(z.dst) {
		return false, false
	}
	for range length {
		z.dst[z.op] = z.dst[z.op-back]
		z.op++
	}
	return false, true
}

// symbol decodes one code with the checks that the stream's end needs.
func (z *inflater) symbol(table []uint32, primary uint) (uint32, bool) {
	z.need(15) // at the end of the stream fewer do
	e := table[z.bits&(1<<primary-1)]
	if e&kindMask == kindSub {
		if z.nb < primary {
			return 0, false
		}
		z.take(primary)
		e = table[uint(e>>16)+uint(z.bits)&(1<<(e>>8&31)-1)]
	}
	n := uint(e & 63)
	if e&kindMask == 0 || n > z.nb {
		return 0, false
	}
	z.take(n)
	return e, true
}

// extra reads a length's or distance's extra bits.
func (z *inflater) extra(e uint32) (int, bool) {
	n := uint(e >> 8 & 31)
	if e&kindMask != kindBase || !z.need(n) {
		return 0, false
	}
	return int(e>>16) + int(z.take(n)), true
}
