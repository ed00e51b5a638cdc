// SPDX-License-Identifier: Apache-2.0

package jpeg

// block holds the coefficients of 8x8 pixels in natural order.
type block [64]int32

// unzig maps an index in zigzag order to one in natural order.
var unzig = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// prefix returns how many coefficients in zigzag order hold all that a block of
// scale x scale pixels is made of.
func prefix(scale int) int {
	switch scale {
	case 1:
		return 1
	case 2:
		return 5
	case 4:
		return 25
	}
	return 64
}

// clear zeroes the first end coefficients in zigzag order, at least.
func (b *block) clear(end int) {
	if end <= 5 {
		b[0], b[1], b[8], b[9], b[16] = 0, 0, 0, 0, 0
		return
	}
	*b = block{}
}

// level makes a pixel of a block's first coefficient.
func level(dc int32) uint8 { return clamp((dc + 4) >> 3) }

// clamp shifts a signed level to 0..255.
func clamp(v int32) uint8 {
	v += 128
	if uint32(v) > 255 {
		v = ^(v >> 31)
	}
	return uint8(v)
}

// store writes the block as scale x scale pixels. last is the index, in zigzag
// order, of the last coefficient that is not zero.
func (b *block) store(dst []byte, stride, scale, last int) {
	switch {
	case scale == 1:
		dst[0] = level(b[0])
	case scale == 8:
		b.store8(dst, stride, last)
	case last == 0:
		v := level(b[0])
		for y := range scale {
			row := dst[y*stride:][:scale]
			for x := range row {
				row[x] = v
			}
		}
	case scale == 2:
		b.store2(dst, stride)
	default:
		b.store4(dst, stride)
	}
}

// store2 is the inverse transform of two by two coefficients. Since the
// transform of length 8 is orthonormal, its first two coefficients divided by
// two are those of length 2.
func (b *block) store2(dst []byte, stride int) {
	left, right := b[0]+b[1]+4, b[0]-b[1]+4
	down, cross := b[8]+b[9], b[8]-b[9]
	dst[0], dst[1] = clamp((left+down)>>3), clamp((right+cross)>>3)
	dst = dst[stride:]
	dst[0], dst[1] = clamp((left-down)>>3), clamp((right-cross)>>3)
}

// The constants of a transform of length 4 in fixed point:
// sqrt(2)*cos(pi/8) and sqrt(2)*cos(3*pi/8).
const (
	fix4     = 12
	cos1of8  = 5352 // 1.306563
	cos3of8  = 2217 // 0.541196
	guard4   = 2    // fractional bits between the two passes
	shift4   = fix4 - guard4
	final4   = fix4 + guard4 + 3
	rounding = 1 << (final4 - 1)
)

// store4 is the inverse transform of four by four coefficients, columns first.
func (b *block) store4(dst []byte, stride int) {
	var t [16]int32
	for x := range 4 {
		x0, x1, x2, x3 := b[x], b[8+x], b[16+x], b[24+x]
		if x1|x2|x3 == 0 {
			x0 <<= guard4
			t[x], t[4+x], t[8+x], t[12+x] = x0, x0, x0, x0
			continue
		}
		e0, e1 := (x0+x2)<<fix4+1<<(shift4-1), (x0-x2)<<fix4+1<<(shift4-1)
		o0, o1 := x1*cos1of8+x3*cos3of8, x1*cos3of8-x3*cos1of8
		t[x], t[4+x] = (e0+o0)>>shift4, (e1+o1)>>shift4
		t[8+x], t[12+x] = (e1-o1)>>shift4, (e0-o0)>>shift4
	}
	for y := range 4 {
		x0, x1, x2, x3 := t[4*y], t[4*y+1], t[4*y+2], t[4*y+3]
		e0, e1 := (x0+x2)<<fix4+rounding, (x0-x2)<<fix4+rounding
		o0, o1 := x1*cos1of8+x3*cos3of8, x1*cos3of8-x3*cos1of8
		p := (*[4]uint8)(dst[y*stride:])
		p[0], p[1] = clamp((e0+o0)>>final4), clamp((e1+o1)>>final4)
		p[2], p[3] = clamp((e1-o1)>>final4), clamp((e0-o0)>>final4)
	}
}
