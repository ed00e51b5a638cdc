// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"
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
	in := raster{pix: m.Pix, stride: m.Stride, width: m.Rect.Dx(), height: m.Rect.Dy(), channels: 1}
	return FilterLanczos.resample(in.reduced(w, h), w, h).pix, w
}
