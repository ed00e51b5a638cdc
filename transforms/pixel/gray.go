// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"
	"math"
)

// Formula says how a colour becomes gray.
type Formula string

// The formulas for gray.
const (
	// Formula601 is the luma of ITU-R BT.601, as in JPEG: 0.299 R + 0.587 G +
	// 0.114 B of the sRGB values, rounded as Pillow does for mode "L". It is what
	// an empty formula means.
	Formula601 Formula = "itu-r-601"
	// Formula709 is the luma of ITU-R BT.709: 0.2126 R + 0.7152 G + 0.0722 B of
	// the sRGB values, rounded to nearest in 16-bit fixed point.
	Formula709 Formula = "itu-r-709"
	// FormulaLightness is CIELAB's L* of the colour (see [ToLab]) times 2.55,
	// rounded to nearest: equal steps look equally large.
	FormulaLightness Formula = "cie-lightness"
)

// Validate answers an unknown name with an error.
func (f Formula) Validate() error {
	switch f {
	case Formula601, Formula709, FormulaLightness:
		return nil
	}
	return fmt.Errorf("gray formula must be %q, %q or %q, got %q", Formula601, Formula709, FormulaLightness, string(f))
}

// Gray returns r in gray by the formula; an empty one is [Formula601]. Gray
// pixels keep their value with the two lumas. It panics on an unknown formula,
// which is the caller's to check. The result is the same on every platform.
func (r *RGB) Gray(f Formula) *image.Gray {
	switch f {
	case Formula601, "":
		return r.Luma()
	case Formula709:
		return r.luma709()
	case FormulaLightness:
		return r.lightness()
	}
	panic(fmt.Sprintf("pixel: unknown gray formula %q", string(f)))
}

func (r *RGB) luma709() *image.Gray {
	out := image.NewGray(r.Bounds())
	pix := r.Pix
	for i := range out.Pix {
		p := pix[3*i : 3*i+3 : 3*i+3]
		out.Pix[i] = uint8((uint32(p[0])*13933 + uint32(p[1])*46871 + uint32(p[2])*4732 + 0x8000) >> 16)
	}
	return out
}

func (r *RGB) lightness() *image.Gray {
	out := image.NewGray(r.Bounds())
	pix, t := r.Pix, &lightnessTable
	for i := range out.Pix {
		p := pix[3*i : 3*i+3 : 3*i+3]
		y := t.red[p[0]] + t.green[p[1]] + t.blue[p[2]]
		level := t.level[min(y>>lightnessShift, lightnessBins-1)]
		if y >= t.above[level] {
			level++
		}
		out.Pix[i] = level
	}
	return out
}

const (
	lightnessOne   = 1 << 30 // the luminance of white
	lightnessShift = 18
	lightnessBins  = lightnessOne >> lightnessShift
)

// lightnessTable finds the rounded L* of a luminance Y without a cube root. Y
// is in units of 1/lightnessOne. No entry lies so near to a tie that the last
// bit of a platform's mathematics could tell.
var lightnessTable = func() (t struct {
	red, green, blue [256]uint32          // what each level adds to Y
	level            [lightnessBins]uint8 // of the least Y in each bin; no bin holds three levels
	above            [256]uint32          // the least Y of the next level
}) {
	for i, v := range linear {
		t.red[i] = uint32(math.Round(0.212671 * v * lightnessOne))
		t.green[i] = uint32(math.Round(0.715160 * v * lightnessOne))
		t.blue[i] = uint32(math.Round(0.072169 * v * lightnessOne))
	}
	for i := range t.above {
		f := ((float64(i)+0.5)/2.55 + 16) / 116
		y := f * f * f
		if y <= 0.008856 {
			y = (f - 16.0/116) / 7.787
		}
		t.above[i] = uint32(math.Ceil(y * lightnessOne))
	}
	level := uint8(0)
	for i := range t.level {
		for uint32(i)<<lightnessShift >= t.above[level] {
			level++
		}
		t.level[i] = level
	}
	return t
}()
