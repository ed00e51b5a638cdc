// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math/bits"
	"slices"
)

// PerceptualHash returns 64 bits that change little where a picture changes
// little: by scaling, compression, brightness or contrast. It averages the
// ITU-R 601 luma down to 32x32, takes its cosine transform and sets bit k where
// the k-th of the 64 lowest frequencies, the constant one left out, is above
// their median. Compare hashes with [HashDistance]. A picture of one colour
// gives 0.
//
// All of it is integer arithmetic: the hash is the same on every platform. It
// costs one pass over the pixels and about 50 microseconds. It panics if r is
// empty.
func PerceptualHash(r *RGB) uint64 {
	if r.Width < 1 || r.Height < 1 {
		panic("pixel: hashing an empty picture")
	}
	var c [64]int64
	lowFrequencies(&c, averageLuma(r))
	sorted := c
	slices.Sort(sorted[:])
	twiceMedian := sorted[31] + sorted[32]
	var hash uint64
	for k, v := range c {
		if 2*v > twiceMedian {
			hash |= 1 << k
		}
	}
	return hash
}

// HashDistance returns the number of bits, 0 to 64, in which two hashes of
// [PerceptualHash] differ: about 32 for unrelated pictures, and up to 6 or so
// for one picture in two sizes or qualities.
func HashDistance(a, b uint64) int { return bits.OnesCount64(a ^ b) }

const hashSide = 32

// averageLuma returns the mean luma over each cell of a 32x32 grid, in units of
// 1/256. Pixels on a border count for each cell by the part that lies in it.
func averageLuma(r *RGB) *[hashSide][hashSide]int64 {
	var sums [hashSide][hashSide]int64
	for y := range r.Height {
		// In units of which 32 make a pixel, a cell is Width wide and Height high.
		line := averageLine(r.row(y), r.Width)
		for at := y * hashSide; at < (y+1)*hashSide; {
			cell := at / r.Height
			end := min((cell+1)*r.Height, (y+1)*hashSide)
			for i, v := range line {
				sums[cell][i] += int64(end-at) * v
			}
			at = end
		}
	}
	area := int64(r.Width) * int64(r.Height)
	for y := range sums {
		for x, v := range sums[y] {
			sums[y][x] = (v*256 + area/2) / area
		}
	}
	return &sums
}

// averageLine adds one row's luma into cells, weighted in 1/32 of a pixel.
func averageLine(row []uint8, width int) (line [hashSide]int64) {
	cell, end := 0, width
	for x := range width {
		p := row[3*x : 3*x+3 : 3*x+3]
		v := int64(luma(p[0], p[1], p[2]))
		at, stop := x*hashSide, (x+1)*hashSide
		for end < stop {
			line[cell] += int64(end-at) * v
			at = end
			cell++
			end += width
		}
		line[cell] += int64(stop-at) * v
	}
	return line
}

// hashFrequencies is how many frequencies a side the 64 lowest ones reach into.
const hashFrequencies = 11

// lowFrequencies takes the orthonormal two-dimensional cosine transform, but
// for a constant factor, and keeps the 64 lowest frequencies without the
// constant one: diagonal by diagonal, each from its vertical end.
func lowFrequencies(c *[64]int64, m *[hashSide][hashSide]int64) {
	var basis [hashFrequencies][hashSide]int64
	for u := range basis {
		for x := range basis[u] {
			basis[u][x] = cosine((2*x + 1) * u)
		}
	}
	for x := range basis[0] {
		basis[0][x] = 11585 // over the root of 2
	}
	var half [hashFrequencies][hashSide]int64 // by frequency along x, then by row
	for u := range half {
		for y := range half[u] {
			for x, v := range m[y] {
				half[u][y] += basis[u][x] * v
			}
		}
	}
	k := 0
	for diagonal := 1; k < len(c); diagonal++ {
		for u := 0; u <= diagonal && k < len(c); u++ {
			for y, v := range half[u] {
				c[k] += basis[diagonal-u][y] * v
			}
			k++
		}
	}
}

// cosine returns the cosine of k*pi/64 times 1<<14, rounded to nearest.
func cosine(k int) int64 {
	quarter := [33]int64{
		16384, 16364, 16305, 16207, 16069, 15893, 15679, 15426, 15137, 14811, 14449,
		14053, 13623, 13160, 12665, 12140, 11585, 11003, 10394, 9760, 9102, 8423,
		7723, 7005, 6270, 5520, 4756, 3981, 3196, 2404, 1606, 804, 0,
	}
	k %= 128
	if k > 64 {
		k = 128 - k
	}
	if k > 32 {
		return -quarter[64-k]
	}
	return quarter[k]
}
