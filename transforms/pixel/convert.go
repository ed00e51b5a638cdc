// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/color"
	"image/draw"
)

// toRGB is [Color.flatten] on white.
func toRGB(m image.Image) *RGB { return White().flatten(m) }

// flatten converts to RGB, on c where the picture is transparent: every type
// that the decoders return without a call a pixel, and any other by way of
// NRGBA.
func (c Color) flatten(m image.Image) *RGB {
	b := m.Bounds()
	out := NewRGB(b.Dx(), b.Dy())
	switch m := m.(type) {
	case *RGB:
		return m
	case *image.YCbCr:
		return ycbcrToRGB(m, fullRange())
	case *image.Gray:
		eachRow(out, m.Pix, m.Stride, 1, grayRow)
	case *image.Gray16:
		eachRow(out, m.Pix, m.Stride, 2, gray16Row)
	case *image.NRGBA:
		eachRow(out, m.Pix, m.Stride, 4, c.nrgbaRow)
	case *image.RGBA:
		eachRow(out, m.Pix, m.Stride, 4, c.rgbaRow)
	case *image.NRGBA64:
		eachRow(out, m.Pix, m.Stride, 8, c.nrgba64Row)
	case *image.RGBA64:
		eachRow(out, m.Pix, m.Stride, 8, c.rgba64Row)
	case *RGB48:
		for i := range out.Pix {
			out.Pix[i] = m.Pix[2*i]
		}
	case *image.CMYK:
		eachRow(out, m.Pix, m.Stride, 4, cmykRow)
	case *image.Paletted:
		eachRow(out, m.Pix, m.Stride, 1, c.palettedRow(m.Palette))
	default:
		flat := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(flat, flat.Rect, m, b.Min, draw.Src)
		eachRow(out, flat.Pix, flat.Stride, 4, c.nrgbaRow)
	}
	return out
}

// eachRow calls convert with each row of 3-byte results and n-byte sources.
func eachRow(out *RGB, pix []uint8, stride, n int, convert func(dst, src []uint8)) {
	for y := range out.Height {
		convert(out.row(y), pix[y*stride:][:n*out.Width])
	}
}

func grayRow(dst, src []uint8) {
	for i, v := range src {
		p := dst[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = v, v, v
	}
}

// gray16Row keeps the high bytes, as Pillow does for 16-bit colour.
func gray16Row(dst, src []uint8) {
	for i := 0; 2*i < len(src); i++ {
		v := src[2*i]
		dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
	}
}

func (c Color) nrgbaRow(dst, src []uint8) {
	for i := 0; 4*i < len(src); i++ {
		s, d := src[4*i:4*i+4:4*i+4], dst[3*i:3*i+3:3*i+3]
		switch a := s[3]; a {
		case 255:
			d[0], d[1], d[2] = s[0], s[1], s[2]
		case 0:
			d[0], d[1], d[2] = c[0], c[1], c[2]
		default:
			d[0], d[1], d[2] = over(s[0], a, c[0]), over(s[1], a, c[1]), over(s[2], a, c[2])
		}
	}
}

// rgbaRow composites premultiplied values, which a TIFF may hold out of range.
func (c Color) rgbaRow(dst, src []uint8) {
	for i := 0; 4*i < len(src); i++ {
		s, d := src[4*i:4*i+4:4*i+4], dst[3*i:3*i+3:3*i+3]
		rest := 255 - s[3]
		for i, below := range c {
			d[i] = clamp8(int32(s[i]) + int32(over(below, rest, 0)))
		}
	}
}

func (c Color) nrgba64Row(dst, src []uint8) {
	for i := 0; 8*i < len(src); i++ {
		s := src[8*i : 8*i+8 : 8*i+8]
		a := uint32(s[6])<<8 | uint32(s[7])
		for j, below := range c {
			v := uint32(s[2*j])<<8 | uint32(s[2*j+1])
			if a != 0xffff {
				v = uint32((uint64(v)*uint64(a) + 0x101*uint64(below)*uint64(0xffff-a)) / 0xffff)
			}
			dst[3*i+j] = uint8(v >> 8)
		}
	}
}

func (c Color) rgba64Row(dst, src []uint8) {
	for i := 0; 8*i < len(src); i++ {
		s := src[8*i : 8*i+8 : 8*i+8]
		rest := 0xffff - (int64(s[6])<<8 | int64(s[7]))
		for j, below := range c {
			v := int32(s[2*j])<<8 | int32(s[2*j+1])
			dst[3*i+j] = clamp8((v + int32(0x101*int64(below)*rest/0xffff)) >> 8)
		}
	}
}

// cmykRow multiplies ink by ink, as Pillow does: there is no colour profile.
func cmykRow(dst, src []uint8) {
	for i := 0; 4*i < len(src); i++ {
		s := src[4*i : 4*i+4 : 4*i+4]
		white := uint32(255 - s[3])
		for c := range 3 {
			t := white*uint32(255-s[c]) + 128
			dst[3*i+c] = uint8((t + t>>8) >> 8)
		}
	}
}

// palettedRow composites the palette once; an index beyond it is black.
func (c Color) palettedRow(palette color.Palette) func(dst, src []uint8) {
	var table [256][3]uint8
	for i, entry := range palette[:min(len(palette), 256)] {
		n, _ := color.NRGBAModel.Convert(entry).(color.NRGBA) // that is what the model returns
		table[i] = [3]uint8{over(n.R, n.A, c[0]), over(n.G, n.A, c[1]), over(n.B, n.A, c[2])}
	}
	return func(dst, src []uint8) {
		for i, v := range src {
			copy(dst[3*i:3*i+3], table[v][:])
		}
	}
}
