// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"

	"github.com/disintegration/imaging"
)

// Letterbox says which part of a network's square input a picture fills: the
// rectangle of Width by Height at (Left, Top). The rest are reflections.
type Letterbox struct {
	Size, Left, Top, Width, Height int
}

// newLetterbox fits w by h pixels into a square, whole and centred.
func newLetterbox(w, h, size int) Letterbox {
	box := Letterbox{Size: size, Width: size, Height: size}
	switch {
	case w > h:
		box.Height = max(1, (h*size+w/2)/w)
	case h > w:
		box.Width = max(1, (w*size+h/2)/h)
	}
	box.Left, box.Top = (size-box.Width)/2, (size-box.Height)/2
	return box
}

// FitLetterbox scales luma so that its longer side is size, and returns the
// size by size plane that the network reads, row after row in [-1, 1], with
// reflections where the picture does not reach. It panics if luma is empty or
// size is below 1.
func FitLetterbox(luma *image.Gray, size int) (plane []float32, box Letterbox) {
	w, h := luma.Rect.Dx(), luma.Rect.Dy()
	if size < 1 || w < 1 || h < 1 {
		panic(fmt.Sprintf("pixel: fitting %dx%d pixels into size %d", w, h, size))
	}
	box = newLetterbox(w, h, size)
	pix, stride := resizeGray(luma, box.Width, box.Height)
	var scale [256]float32
	for i := range scale {
		scale[i] = float32(i)/127.5 - 1
	}
	column := make([]int, size)
	for x := range column {
		column[x] = reflect(x-box.Left, box.Width)
	}
	plane = make([]float32, size*size)
	for y := range size {
		src, dst := pix[reflect(y-box.Top, box.Height)*stride:], plane[y*size:(y+1)*size]
		for x, s := range column {
			dst[x] = scale[src[s]]
		}
	}
	return plane, box
}

// resizeGray returns w by h gray pixels and their stride.
func resizeGray(m *image.Gray, w, h int) ([]uint8, int) {
	if m.Rect.Dx() == w && m.Rect.Dy() == h {
		return m.Pix, m.Stride
	}
	if f := min(m.Rect.Dx()/w, m.Rect.Dy()/h) / reduceGap; f > 1 {
		m = boxReduce(m, f)
	}
	resized := imaging.Resize(m, w, h, imaging.Lanczos)
	out := make([]uint8, w*h)
	for y := range h {
		row := resized.Pix[y*resized.Stride:]
		for x := range w {
			out[y*w+x] = row[4*x]
		}
	}
	return out, w
}

// reduceGap is how much a picture stays above its goal when whole blocks are
// averaged first: a 12-megapixel picture costs a tenth of the time then, and
// at 3 (Pillow's safest reducing_gap) no eye tells the difference.
const reduceGap = 3

// boxReduce averages blocks of about f by f pixels. Where f does not divide
// the picture, some blocks are one pixel larger, so that together they cover
// it exactly: blocks cut at the edge would shift everything.
func boxReduce(m *image.Gray, f int) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w/f, h/f))
	sums := make([]uint32, out.Stride)
	ends := make([]int, out.Stride)
	for x := range ends {
		ends[x] = (x + 1) * w / len(ends)
	}
	top := 0
	for y := range out.Rect.Dy() {
		bottom := (y + 1) * h / out.Rect.Dy()
		clear(sums)
		for j := top; j < bottom; j++ {
			row, from := m.Pix[j*m.Stride:][:w], 0
			for x, to := range ends {
				var s uint32
				for _, v := range row[from:to] {
					s += uint32(v)
				}
				sums[x] += s
				from = to
			}
		}
		dst, from := out.Pix[y*out.Stride:], 0
		for x, to := range ends {
			n := uint32((bottom - top) * (to - from))
			dst[x] = uint8((sums[x] + n/2) / n)
			from = to
		}
		top = bottom
	}
	return out
}
