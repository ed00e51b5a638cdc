// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"math"
)

// The rule of [HasColor].
const (
	// colorSide is how many cells a side are looked at. Their means hold little
	// of the noise of a sensor or of JPEG.
	colorSide = 64
	// samplesPerCell is how many samples a side of a cell are enough.
	samplesPerCell = 8
	// toneBands is how many steps of luma have a tone of their own.
	toneBands = 64
	// colorDistance is how far from the tone a cell has to lie, in 8-bit levels
	// of Cb and Cr.
	colorDistance = 5
	// colorShare is how many of the cells have to.
	colorShare = 0.01
)

// HasColor reports whether a picture has colours of its own, and not a tone
// alone. The tone of each luma is the mean chroma of all pixels of about that
// luma; the picture is divided into at most 64 by 64 cells, and has colour if in
// one of 100 cells the chroma lies 5 levels or more from that tone, on average
// over the cell. So a print that is toned as a whole, such as sepia or cyanotype,
// counts as gray, though its shadows are toned otherwise than its highlights, and
// so does the noise of JPEG. A stamp or a spot of colour in a gray picture may be
// missed, and very pale colours are.
//
// A reduced picture, such as [DecodeAtLeast] gives for a side of 128, has the
// same answer but for borderline cases, and costs less. Transparent parts count
// as white.
func HasColor(img image.Image) bool {
	if b := img.Bounds(); b.Empty() {
		return false
	}
	var s chromaSamples
	switch m := img.(type) {
	case *image.Gray, *image.Gray16:
		return false
	case *image.YCbCr:
		s = samplesOfYCbCr(m)
	default:
		s = samplesOfRGB(toRGB(img))
	}
	return s.colored()
}

// chromaSamples are a picture's chroma and the luma at the same places.
type chromaSamples struct {
	width, height int
	// row calls yield with luma, Cb and Cr of each sample of row y that is a
	// multiple of step, in 8-bit levels, Cb and Cr around 0.
	row func(y, step int, yield func(x int, luma uint8, cb, cr float32))
}

func samplesOfRGB(m *RGB) chromaSamples {
	return chromaSamples{m.Width, m.Height, func(y, step int, yield func(int, uint8, float32, float32)) {
		row := m.row(y)
		for x := 0; x < m.Width; x += step {
			p := row[3*x : 3*x+3 : 3*x+3]
			r, g, b := float32(p[0]), float32(p[1]), float32(p[2])
			yield(x, luma(p[0], p[1], p[2]), -0.168736*r-0.331264*g+0.5*b, 0.5*r-0.418688*g-0.081312*b)
		}
	}}
}

// samplesOfYCbCr yields each chroma sample once, with the mean luma of two of its
// pixels, opposite each other.
func samplesOfYCbCr(m *image.YCbCr) chromaSamples {
	u := newUpsampler(m)
	right, bottom := m.Rect.Dx()-1, m.Rect.Dy()-1
	return chromaSamples{u.cw, u.ch, func(y, step int, yield func(int, uint8, float32, float32)) {
		top, below := m.Y[y*u.sy*m.YStride:], m.Y[min(y*u.sy+u.sy-1, bottom)*m.YStride:]
		cb, cr := m.Cb[y*m.CStride:], m.Cr[y*m.CStride:]
		for x := 0; x < u.cw; x += step {
			mean := (int(top[x*u.sx]) + int(below[min(x*u.sx+u.sx-1, right)])) / 2
			yield(x, uint8(mean), float32(cb[x])-128, float32(cr[x])-128)
		}
	}}
}

// tone is the mean chroma of a band of luma.
type tone struct{ n, cb, cr float64 }

func (t *tone) add(cb, cr float32) {
	t.n++
	t.cb += float64(cb)
	t.cr += float64(cr)
}

// mean returns the tone without its count.
func (t *tone) mean() (cb, cr float32) {
	if t.n == 0 {
		return 0, 0
	}
	return float32(t.cb / t.n), float32(t.cr / t.n)
}

// colored counts the cells whose chroma lies off the tone of their lumas.
func (s chromaSamples) colored() bool {
	var tones [toneBands]tone
	step := max(1, max(s.width, s.height)/(colorSide*samplesPerCell))
	for y := 0; y < s.height; y += step {
		s.row(y, step, func(_ int, luma uint8, cb, cr float32) { tones[int(luma)*toneBands/256].add(cb, cr) })
	}
	var toneCb, toneCr [toneBands]float32
	for i := range tones {
		toneCb[i], toneCr[i] = tones[i].mean()
	}
	across, down := min(s.width, colorSide), min(s.height, colorSide)
	column := make([]int, s.width)
	for x := range column {
		column[x] = x * across / s.width
	}
	cells := make([]tone, across*down)
	for y := 0; y < s.height; y += step {
		row := cells[y*down/s.height*across:][:across]
		s.row(y, step, func(x int, luma uint8, cb, cr float32) {
			band := int(luma) * toneBands / 256
			row[column[x]].add(cb-toneCb[band], cr-toneCr[band])
		})
	}
	far, seen := 0, 0
	for i := range cells {
		c := &cells[i]
		if c.n > 0 { // a flat picture's samples may pass over some
			seen++
		}
		if cb, cr := c.mean(); math.Hypot(float64(cb), float64(cr)) >= colorDistance {
			far++
		}
	}
	return float64(far) >= max(1, colorShare*float64(seen))
}
