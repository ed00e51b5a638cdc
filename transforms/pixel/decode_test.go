// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"io"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// bombPNG returns a PNG whose header claims w by h gray pixels.
func bombPNG(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, w)
	binary.BigEndian.PutUint32(head[4:], h)
	head[8] = 8
	b = append(b, pngChunk("IHDR", head)...)
	b = append(b, pngChunk("IDAT", []byte{0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1})...)
	return append(b, pngChunk("IEND", nil)...)
}

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// bigJPEG patches the size in a JPEG's frame header.
func bigJPEG(tb testing.TB, w, h uint16) []byte {
	tb.Helper()
	b := jpegBytes(tb, photo(16, 16))
	at := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[at+5:], h)
	binary.BigEndian.PutUint16(b[at+7:], w)
	return b
}

func gifBytes(tb testing.TB, g *gif.GIF) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func encoded(tb testing.TB, encode func(b *bytes.Buffer) error) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodeRejects(t *testing.T) {
	t.Parallel()
	pngFile, jpegFile := pngBytes(t, photo(64, 64)), jpegBytes(t, photo(64, 64))
	interlaced := bytes.Clone(pngFile)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "empty file"},
		{"text", []byte("This is not a picture, whatever its name says.\n"), "not a supported picture (text?)"},
		{"html", []byte("<!DOCTYPE html><html>404</html>"), "not a supported picture (HTML page?)"},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "not a supported picture (SVG?)"},
		{"zip", []byte("PK\x03\x04\x00\x01"), "not a supported picture (zip?)"},
		{"JPEG 2000", []byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 "), "unsupported format: JPEG 2000"},
		{"JPEG 2000 codestream", []byte("\xff\x4f\xff\x51\x00\x2f"), "unsupported format: JPEG 2000"},
		{"JPEG XL", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n"), "unsupported format: JPEG XL"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "unsupported format: HEIF"},
		{"HEIF", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), "unsupported format: HEIF"},
		{"AVIF by its second brand", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif"), "unsupported format: AVIF"},
		{"video", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1"), "not a supported picture (video?)"},
		{"BigTIFF", []byte("II+\x00\x08\x00\x00\x00\x10\x00"), "unsupported format: BigTIFF"},
		{"avif", []byte("\x00\x00\x00\x1cftypavif\x00\x00"), "unsupported format: AVIF"},
		{"noise", []byte{0x00, 0x9d, 0x12, 0xfe, 0xfe}, "not a picture"},
		{"text mode transfer", []byte("\x89PNG\n\x1a\n\x00\x00"), "PNG changed by a text transfer"},
		{"PNG magic only", pngFile[:8], "truncated PNG"},
		{"PNG without pixels", pngFile[:33], "truncated PNG"},
		{"PNG half", pngFile[:len(pngFile)/2], "truncated PNG"},
		{"PNG without end", pngFile[:len(pngFile)-12], "truncated PNG"},
		{"PNG flipped bit", flip(pngFile, len(pngFile)/2), "damaged PNG"},
		{"PNG flipped header", flip(interlaced, 20), "damaged PNG"},
		{"PNG bomb", bombPNG(40000, 40000), "40000x40000 pixels exceed the limit of 100 megapixels"},
		{"PNG wide bomb", bombPNG(1<<31-1, 1), "exceed the limit"},
		{"PNG small file, large claim", bombPNG(9000, 9000), "truncated PNG"},
		{"PNG without size", bombPNG(0, 10), "PNG"},
		{"JPEG half", jpegFile[:len(jpegFile)/2], "truncated JPEG"},
		{"JPEG header only", jpegFile[:3], "truncated JPEG"},
		{"JPEG bomb", bigJPEG(t, 40000, 40000), "40000x40000 pixels exceed the limit of 100 megapixels"},
		{"JPEG small file, large claim", bigJPEG(t, 9000, 9000), "truncated JPEG"},
		{"GIF cut", gifBytes(t, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(0, 0, 9, 9), palette.WebSafe)}, Delay: []int{0}})[:20], "truncated GIF"},
		{"GIF bomb", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "65535x65535 pixels exceed"},
		{"BMP cut", encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, photo(20, 20)) })[:200], "truncated BMP"},
		{"TIFF cut", []byte("II*\x00\x08\x00\x00\x00"), "TIFF"},
		{"WebP cut", []byte("RIFF\x20\x00\x00\x00WEBPVP8 \x10\x00\x00\x00"), "WebP"},
		{"WebP animation", append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), 9, 0, 0, 9, 0, 0), "unsupported WebP: animation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Decode(tt.data, DefaultLimits())
			if err == nil {
				t.Fatalf("decoded %dx%d pixels", p.Width, p.Height)
			}
			var bad *fault.PictureError
			if !errors.As(err, &bad) || bad.Stage != fault.StageDecode || bad.Transient {
				t.Fatalf("error is %#v, want a permanent picture error", err)
			}
			if r := fault.RejectOf("x", fault.StageRead, err).Reason; !strings.Contains(r, tt.want) {
				t.Errorf("reason %q, want %q", r, tt.want)
			}
		})
	}
	if _, err := Decode(pngFile, Limits{MaxBytes: 10}); err == nil || !strings.Contains(err.Error(), "exceeds the limit of 10 bytes") {
		t.Errorf("file above the limit: %v", err)
	}
	if _, err := Decode(pngFile, Limits{MaxPixels: 64*64 - 1}); err == nil {
		t.Error("picture above the limit was decoded")
	}
	if _, err := Decode(pngFile, Limits{}); err != nil {
		t.Errorf("without limits: %v", err)
	}
}

