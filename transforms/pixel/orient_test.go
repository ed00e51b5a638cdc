// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"golang.org/x/image/tiff"
)

// exifBlock returns a TIFF structure that holds the orientation only.
func exifBlock(order binary.AppendByteOrder, mark string, o uint16) []byte {
	b := order.AppendUint16([]byte(mark), 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, o)
	return append(b, 0, 0, 0, 0, 0, 0)
}

// withExif puts an APP1 segment behind a JPEG's first marker.
func withExif(data []byte, o uint16) []byte {
	body := append([]byte("Exif\x00\x00"), exifBlock(binary.BigEndian, "MM", o)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append(append([]byte{}, data[:2]...), append(segment, body...)...), data[2:]...)
}

// stored returns the pixels that a file of orientation o must hold for the
// picture to appear as m: slowly, by the definition.
func stored(m *RGB, o int) *RGB {
	w, h := m.Width, m.Height
	if o >= 5 {
		w, h = h, w
	}
	out := NewRGB(w, h)
	for y := range h {
		for x := range w {
			var sx, sy int // where this stored pixel appears
			switch o {
			case 1:
				sx, sy = x, y
			case 2: // row 0 is the top, column 0 the right
				sx, sy = w-1-x, y
			case 3: // row 0 is the bottom, column 0 the right
				sx, sy = w-1-x, h-1-y
			case 4: // row 0 is the bottom, column 0 the left
				sx, sy = x, h-1-y
			case 5: // row 0 is the left, column 0 the top
				sx, sy = y, x
			case 6: // row 0 is the right, column 0 the top
				sx, sy = h-1-y, x
			case 7: // row 0 is the right, column 0 the bottom
				sx, sy = h-1-y, w-1-x
			case 8: // row 0 is the left, column 0 the bottom
				sx, sy = y, w-1-x
			}
			copy(out.Pix[3*(y*w+x):][:3], m.Pix[3*(sy*m.Width+sx):][:3])
		}
	}
	return out
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	want := photo(23, 14)
	for o := 1; o <= 8; o++ {
		file := stored(want, o)
		pngData := pngBytes(t, file)
		exif := pngChunk("eXIf", exifBlock(binary.LittleEndian, "II", uint16(o)))
		end := len(pngData) - 12
		tiffData := encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, file, nil) })
		for name, tt := range map[string]struct {
			data  []byte
			slack int
		}{
			"png before":  {append(append(append([]byte{}, pngData[:33]...), exif...), pngData[33:]...), 0},
			"png after":   {append(append(append([]byte{}, pngData[:end]...), exif...), pngData[end:]...), 0},
			"jpeg colour": {withExif(jpegBytes(t, file), uint16(o)), 60},
			"jpeg gray":   {withExif(jpegBytes(t, file.Luma()), uint16(o)), -1},
			"tiff":        {withTIFFOrientation(t, tiffData, uint16(o)), 0},
		} {
			p, err := Decode(tt.data, DefaultLimits())
			if err != nil {
				t.Fatalf("%d, %s: %v", o, name, err)
			}
			if p.Width != 23 || p.Height != 14 || p.SourceWidth != file.Width || p.SourceHeight != file.Height {
				t.Errorf("%d, %s: %dx%d from %dx%d", o, name, p.Width, p.Height, p.SourceWidth, p.SourceHeight)
			}
			if tt.slack < 0 {
				if d := maxGrayDiff(want.Luma(), p.Gray()); d > 30 {
					t.Errorf("%d, %s: gray differs by %d", o, name, d)
				}
				continue
			}
			if d := maxDiff(want, p.RGB()); d > tt.slack {
				t.Errorf("%d, %s: differs by %d", o, name, d)
			}
			if d := maxGrayDiff(want.Luma(), p.Gray()); d > tt.slack/2 {
				t.Errorf("%d, %s: gray differs by %d", o, name, d)
			}
		}
	}
}

// withTIFFOrientation adds an entry to a little-endian TIFF's directory, which
// the encoder writes at the file's end.
func withTIFFOrientation(t *testing.T, data []byte, o uint16) []byte {
	t.Helper()
	le := binary.LittleEndian
	start := int(le.Uint32(data[4:]))
	n := int(le.Uint16(data[start:]))
	entries := data[start+2 : start+2+12*n]
	out := append([]byte{}, data...)
	le.PutUint32(out[4:], uint32(len(out)))
	out = le.AppendUint16(out, uint16(n+1))
	added := false
	for ; len(entries) > 0; entries = entries[12:] {
		if !added && le.Uint16(entries) > 0x0112 {
			out = le.AppendUint16(le.AppendUint16(out, 0x0112), 3)
			out = le.AppendUint32(out, 1)
			out = append(le.AppendUint16(out, o), 0, 0)
			added = true
		}
		out = append(out, entries[:12]...)
	}
	return append(out, 0, 0, 0, 0)
}

// Every type of picture turns like RGB does.
func TestOrientTypes(t *testing.T) {
	t.Parallel()
	const w, h = 7, 5
	r := image.Rect(0, 0, w, h)
	pal := make(color.Palette, 256)
	for i := range pal {
		pal[i] = color.NRGBA{R: uint8(i), G: uint8(i * 7), B: uint8(255 - i), A: 255}
	}
	cmyk, alpha := image.NewCMYK(r), image.NewNYCbCrA(r, image.YCbCrSubsampleRatio444)
	list := []image.Image{
		image.NewGray(r), image.NewGray16(r), image.NewNRGBA(r), image.NewRGBA(r), image.NewNRGBA64(r), image.NewRGBA64(r),
		cmyk, image.NewPaletted(r, pal), alpha, image.NewYCbCr(r, image.YCbCrSubsampleRatio444),
	}
	fill := func(pix []uint8) {
		for i := range pix {
			pix[i] = uint8(i*37) | 0xc0 // premultiplied values stay legal: alpha is at least what they are
		}
	}
	for _, m := range list {
		switch m := m.(type) {
		case *image.Gray:
			fill(m.Pix)
		case *image.Gray16:
			fill(m.Pix)
		case *image.NRGBA:
			fill(m.Pix)
		case *image.RGBA:
			for i := range w * h {
				m.SetRGBA(i%w, i/w, color.RGBA{R: uint8(i), G: uint8(2 * i), B: uint8(3 * i), A: 255})
			}
		case *image.NRGBA64:
			fill(m.Pix)
		case *image.RGBA64:
			for i := range w * h {
				m.SetRGBA64(i%w, i/w, color.RGBA64{R: uint16(i * 999), G: uint16(2 * i), B: uint16(3 * i), A: 65535})
			}
		case *image.CMYK:
			fill(m.Pix)
		case *image.Paletted:
			fill(m.Pix)
		case *image.YCbCr:
			fill(m.Y)
			fill(m.Cb)
		case *image.NYCbCrA:
			fill(m.Y)
			fill(m.A)
		}
		for o := 1; o <= 8; o++ {
			want := stored(toRGB(m), [9]int{0, 1, 2, 3, 4, 5, 8, 7, 6}[o]) // turning is the inverse of storing
			if d := maxDiff(want, toRGB(orient(m, o))); d > 1 {
				t.Errorf("%T, orientation %d: differs by %d", m, o, d)
			}
		}
	}
	if orient(cmyk, 9) != image.Image(cmyk) {
		t.Error("orientation 9 changed the picture")
	}
}
