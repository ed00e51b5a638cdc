// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"
)

// Levels says for a gray level of a profile which level of sRGB looks like it.
type Levels struct {
	curve func(float64) float64 // from [0, 1] to [0, 1]
}

// GrayLevels reads the curve of a gray profile. Only the tone is fitted: what the
// profile says of the colour of white, or of paper and ink, is not used.
func GrayLevels(icc []byte) (Levels, error) {
	p, err := openICC(icc)
	if err != nil {
		return Levels{}, err
	}
	if p.space != "GRAY" {
		return Levels{}, fmt.Errorf("colour profile is for %q, not for gray", p.space)
	}
	curve, err := p.curve("kTRC")
	if err != nil {
		return Levels{}, err
	}
	if p.pcs == "Lab " { // the curve gives lightness
		return Levels{func(x float64) float64 { return encodeSRGB(luminance(100 * curve(x))) }}, nil
	}
	return Levels{func(x float64) float64 { return encodeSRGB(curve(x)) }}, nil
}

// Level returns the level for v; both are of 16 bits.
func (l Levels) Level(v uint16) uint16 { return uint16(math.Round(65535 * l.curve(float64(v)/65535))) }

// Gray returns m in levels of sRGB, rounded to nearest.
func (l Levels) Gray(m *image.Gray) *image.Gray {
	var table [256]uint8
	for v := range table {
		table[v] = uint8(math.Round(255 * l.curve(float64(v)/255)))
	}
	out := image.NewGray(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range m.Rect.Dy() {
		src, dst := m.Pix[y*m.Stride:][:m.Rect.Dx()], out.Pix[y*out.Stride:]
		for x, v := range src {
			dst[x] = table[v]
		}
	}
	return out
}

// Gray16 is [Levels.Gray] in 16 bits.
func (l Levels) Gray16(m *image.Gray16) *image.Gray16 {
	table := make([]uint16, 1<<16)
	for v := range table {
		table[v] = l.Level(uint16(v))
	}
	out := image.NewGray16(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range m.Rect.Dy() {
		src, dst := m.Pix[y*m.Stride:][:2*m.Rect.Dx()], out.Pix[y*out.Stride:]
		for x := 0; x < len(src); x += 2 {
			binary.BigEndian.PutUint16(dst[x:], table[binary.BigEndian.Uint16(src[x:])])
		}
	}
	return out
}

// IsSRGBGray reports whether a gray profile's levels mean what sRGB's do, to one
// level of 8 bits: pixels may stay as they are then.
func IsSRGBGray(icc []byte) bool {
	levels, err := GrayLevels(icc)
	if err != nil {
		return false
	}
	for v := range 256 {
		if d := int(levels.Level(uint16(257*v))) - 257*v; d < -257 || d > 257 {
			return false
		}
	}
	return true
}

// encodeSRGB is sRGB's curve from linear light in [0, 1].
func encodeSRGB(y float64) float64 {
	switch {
	case !(y > 0): // nor a number
		return 0
	case y >= 1:
		return 1
	case y <= 0.0031308:
		return 12.92 * y
	}
	return 1.055*math.Pow(y, 1/2.4) - 0.055
}

// luminance is CIE's Y of the lightness L*.
func luminance(l float64) float64 {
	if l <= 8 {
		return l * 27 / 24389
	}
	f := (l + 16) / 116
	return f * f * f
}