func flip(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 0x10
	return out
}

// A header that claims much must not cost much.
func TestDecodeBombAllocation(t *testing.T) { // not parallel: it measures the whole process
	for name, data := range map[string][]byte{
		"above the limit": bombPNG(40000, 40000), "PNG": bombPNG(9000, 9000), "JPEG": bigJPEG(t, 9000, 9000),
	} {
		var err error
		if n := allocated(func() { _, err = Decode(data, DefaultLimits()) }); err == nil || n > 1<<20 {
			t.Errorf("%s: refusing (%v) allocates %d bytes", name, err, n)
		}
	}
}

// allocated returns how many bytes the process allocates meanwhile.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }

func TestDecodeKinds(t *testing.T) {
	t.Parallel()
	const w, h = 37, 23
	rgb := photo(w, h)
	gray16 := image.NewGray16(image.Rect(0, 0, w, h))
	rgb16 := image.NewNRGBA64(gray16.Rect)
	paletted := image.NewPaletted(gray16.Rect, append(color.Palette{color.NRGBA{R: 200, A: 0}, color.NRGBA{R: 100, G: 50, A: 128}}, palette.WebSafe[:200]...))
	for i := range paletted.Pix {
		x, y := i%w, i/w
		gray16.SetGray16(x, y, color.Gray16{Y: uint16(i * 71)})
		rgb16.SetNRGBA64(x, y, color.NRGBA64{R: uint16(i * 71), G: uint16(i * 13), B: uint16(i), A: uint16(65535 - i*40)})
		paletted.Pix[i] = uint8(i % 100)
	}
	one := image.NewGray(image.Rect(0, 0, 1, 1))
	one.Pix[0] = 77
	tests := []struct {
		name   string
		data   []byte
		want   image.Image
		format string
		alpha  bool
		bits   int
		slack  int
	}{
		{"rgb png", pngBytes(t, rgb), rgb, "png", false, 8, 0},
		{"gray png", pngBytes(t, rgb.Luma()), rgb.Luma(), "png", false, 8, 0},
		{"rgba png", pngBytes(t, sticker(40)), sticker(40), "png", true, 8, 1},
		{"1x1 png", pngBytes(t, one), one, "png", false, 8, 0},
		{"16-bit gray png", pngBytes(t, gray16), gray16, "png", false, 16, 0},
		{"16-bit rgba png", pngBytes(t, rgb16), rgb16, "png", true, 16, 1},
		{"paletted png", pngBytes(t, paletted), paletted, "png", true, 8, 1},
		{"jpeg", jpegBytes(t, rgb), rgb, "jpeg", false, 8, 60},
		{"gray jpeg", jpegBytes(t, rgb.Luma()), rgb.Luma(), "jpeg", false, 8, 30},
		{"bmp", encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, rgb) }), rgb, "bmp", false, 8, 0},
		{"tiff", encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, rgb, &tiff.Options{Compression: tiff.Deflate}) }), rgb, "tiff", false, 8, 0},
		{"16-bit tiff", encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, gray16, nil) }), gray16, "tiff", false, 16, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Decode(tt.data, DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			b := tt.want.Bounds()
			if p.Format != tt.format || p.HasAlpha != tt.alpha || p.Bits != tt.bits || p.Width != b.Dx() || p.Height != b.Dy() {
				t.Errorf("got %s, alpha %v, %d bits, %dx%d", p.Format, p.HasAlpha, p.Bits, p.Width, p.Height)
			}
			want := slowRGB(tt.want)
			if d := maxDiff(want, p.RGB()); d > tt.slack {
				t.Errorf("RGB differs by %d, want at most %d", d, tt.slack)
			}
			if d := maxGrayDiff(want.Luma(), p.Gray()); d > tt.slack {
				t.Errorf("Gray differs by %d, want at most %d", d, tt.slack)
			}
		})
	}
}

