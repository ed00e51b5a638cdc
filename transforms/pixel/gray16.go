// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"image"
	"image/color"
)

// Gray16 returns the ITU-R 601 luma in 16 bits. Of a 16-bit gray picture it is
// the picture itself, not a copy; of another 16-bit picture it is computed from
// all bits, with transparent parts on white; an 8-bit picture's luma is repeated
// in the low byte, so that white stays white.
func (p *Picture) Gray16() *image.Gray16 {
	out := image.NewGray16(image.Rect(0, 0, p.Width, p.Height))
	switch m := p.Image.(type) {
	case *image.Gray16:
		return m
	case *image.NRGBA64:
		eachRow16(out, m.Pix, m.Stride, nrgba64Luma)
	case *image.RGBA64:
		eachRow16(out, m.Pix, m.Stride, rgba64Luma)
	case *RGB48:
		return m.Luma()
	default:
		luma := p.Gray()
		for y := range p.Height {
			src, dst := luma.Pix[y*luma.Stride:][:p.Width], out.Pix[y*out.Stride:][:2*p.Width]
			for x, v := range src {
				dst[2*x], dst[2*x+1] = v, v
			}
		}
	}
	return out
}

// eachRow16 calls luma for each pixel of 8 bytes.
func eachRow16(out *image.Gray16, pix []uint8, stride int, luma func(p []uint8) uint16) {
	for y := range out.Rect.Dy() {
		src, dst := pix[y*stride:], out.Pix[y*out.Stride:][:2*out.Rect.Dx()]
		for x := range out.Rect.Dx() {
			binary.BigEndian.PutUint16(dst[2*x:], luma(src[8*x:8*x+8:8*x+8]))
		}
	}
}

// luma16 is [luma] of 16-bit values; their products with the weights fit 32
// bits.
func luma16(r, g, b uint32) uint16 { return uint16((r*19595 + g*38470 + b*7471 + 0x8000) >> 16) }

func nrgba64Luma(p []uint8) uint16 {
	r, g, b, a := channels16(p)
	if a != 0xffff {
		r, g, b = over16(r, a), over16(g, a), over16(b, a)
	}
	return luma16(r, g, b)
}

// over16 composites a straight-alpha value on white.
func over16(v, a uint32) uint32 {
	return uint32((uint64(v)*uint64(a) + 0xffff*uint64(0xffff-a)) / 0xffff)
}

func rgba64Luma(p []uint8) uint16 {
	r, g, b, a := channels16(p)
	white := 0xffff - a
	return luma16(min(r+white, 0xffff), min(g+white, 0xffff), min(b+white, 0xffff))
}

func channels16(p []uint8) (r, g, b, a uint32) {
	be := binary.BigEndian
	return uint32(be.Uint16(p)), uint32(be.Uint16(p[2:])), uint32(be.Uint16(p[4:])), uint32(be.Uint16(p[6:]))
}

// Reduce8 returns the high bytes of a 16-bit luma, which is what
// [Picture.Gray] gives of such a picture.
func Reduce8(m *image.Gray16) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range out.Rect.Dy() {
		src, dst := m.Pix[y*m.Stride:][:2*out.Rect.Dx()], out.Pix[y*out.Stride:][:out.Rect.Dx()]
		for x := range dst {
			dst[x] = src[2*x]
		}
	}
	return out
}

// RGB48 is an opaque picture of 16-bit sRGB values, packed 6 bytes a pixel, row
// after row without padding. It implements [image.Image].
type RGB48 struct {
	// Pix holds R, G, B of the pixel (x, y), high bytes first, from index
	// 6*(y*Width+x) on.
	Pix           []uint8
	Width, Height int
}

// NewRGB48 returns a black picture of the given size.
func NewRGB48(width, height int) *RGB48 {
	return &RGB48{Pix: make([]uint8, 6*width*height), Width: width, Height: height}
}

// ColorModel returns [color.RGBA64Model].
func (r *RGB48) ColorModel() color.Model { return color.RGBA64Model }

// Bounds returns the rectangle from (0, 0) to (Width, Height).
func (r *RGB48) Bounds() image.Rectangle { return image.Rect(0, 0, r.Width, r.Height) }

// Opaque returns true.
func (r *RGB48) Opaque() bool { return true }

// At returns the opaque colour at (x, y), and transparent black outside of the
// picture.
func (r *RGB48) At(x, y int) color.Color {
	if x < 0 || y < 0 || x >= r.Width || y >= r.Height {
		return color.RGBA64{}
	}
	p, be := r.Pix[6*(y*r.Width+x):], binary.BigEndian
	return color.RGBA64{R: be.Uint16(p), G: be.Uint16(p[2:]), B: be.Uint16(p[4:]), A: 0xffff}
}

// row returns the 6*Width bytes of row y.
func (r *RGB48) row(y int) []uint8 { return r.Pix[6*y*r.Width : 6*(y+1)*r.Width] }

// Luma returns the ITU-R 601 luma of each pixel in 16 bits.
func (r *RGB48) Luma() *image.Gray16 {
	out, be := image.NewGray16(r.Bounds()), binary.BigEndian
	for i := range r.Width * r.Height {
		p := r.Pix[6*i : 6*i+6 : 6*i+6]
		be.PutUint16(out.Pix[2*i:], luma16(uint32(be.Uint16(p)), uint32(be.Uint16(p[2:])), uint32(be.Uint16(p[4:]))))
	}
	return out
}
