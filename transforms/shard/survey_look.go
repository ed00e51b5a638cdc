// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"image"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// look is what decoding one sample tells.
type look struct {
	bytes         int64
	width, height int // the source's
	pixels        int64
	rgb           [3]int64
	luma          [64]int64
	colorfulness  float64
	hash          uint64
	hashed        bool
}

// lookAt decodes both pictures of a sample, whose headers have been checked,
// and compares gray with the formula of colour.
func lookAt(s Sample, formula pixel.Formula, size int, hash bool) (*look, error) {
	lim := pixel.Limits{MaxPixels: int64(size) * int64(size)}
	color, err := pixel.Decode(s.Color, lim)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", colorSuffix, err)
	}
	gray, err := pixel.Decode(s.Gray, lim)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", graySuffix, err)
	}
	rgb, got := color.RGB(), gray.Gray()
	if formula.Validate() == nil { // a description's unknown formula is a problem of its own
		if err := samePair(got, rgb.Gray(formula), formula); err != nil {
			return nil, err
		}
	}
	l := &look{
		bytes: int64(len(s.Color) + len(s.Gray)), width: s.Meta.Width, height: s.Meta.Height,
		pixels: int64(rgb.Width) * int64(rgb.Height), colorfulness: pixel.Colorfulness(rgb),
	}
	for i := 0; i+2 < len(rgb.Pix); i += 3 {
		l.rgb[0] += int64(rgb.Pix[i])
		l.rgb[1] += int64(rgb.Pix[i+1])
		l.rgb[2] += int64(rgb.Pix[i+2])
	}
	for y := range rgb.Height {
		for _, v := range got.Pix[y*got.Stride:][:rgb.Width] {
			l.luma[v>>2]++
		}
	}
	if hash {
		l.hash, l.hashed = pixel.PerceptualHash(rgb), true
	}
	return l, nil
}

// samePair returns in how far a gray picture is not what the formula makes of
// its colour picture.
func samePair(got, want *image.Gray, formula pixel.Formula) error {
	if got.Rect != want.Rect {
		return fmt.Errorf("%s: it must have the size of %s, %v, got %v", graySuffix, colorSuffix, want.Rect.Size(), got.Rect.Size())
	}
	differ, worst := 0, 0
	w, h := want.Rect.Dx(), want.Rect.Dy()
	for y := range h {
		a, b := got.Pix[y*got.Stride:][:w], want.Pix[y*want.Stride:][:w]
		for x, v := range a {
			if d := max(int(v)-int(b[x]), int(b[x])-int(v)); d > 0 {
				differ, worst = differ+1, max(worst, d)
			}
		}
	}
	if differ > 0 {
		return fmt.Errorf("%s: %d of %d pixels are not the %s of %s, by up to %d levels",
			graySuffix, differ, w*h, formula, colorSuffix, worst)
	}
	return nil
}