// slowRGB composites on white by way of color.Color.
func slowRGB(m image.Image) *RGB {
	b := m.Bounds()
	out := NewRGB(b.Dx(), b.Dy())
	for y := range out.Height {
		for x := range out.Width {
			r, g, bl, a := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
			for c, v := range [3]uint32{r, g, bl} {
				out.Pix[3*(y*out.Width+x)+c] = uint8((v + 0xffff - a) >> 8)
			}
		}
	}
	return out
}

func maxDiff(a, b *RGB) int {
	if a.Width != b.Width || a.Height != b.Height {
		return 999
	}
	d := 0
	for i, v := range a.Pix {
		d = max(d, int(v)-int(b.Pix[i]), int(b.Pix[i])-int(v))
	}
	return d
}

func maxGrayDiff(a, b *image.Gray) int {
	if a.Rect.Size() != b.Rect.Size() {
		return 999
	}
	d := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			v, w := int(a.Pix[y*a.Stride+x]), int(b.Pix[y*b.Stride+x])
			d = max(d, v-w, w-v)
		}
	}
	return d
}

func TestDecodeAnimatedGIF(t *testing.T) {
	t.Parallel()
	pal := color.Palette{color.NRGBA{}, color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}}
	first := image.NewPaletted(image.Rect(2, 3, 6, 8), pal) // smaller than the logical screen
	second := image.NewPaletted(image.Rect(0, 0, 10, 9), pal)
	for i := range first.Pix {
		first.Pix[i] = 1
	}
	for i := range second.Pix {
		second.Pix[i] = 2
	}
	data := gifBytes(t, &gif.GIF{Image: []*image.Paletted{first, second}, Delay: []int{1, 1}, Config: image.Config{Width: 10, Height: 9}})
	p, err := Decode(data, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 10 || p.Height != 9 || !p.HasAlpha || p.Format != "gif" {
		t.Errorf("got %dx%d, alpha %v, %s", p.Width, p.Height, p.HasAlpha, p.Format)
	}
	rgb := p.RGB()
	if got := rgb.At(0, 0); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("outside of the first frame: %v, want white", got)
	}
	if got := rgb.At(3, 4); got != (color.RGBA{255, 0, 0, 255}) {
		t.Errorf("inside of the first frame: %v, want red", got)
	}
	// A second frame that is cut does not matter.
	if _, err := Decode(data[:len(data)-6], DefaultLimits()); err != nil {
		t.Errorf("with a damaged second frame: %v", err)
	}
}

