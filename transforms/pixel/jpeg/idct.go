// SPDX-License-Identifier: Apache-2.0

package jpeg

// The transform of 8x8 is that of Loeffler, Ligtenberg and Moschytz, "Practical
// fast 1-D DCT algorithms with 11 multiplications" (ICASSP 1989). Its steps
// round where those of Go's image/jpeg do, so that pixels are the same ones.

// Factors in fixed point; the number is the bits behind the point.
const (
	invSqrt2At8  = 181
	invSqrt2At14 = 11585
	cos1At12     = 4017
	sin1At12     = 799
	cos3At12     = 3406
	sin3At12     = 2276
	cos6At12     = 1108 // cos(6 pi/16) / sqrt(2)
	sin6At12     = 2676 // sin(6 pi/16) / sqrt(2)
	cos6At18     = 70936
	sin6At18     = 171254
)

// rotate returns x*cos - y*sin and x*sin + y*cos.
func rotate(x, y, cos, sin int32) (u, v int32) {
	return x*cos - y*sin, x*sin + y*cos
}

// store8 writes the block at full size; it overwrites the coefficients.
func (b *block) store8(dst []byte, stride, last int) {
	if last == 0 {
		v := clamp((b[0]<<17 + 1<<19) >> 20)
		for y := range 8 {
			*(*[8]uint8)(dst[y*stride:]) = [8]uint8{v, v, v, v, v, v, v, v}
		}
		return
	}
	rows := 8
	if last < 10 {
		rows = 4 // indices 0 to 9 are the upper left triangle
	}
	for y := range rows {
		inverseRow((*[8]int32)(b[8*y:]))
	}
	var tile [64]uint8
	for x := range 8 {
		if rows == 4 {
			b.inverseHalfColumn(x, &tile)
		} else {
			b.inverseColumn(x, &tile)
		}
	}
	for y := range 8 {
		*(*[8]uint8)(dst[y*stride:]) = [8]uint8(tile[8*y:])
	}
}

// inverseRow has 20 fractional bits in its results.
func inverseRow(x *[8]int32) {
	x0, x1, x2, x3, x4, x5, x6, x7 := x[0], x[4], x[2], x[6], x[7], x[3], x[5], x[1]
	if x1|x2|x3|x4|x5|x6|x7 == 0 {
		if x0 != 0 {
			x0 <<= 17
			*x = [8]int32{x0, x0, x0, x0, x0, x0, x0, x0}
		}
		return
	}
	x0, x1 = (x0+x1)<<17, (x0-x1)<<17
	x2, x3 = rotate(x2, x3, cos6At18, sin6At18)
	x1, x2 = x1+x2, x1-x2
	x0, x3 = x0+x3, x0-x3

	x7, x4 = (x7+x4)<<7, (x7-x4)<<7
	x6 *= invSqrt2At8
	x5 *= invSqrt2At8
	x7, x5 = x7+x5, x7-x5
	x4, x6 = x4+x6, x4-x6
	x4, x7 = rotate(x4>>2, x7>>2, cos3At12, sin3At12)
	x5, x6 = rotate(x5>>2, x6>>2, cos1At12, sin1At12)

	*x = [8]int32{x0 + x7, x1 + x6, x2 + x5, x3 + x4, x3 - x4, x2 - x5, x1 - x6, x0 - x7}
}

// inverseColumn makes a column of pixels of what inverseRow gives.
func (b *block) inverseColumn(x int, tile *[64]uint8) {
	x &= 7
	x0, x7, x2, x5 := b[x]+1<<19, b[8+x], b[16+x], b[24+x]
	x1, x6, x3, x4 := b[32+x], b[40+x], b[48+x], b[56+x]

	x0, x1 = (x0+x1)>>2, (x0-x1)>>2
	x2, x3 = rotate(x2>>13, x3>>13, cos6At12, sin6At12)
	x1, x2 = x1+x2, x1-x2
	x0, x3 = x0+x3, x0-x3

	x7, x4 = x7+x4, x7-x4
	x5 = (x5 >> 13) * invSqrt2At14
	x6 = (x6 >> 13) * invSqrt2At14
	x7, x5 = x7+x5, x7-x5
	x4, x6 = x4+x6, x4-x6
	x4, x7 = rotate(x4>>14, x7>>14, cos3At12, sin3At12)
	x5, x6 = rotate(x5>>14, x6>>14, cos1At12, sin1At12)

	tile[x], tile[8+x] = clamp((x0+x7)>>18), clamp((x1+x6)>>18)
	tile[16+x], tile[24+x] = clamp((x2+x5)>>18), clamp((x3+x4)>>18)
	tile[32+x], tile[40+x] = clamp((x3-x4)>>18), clamp((x2-x5)>>18)
	tile[48+x], tile[56+x] = clamp((x1-x6)>>18), clamp((x0-x7)>>18)
}

// inverseHalfColumn is inverseColumn where the lower four numbers are zero.
func (b *block) inverseHalfColumn(x int, tile *[64]uint8) {
	x &= 7
	x0, x7, x2, x5 := (b[x]+1<<19)>>2, b[8+x], b[16+x]>>13, b[24+x]

	x2, x3 := x2*cos6At12, x2*sin6At12
	x1, x2 := x0+x2, x0-x2
	x0, x3 = x0+x3, x0-x3

	x4, x6 := x7>>14, x7
	x5 = (x5 >> 13) * invSqrt2At14
	x7, x5 = x7+x5, x6-x5
	x6 = x4
	x4, x7 = rotate(x4, x7>>14, cos3At12, sin3At12)
	x5, x6 = rotate(x5>>14, x6, cos1At12, sin1At12)

	tile[x], tile[8+x] = clamp((x0+x7)>>18), clamp((x1+x6)>>18)
	tile[16+x], tile[24+x] = clamp((x2+x5)>>18), clamp((x3+x4)>>18)
	tile[32+x], tile[40+x] = clamp((x3-x4)>>18), clamp((x2-x5)>>18)
	tile[48+x], tile[56+x] = clamp((x1-x6)>>18), clamp((x0-x7)>>18)
}
