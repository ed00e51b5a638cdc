// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/color"
)

// RGB is an opaque picture of 8-bit sRGB values, packed 3 bytes a pixel, row
// after row without padding. It implements [image.Image].
type RGB struct {
	// Pix holds R, G, B of the pixel (x, y) from index 3*(y*Width+x) on.
	Pix           []uint8
	Width, Height int
}

// NewRGB returns a black picture of the given size.
func NewRGB(width, height int) *RGB {
	return &RGB{Pix: make([]uint8, 3*width*height), Width: width, Height: height}
}

// ColorModel returns [color.RGBAModel].
func (r *RGB) ColorModel() color.Model { return color.RGBAModel }

// Bounds returns the rectangle from (0, 0) to (Width, Height).
func (r *RGB) Bounds() image.Rectangle { return image.Rect(0, 0, r.Width, r.Height) }

// Opaque returns true.
func (r *RGB) Opaque() bool { return true }

// At returns the opaque colour at (x, y), and transparent black outside of the
// picture.
func (r *RGB) At(x, y int) color.Color {
	if x < 0 || y < 0 || x >= r.Width || y >= r.Height {
		return color.RGBA{}
	}
	i := 3 * (y*r.Width + x)
	return color.RGBA{R: r.Pix[i], G: r.Pix[i+1], B: r.Pix[i+2], A: 255}
}

// row returns the 3*Width bytes of row y.
func (r *RGB) row(y int) []uint8 { return r.Pix[3*y*r.Width : 3*(y+1)*r.Width] }

// luma is ITU-R 601 luma in the fixed-point form of Pillow's mode "L".
func luma(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// Luma returns the ITU-R 601 luma of each pixel, rounded as Pillow does for
// mode "L".
func (r *RGB) Luma() *image.Gray {
	out := image.NewGray(r.Bounds())
	pix := r.Pix
	for i := range out.Pix {
		p := pix[3*i : 3*i+3 : 3*i+3]
		out.Pix[i] = luma(p[0], p[1], p[2])
	}
	return out
}
