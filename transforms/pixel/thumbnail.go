// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/color"

	"github.com/disintegration/imaging"
)

// manyPixels is how many pixels a side become one where their plain mean is as
// good as a filter, and several times faster.
const manyPixels = 4

// Thumbnail scales m down until its longer side has at most longest pixels, at
// least 1, and never up. Proportions stay, but no side goes below a pixel;
// transparent parts stay transparent. An empty picture gives an empty one.
//
// Unlike those of [Resize] its bytes may differ between platforms: it is for
// pages and previews, not for data sets. It takes little memory, whatever the
// size of m.
func Thumbnail(m image.Image, longest int) image.Image {
	b := m.Bounds()
	if b.Empty() {
		return &image.NRGBA{}
	}
	w, h, filter := b.Dx(), b.Dy(), imaging.Lanczos
	if longer := max(w, h); longer > longest {
		w, h = max(1, w*longest/longer), max(1, h*longest/longer)
		if longer > manyPixels*longest {
			filter = imaging.Box
		}
	}
	switch p := m.(type) {
	case *image.Paletted:
		m = withWholePalette(p)
	case *RGB:
		m = p.narrowed(w, filter)
	case *RGB48:
		m = toRGB(p).narrowed(w, filter)
	}
	return imaging.Resize(m, w, h, filter)
}

// narrowed returns r at another width, strip by strip: the library would ask for
// each pixel of an RGB by itself.
func (r *RGB) narrowed(w int, filter imaging.ResampleFilter) *image.NRGBA {
	const rows = 64
	out := image.NewNRGBA(image.Rect(0, 0, w, r.Height))
	strip := image.NewNRGBA(image.Rect(0, 0, r.Width, rows))
	for top := 0; top < r.Height; top += rows {
		strip.Rect.Max.Y = min(rows, r.Height-top)
		for i := range r.Width * strip.Rect.Dy() {
			s, d := r.Pix[3*(top*r.Width+i):][:3:3], strip.Pix[4*i:][:4:4]
			d[0], d[1], d[2], d[3] = s[0], s[1], s[2], 255
		}
		copy(out.Pix[top*out.Stride:], imaging.Resize(strip, w, strip.Rect.Dy(), filter).Pix)
	}
	return out
}

// withWholePalette returns m with a color for every index: damaged files hold
// some that their palette lacks, which are black as in [Picture.RGB].
func withWholePalette(m *image.Paletted) *image.Paletted {
	whole := *m
	whole.Palette = make(color.Palette, 256)
	for i := copy(whole.Palette, m.Palette); i < len(whole.Palette); i++ {
		whole.Palette[i] = color.NRGBA{A: 255}
	}
	return &whole
}