// interlacedPNG writes an Adam7 file: a one-channel picture, each pass with
// filter 0, in stored deflate blocks.
func interlacedPNG(tb testing.TB, m *image.Gray) []byte {
	tb.Helper()
	var raw []byte
	for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := p[1]; y < m.Rect.Dy(); y += p[3] {
			if p[0] < m.Rect.Dx() {
				raw = append(raw, 0)
			}
			for x := p[0]; x < m.Rect.Dx(); x += p[2] {
				raw = append(raw, m.Pix[y*m.Stride+x])
			}
		}
	}
	idat := []byte{0x78, 0x01, 1}
	idat = binary.LittleEndian.AppendUint16(idat, uint16(len(raw)))
	idat = binary.LittleEndian.AppendUint16(idat, ^uint16(len(raw)))
	idat = binary.BigEndian.AppendUint32(append(idat, raw...), adler32.Checksum(raw))
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, uint32(m.Rect.Dx()))
	binary.BigEndian.PutUint32(head[4:], uint32(m.Rect.Dy()))
	head[8], head[12] = 8, 1
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head)...)
	b = append(b, pngChunk("IDAT", idat)...)
	return append(b, pngChunk("IEND", nil)...)
}

func TestDecodeInterlaced(t *testing.T) {
	t.Parallel()
	want := photo(21, 13).Luma()
	p, err := Decode(interlacedPNG(t, want), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if d := maxGrayDiff(want, p.Gray()); d != 0 {
		t.Errorf("differs by %d", d)
	}
}

func TestDecodePNGTypes(t *testing.T) {
	t.Parallel()
	rgb := photo(9, 5)
	for _, tt := range []struct {
		in   image.Image
		want string
	}{{rgb, "*pixel.RGB"}, {rgb.Luma(), "*image.Gray"}, {sticker(9), "*image.NRGBA"}} {
		got, err := DecodePNG(pngBytes(t, tt.in), DefaultLimits())
		if err != nil || fmt.Sprintf("%T", got) != tt.want {
			t.Errorf("DecodePNG gave %T, %v, want %s", got, err, tt.want)
		}
	}
	// A palette suggestion sends an RGB PNG past the fast path.
	data := pngBytes(t, rgb)
	data = append(data[:33:33], append(pngChunk("PLTE", []byte{1, 2, 3}), data[33:]...)...)
	if got, err := DecodePNG(data, DefaultLimits()); err != nil || maxDiff(rgb, toRGB(got)) != 0 || fmt.Sprintf("%T", got) != "*pixel.RGB" {
		t.Errorf("DecodePNG past the fast path gave %T, %v", got, err)
	}
	if _, err := DecodePNG(jpegBytes(t, rgb), DefaultLimits()); err == nil {
		t.Error("DecodePNG decoded a JPEG")
	}
}

// Every decoder against whatever bytes: no panic gets out, every error is a
// picture error, and what is returned can be used.
func FuzzDecode(f *testing.F) {
	rgb := photo(20, 12)
	f.Add(pngBytes(f, rgb))
	f.Add(pngBytes(f, sticker(16)))
	f.Add(jpegBytes(f, rgb))
	f.Add(withExif(jpegBytes(f, rgb), 6))
	f.Add(cmykJPEG(f, 2))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return bmp.Encode(b, rgb) }))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return tiff.Encode(b, rgb, nil) }))
	f.Add(gifBytes(f, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(0, 0, 9, 9), palette.WebSafe)}, Delay: []int{0}}))
	f.Add(lossyWebP())
	f.Add(bombPNG(9000, 9000))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data, Limits{MaxPixels: 1 << 16, MaxBytes: 1 << 16})
		if err != nil {
			if _, ok := errors.AsType[*fault.PictureError](err); !ok {
				t.Errorf("error of type %T: %v", err, err)
			}
			return
		}
		if rgb, gray := p.RGB(), p.Gray(); rgb.Width != p.Width || gray.Rect.Dy() != p.Height {
			t.Errorf("sizes differ: %dx%d, %v, %dx%d", p.Width, p.Height, gray.Rect, rgb.Width, rgb.Height)
		}
		square := Resize(p.RGBOn(Color{10, 200, 30}), 9, FitPad, FilterCatmullRom)
		if err := EncodePNG(io.Discard, square.Gray(FormulaLightness)); err != nil {
			t.Error(err)
		}
		PerceptualHash(square)
	})
}
