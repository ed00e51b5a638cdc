// SPDX-License-Identifier: Apache-2.0

package pixel

import "image"

// Picture is a decoded picture, upright: an EXIF orientation has been applied.
type Picture struct {
	// Image holds the pixels in the decoder's own type. Its bounds start at
	// (0, 0).
	Image image.Image
	// Format is "png", "jpeg", "gif", "bmp", "tiff" or "webp".
	Format string
	// Width and Height are those of Image.
	Width, Height int
	// SourceWidth and SourceHeight are those the file's header names, before
	// the orientation is applied.
	SourceWidth, SourceHeight int
	// HasAlpha says that at least one pixel is not opaque.
	HasAlpha bool
	// Bits is the number of bits a channel, 8 or 16.
	Bits int

	turned bool // the orientation exchanged width and height
}

// UprightSize returns the size in pixels that the whole picture has once the
// orientation is applied, also where it was decoded smaller.
func (p *Picture) UprightSize() (width, height int) {
	if p.turned {
		return p.SourceHeight, p.SourceWidth
	}
	return p.SourceWidth, p.SourceHeight
}

// RGB returns the picture as 8-bit RGB. Transparent parts are composited on
// white, 16-bit, paletted and CMYK pictures are converted. The result shares
// no memory with p unless p.Image is itself an *RGB.
func (p *Picture) RGB() *RGB { return p.RGBOn(White()) }

// RGBOn is [Picture.RGB] with transparent parts composited on background, in
// 8-bit sRGB values as browsers and Pillow do.
func (p *Picture) RGBOn(background Color) *RGB { return background.flatten(p.Image) }

// Gray returns the ITU-R 601 luma. Of a JPEG in YCbCr it is the decoder's Y
// plane itself, not a copy; of an 8-bit gray picture it is the picture.
// Transparent parts are composited on white.
func (p *Picture) Gray() *image.Gray {
	switch m := p.Image.(type) {
	case *image.Gray:
		return m
	case *image.YCbCr:
		return &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
	}
	return p.RGB().Luma()
}
