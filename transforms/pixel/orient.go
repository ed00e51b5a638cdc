// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/draw"
)

// orient returns the picture upright. o is the EXIF orientation, 1 to 8; m's
// bounds start at (0, 0).
func orient(m image.Image, o int) image.Image {
	if o < 2 || o > 8 {
		return m
	}
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	r := b
	if o >= 5 {
		r = image.Rect(0, 0, h, w)
	}
	turn := func(pix []uint8, stride, bytesPerPixel int) []uint8 {
		return turnPlane(pix, stride, w, h, bytesPerPixel, o)
	}
	W := r.Dx()
	switch m := m.(type) {
	case *RGB:
		return &RGB{Pix: turn(m.Pix, 3*w, 3), Width: W, Height: r.Dy()}
	case *RGB48:
		return &RGB48{Pix: turn(m.Pix, 6*w, 6), Width: W, Height: r.Dy()}
	case *image.Gray:
		return &image.Gray{Pix: turn(m.Pix, m.Stride, 1), Stride: W, Rect: r}
	case *image.Gray16:
		return &image.Gray16{Pix: turn(m.Pix, m.Stride, 2), Stride: 2 * W, Rect: r}
	case *image.NRGBA:
		return &image.NRGBA{Pix: turn(m.Pix, m.Stride, 4), Stride: 4 * W, Rect: r}
	case *image.RGBA:
		return &image.RGBA{Pix: turn(m.Pix, m.Stride, 4), Stride: 4 * W, Rect: r}
	case *image.NRGBA64:
		return &image.NRGBA64{Pix: turn(m.Pix, m.Stride, 8), Stride: 8 * W, Rect: r}
	case *image.RGBA64:
		return &image.RGBA64{Pix: turn(m.Pix, m.Stride, 8), Stride: 8 * W, Rect: r}
	case *image.CMYK:
		return &image.CMYK{Pix: turn(m.Pix, m.Stride, 4), Stride: 4 * W, Rect: r}
	case *image.Paletted:
		return &image.Paletted{Pix: turn(m.Pix, m.Stride, 1), Stride: W, Rect: r, Palette: m.Palette}
	case *image.YCbCr:
		return orientYCbCr(m, r, turn)
	}
	flat := image.NewNRGBA(b)
	draw.Draw(flat, b, m, b.Min, draw.Src)
	return orient(flat, o)
}

// orientYCbCr turns the planes. Subsampled chroma is brought to full size
// first: a turned grid of an odd size would not fall on the subsampling's.
func orientYCbCr(m *image.YCbCr, r image.Rectangle, turn func([]uint8, int, int) []uint8) *image.YCbCr {
	cb, cr := m.Cb, m.Cr
	stride := m.CStride
	if m.SubsampleRatio != image.YCbCrSubsampleRatio444 {
		cb, cr = fullChroma(m)
		stride = m.Rect.Dx()
	}
	return &image.YCbCr{
		Y: turn(m.Y, m.YStride, 1), Cb: turn(cb, stride, 1), Cr: turn(cr, stride, 1),
		YStride: r.Dx(), CStride: r.Dx(), Rect: r, SubsampleRatio: image.YCbCrSubsampleRatio444,
	}
}

// turnPlane turns w by h pixels of n bytes into the order of orientation o.
func turnPlane(src []uint8, stride, w, h, n, o int) []uint8 {
	right, down := n, stride // the steps in src for one step in the result
	base := 0
	if o == 2 || o == 3 || o == 7 || o == 8 { // columns of src run backwards
		base += (w - 1) * n
		right = -n
	}
	if o == 3 || o == 4 || o == 6 || o == 7 { // rows of src run backwards
		base += (h - 1) * stride
		down = -stride
	}
	if o >= 5 { // the result's rows are src's columns
		right, down = down, right
		w, h = h, w
	}
	dst := make([]uint8, w*h*n)
	d := 0
	for y := range h {
		s := base + y*down
		for range w {
			copy(dst[d:d+n], src[s:s+n])
			d, s = d+n, s+right
		}
	}
	return dst
}
