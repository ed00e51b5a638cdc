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

// boxReduce averages blocks of f by f pixels; blocks at the right and lower
// edge average what is there.
func boxReduce(m *image.Gray, f int) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, (w+f-1)/f, (h+f-1)/f))
	sums := make([]uint32, out.Stride)
	for y := range out.Rect.Dy() {
		clear(sums)
		rows := min(f, h-y*f)
		for j := range rows {
			row := m.Pix[(y*f+j)*m.Stride:][:w]
			for x := range sums {
				block := row[x*f : min(w, (x+1)*f)]
				var s uint32
				for _, v := range block {
					s += uint32(v)
				}
				sums[x] += s
			}
		}
		dst := out.Pix[y*out.Stride:]
		for x, s := range sums {
			n := uint32(rows * min(f, w-x*f)) //nolint:gosec // f*f is far below 1<<32
			dst[x] = uint8((s + n/2) / n)     //nolint:gosec // a mean of bytes is a byte
		}
	}
	return out
}
