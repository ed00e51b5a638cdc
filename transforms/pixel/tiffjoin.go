// SPDX-License-Identifier: Apache-2.0

package pixel

import "image"

// joinedBlocks is a picture that is put together of decoded blocks. add is false
// for a block that does not fit to the others.
type joinedBlocks interface {
	add(m image.Image, x, y int) bool
	image() image.Image
}

// newJoinedBlocks returns an empty picture of m's kind.
func newJoinedBlocks(m image.Image, w, h int) joinedBlocks {
	r := image.Rect(0, 0, w, h)
	switch m := m.(type) {
	case *image.Gray:
		return grayBlocks{image.NewGray(r)}
	case *image.YCbCr:
		return ycbcrBlocks{image.NewYCbCr(r, m.SubsampleRatio)}
	case *image.RGBA:
		return rgbBlocks{NewRGB(w, h)}
	}
	return nil
}

type grayBlocks struct{ m *image.Gray }

func (g grayBlocks) image() image.Image { return g.m }

func (g grayBlocks) add(m image.Image, x, y int) bool {
	b, ok := m.(*image.Gray)
	if ok {
		w, h := min(b.Rect.Dx(), g.m.Rect.Dx()-x), min(b.Rect.Dy(), g.m.Rect.Dy()-y)
		copyPlane(g.m.Pix[y*g.m.Stride+x:], g.m.Stride, b.Pix, b.Stride, w, h)
	}
	return ok
}

// copyPlane copies rows of n bytes.
func copyPlane(dst []uint8, dstStride int, src []uint8, srcStride, n, rows int) {
	for y := range rows {
		copy(dst[y*dstStride:][:n], src[y*srcStride:][:n])
	}
}

type rgbBlocks struct{ m *RGB }

func (r rgbBlocks) image() image.Image { return r.m }

func (r rgbBlocks) add(m image.Image, x, y int) bool {
	b, ok := m.(*image.RGBA)
	if !ok {
		return false
	}
	n := min(b.Rect.Dx(), r.m.Width-x)
	for j := range min(b.Rect.Dy(), r.m.Height-y) {
		White().rgbaRow(r.m.row(y + j)[3*x:], b.Pix[j*b.Stride:][:4*n])
	}
	return true
}

type ycbcrBlocks struct{ m *image.YCbCr }

func (c ycbcrBlocks) image() image.Image { return c.m }

func (c ycbcrBlocks) add(m image.Image, x, y int) bool {
	b, ok := m.(*image.YCbCr)
	u := newUpsampler(c.m)
	if !ok || b.SubsampleRatio != c.m.SubsampleRatio || x%u.sx != 0 || y%u.sy != 0 {
		return false
	}
	w, h := min(b.Rect.Dx(), c.m.Rect.Dx()-x), min(b.Rect.Dy(), c.m.Rect.Dy()-y)
	copyPlane(c.m.Y[y*c.m.YStride+x:], c.m.YStride, b.Y, b.YStride, w, h)
	at, cw, ch := y/u.sy*c.m.CStride+x/u.sx, (w+u.sx-1)/u.sx, (h+u.sy-1)/u.sy
	copyPlane(c.m.Cb[at:], c.m.CStride, b.Cb, b.CStride, cw, ch)
	copyPlane(c.m.Cr[at:], c.m.CStride, b.Cr, b.CStride, cw, ch)
	return true
}
