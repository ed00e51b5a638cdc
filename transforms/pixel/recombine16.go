// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"image"
)

// level16 is how many 16-bit levels there are to one of 8 bits, in whose units
// chroma is.
const level16 = 257

// RecombineRGB16 is [RecombineRGB] for a luma of 16 bits: the luma of the result
// differs from the given one by at most 1 of 65,535 (rounding). It panics if c
// is empty.
func RecombineRGB16(luma *image.Gray16, c Chroma) *RGB48 {
	out := NewRGB48(luma.Rect.Dx(), luma.Rect.Dy())
	up := newStretcher(c, out.Width, out.Height)
	for y := range out.Height {
		cb, cr := up.row(y)
		recombineRow16(out.row(y), luma.Pix[y*luma.Stride:][:2*out.Width], cb, cr)
	}
	return out
}

// recombineRow16 works in float64: the coefficients for red and green do not sum
// up to 0 exactly, and a level is 1 of 65,535 here. So green takes what is left
// of the luma.
func recombineRow16(dst, ys []uint8, cbs, crs []float32) {
	const red, green, blue = 19595.0 / 65536, 38470.0 / 65536, 7471.0 / 65536
	for x, cb := range cbs[:len(ys)/2] {
		v := binary.BigEndian.Uint16(ys[2*x:])
		y := float64(v) / level16
		r, b := redCr*float64(crs[x]), blueCb*float64(cb)
		g := -(red*r + blue*b) / green
		t := fit(y, r, g, b)
		p := dst[6*x : 6*x+6 : 6*x+6]
		for i, d := range [3]float64{r, g, b} {
			binary.BigEndian.PutUint16(p[2*i:], clamp16(float64(v)+level16*d*t))
		}
	}
}

// fit is [gamutScale] for one luma, in float64.
func fit(y, r, g, b float64) float64 {
	t := 1.0
	for _, d := range [3]float64{r, g, b} {
		if d*t > maxLevel-y {
			t = (maxLevel - y) / d
		} else if -d*t > y {
			t = y / -d
		}
	}
	return t
}

// clamp16 rounds to nearest.
func clamp16(v float64) uint16 { return uint16(min(max(v+0.5, 0), 65535)) }
