// SPDX-License-Identifier: Apache-2.0

package pixel

import "encoding/binary"

// Eight bytes are worked on in one register in a few places of this package.

// highBits are the top bits of eight bytes.
const highBits = 0x8080808080808080

func load64(b []byte) uint64     { return binary.LittleEndian.Uint64(b) }
func store64(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }

// evenByte masks every second byte.
const evenByte = 0x00ff00ff00ff00ff

// sub64 subtracts byte by byte, modulo 256.
func sub64(x, y uint64) uint64 { return ((x | highBits) - y&^highBits) ^ ((x ^ ^y) & highBits) }

// add64 adds byte by byte, modulo 256.
func add64(x, y uint64) uint64 { return (x&^highBits + y&^highBits) ^ ((x ^ y) & highBits) }

// absPairs returns the absolute values of eight signed bytes, added in pairs
// into four 16-bit lanes of at most 256 each.
func absPairs(v uint64) uint64 {
	negative := v & highBits >> 7
	v = (v ^ (negative<<8 - negative)) + negative
	return v&evenByte + v>>8&evenByte
}

// sumLanes adds four 16-bit lanes, whose sum must fit 16 bits.
func sumLanes(v uint64) int { return int(v * 0x0001000100010001 >> 48) }

// paeth64 is [paeth] on eight bytes at a time.
func paeth64(left, up, corner uint64) uint64 {
	return paethLanes(left&evenByte, up&evenByte, corner&evenByte) |
		paethLanes(left>>8&evenByte, up>>8&evenByte, corner>>8&evenByte)<<8
}

// paethLanes is [paeth] on four 16-bit lanes of 8-bit values. A lane's top bit,
// set before a subtraction, keeps it from its neighbour and is then the sign.
func paethLanes(left, up, corner uint64) uint64 {
	const top, one, full = 0x8000800080008000, 0x0001000100010001, 0xffff
	// The distances of the prediction to each of the three.
	x := (up | top) - corner
	m := ^x >> 15 & one
	pa := (x ^ top ^ m*full) + m
	x = (left | top) - corner
	m = ^x >> 15 & one
	pb := (x ^ top ^ m*full) + m
	x = (left + up | top) - 2*corner
	m = ^x >> 15 & one
	pc := (x ^ top ^ m*full) + m
	isLeft := ((((pb | top) - pa) & ((pc | top) - pa)) >> 15 & one) * full
	isUp := (((pc | top) - pb) >> 15 & one) * full &^ isLeft
	return left&isLeft | up&isUp | corner&^(isLeft|isUp)
}
