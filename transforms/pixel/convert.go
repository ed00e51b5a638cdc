// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/color"
	"image/draw"
)

// toRGB converts every type that the decoders return without a call a pixel,
// and any other by way of NRGBA.
func toRGB(m image.Image) *RGB {
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
		eachRow(out, m.Pix, m.Stride, 4, nrgbaRow)
	case *image.RGBA:
		eachRow(out, m.Pix, m.Stride, 4, rgbaRow)
	case *image.NRGBA64:
		eachRow(out, m.Pix, m.Stride, 8, nrgba64Row)
	case *image.RGBA64:
		eachRow(out, m.Pix, m.Stride, 8, rgba64Row)
	case *image.CMYK:
		eachRow(out, m.Pix, m.Stride, 4, cmykRow)
	case *image.Paletted:
		eachRow(out, m.Pix, m.Stride, 1, palettedRow(m.Palette))
	default:
		flat := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(flat, flat.Rect, m, b.Min, draw.Src)
		eachRow(out, flat.Pix, flat.Stride, 4, nrgbaRow)
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

// onWhite composites a straight-alpha value on white, rounded to nearest.
func onWhite(v, a uint8) uint8 {
	t := uint32(v)*uint32(a) + 255*(255-uint32(a)) + 128
	return uint8((t + t>>8) >> 8) // the exact quotient by 255
}

func nrgbaRow(dst, src []uint8) {
	for i := 0; 4*i < len(src); i++ {
		s, d := src[4*i:4*i+4:4*i+4], dst[3*i:3*i+3:3*i+3]
		switch a := s[3]; a {
		case 255:
			d[0], d[1], d[2] = s[0], s[1], s[2]
		case 0:
			d[0], d[1], d[2] = 255, 255, 255
		default:
			d[0], d[1], d[2] = onWhite(s[0], a), onWhite(s[1], a), onWhite(s[2], a)
		}
	}
}

// rgbaRow composites premultiplied values, which a TIFF may hold out of range.
func rgbaRow(dst, src []uint8) {
	for i := 0; 4*i < len(src); i++ {
		s, d := src[4*i:4*i+4:4*i+4], dst[3*i:3*i+3:3*i+3]
		rest := 255 - int32(s[3])
		d[0], d[1], d[2] = clamp8(int32(s[0])+rest), clamp8(int32(s[1])+rest), clamp8(int32(s[2])+rest)
	}
}

func nrgba64Row(dst, src []uint8) {
	for i := 0; 8*i < len(src); i++ {
		s := src[8*i : 8*i+8 : 8*i+8]
		a := uint32(s[6])<<8 | uint32(s[7])
		for c := range 3 {
			v := uint32(s[2*c])<<8 | uint32(s[2*c+1])
			if a != 0xffff {
				v = uint32((uint64(v)*uint64(a) + 0xffff*uint64(0xffff-a)) / 0xffff)
			}
			dst[3*i+c] = uint8(v >> 8)
		}
	}
}

func rgba64Row(dst, src []uint8) {
	for i := 0; 8*i < len(src); i++ {
		s := src[8*i : 8*i+8 : 8*i+8]
		rest := 0xffff - (int32(s[6])<<8 | int32(s[7]))
		for c := range 3 {
			dst[3*i+c] = clamp8((int32(s[2*c])<<8 | int32(s[2*c+1]) + rest) >> 8)
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
func palettedRow(palette color.Palette) func(dst, src []uint8) {
	var table [256][3]uint8
	for i, c := range palette[:min(len(palette), 256)] {
		n, _ := color.NRGBAModel.Convert(c).(color.NRGBA) // that is what the model returns
		table[i] = [3]uint8{onWhite(n.R, n.A), onWhite(n.G, n.A), onWhite(n.B, n.A)}
	}
	return func(dst, src []uint8) {
		for i, v := range src {
			copy(dst[3*i:3*i+3], table[v][:])
		}
	}
}
