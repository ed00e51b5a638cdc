// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel/ifd"
)

// tiffTags are the values of a directory's tags.
type tiffTags map[uint16][]uint32

// with returns a copy with more tags, or without those that have no values.
func (t tiffTags) with(more tiffTags) tiffTags {
	out := maps.Clone(t)
	maps.Copy(out, more)
	maps.DeleteFunc(out, func(_ uint16, values []uint32) bool { return values == nil })
	return out
}

// tiffFile writes a file of several directories, each with strips or tiles. All
// values are LONGs, but for the JPEG tables.
func tiffFile(order ifd.Order, dirs []tiffTags, blocks ...[]byte) []byte {
	mark := "II"
	if order.Uint16([]byte{1, 0}) != 1 {
		mark = "MM"
	}
	b := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 0)
	var offsets, counts []uint32
	for _, block := range blocks {
		offsets, counts = append(offsets, uint32(len(b))), append(counts, uint32(len(block)))
		b = append(b, block...)
	}
	link := 4
	for _, tags := range dirs {
		places := tiffTags{tiffStripOffsets: offsets, tiffStripByteCounts: counts}
		if tags[tiffTileWidth] != nil {
			places = tiffTags{tiffTileOffsets: offsets, tiffTileByteCounts: counts}
		}
		tags = places.with(tags)
		order.PutUint32(b[link:], uint32(len(b)))
		far := len(b) + 2 + 12*len(tags) + 4
		var values []byte
		b = order.AppendUint16(b, uint16(len(tags)))
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			v := tags[tag]
			var body []byte
			kind := uint16(ifd.Long)
			for _, x := range v {
				if body = order.AppendUint32(body, x); tag == tiffJPEGTables {
					body, kind = append(body[:len(body)-4], byte(x)), 7
				}
			}
			b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag), kind), uint32(len(v)))
			if len(body) > 4 {
				b = order.AppendUint32(b, uint32(far+len(values)))
				values = append(values, body...)
			} else {
				b = append(append(b, body...), make([]byte, 4-len(body))...)
			}
		}
		link = len(b)
		b = append(order.AppendUint32(b, 0), values...)
	}
	return b
}

// grayTags are those of 4x2 pixels of 8-bit gray.
func grayTags() tiffTags {
	return tiffTags{
		tiffWidth: {4}, tiffHeight: {2}, tiffBitsPerSample: {8}, tiffCompression: {tiffNone}, tiffPhotometric: {tiffBlackIsZero},
		tiffSamplesPerPixel: {1}, tiffRowsPerStrip: {2},
	}
}

// What becomes of each way to store a picture: its pixels, or the reason why
// not.
func TestTIFFForms(t *testing.T) {
	t.Parallel()
	le, be := binary.LittleEndian, binary.BigEndian
	eight := []byte{0, 50, 100, 150, 200, 250, 7, 255}
	gray := func(v ...uint8) []uint8 {
		var out []uint8
		for _, x := range v {
			out = append(out, x, x, x)
		}
		return out
	}
	three := tiffTags{tiffPhotometric: {tiffRGB}, tiffSamplesPerPixel: {3}, tiffBitsPerSample: {8, 8, 8}, tiffWidth: {2}, tiffHeight: {1}}
	four := three.with(tiffTags{tiffSamplesPerPixel: {4}, tiffBitsPerSample: {8, 8, 8, 8}})
	bw := tiffTags{tiffBitsPerSample: {1}, tiffWidth: {8}, tiffHeight: {1}}
	nibbles := tiffTags{tiffBitsPerSample: {4}, tiffHeight: {1}}
	for _, tt := range []struct {
		name   string
		order  ifd.Order
		tags   tiffTags
		blocks [][]byte
		want   []uint8 // R, G, B
		reason string
	}{
		{"gray", le, nil, [][]byte{eight}, gray(eight...), ""},
		{"white is zero", be, tiffTags{tiffPhotometric: {tiffWhiteIsZero}}, [][]byte{eight}, gray(255, 205, 155, 105, 55, 5, 248, 0), ""},
		{"a strip a row", le, tiffTags{tiffRowsPerStrip: {1}}, [][]byte{eight[:4], eight[4:]}, gray(eight...), ""},
		{"no length of the only strip", le, tiffTags{tiffStripByteCounts: {}}, [][]byte{eight}, gray(eight...), ""},
		{"no compression", le, tiffTags{tiffCompression: nil}, [][]byte{eight}, gray(eight...), ""},
		{"bits from low to high", le, tiffTags{tiffFillOrder: {2}}, [][]byte{reverseBits(eight)}, gray(eight...), ""},
		{"black and white", le, bw, [][]byte{{0xa1}}, gray(255, 0, 255, 0, 0, 0, 0, 255), ""},
		{"white and black", le, bw.with(tiffTags{tiffPhotometric: {tiffWhiteIsZero}}), [][]byte{{0xa1}}, gray(0, 255, 0, 255, 255, 255, 255, 0), ""},
		{"two bits", le, nibbles.with(tiffTags{tiffBitsPerSample: {2}}), [][]byte{{0x1b}}, gray(0, 85, 170, 255), ""},
		{"four bits", le, nibbles, [][]byte{{0x0f, 0x1e}}, gray(0, 255, 17, 238), ""},
		{"16 bits", be, tiffTags{tiffBitsPerSample: {16}, tiffHeight: {1}}, [][]byte{eight}, gray(0, 100, 200, 7), ""},
		{"16 bits, low bytes first", le, tiffTags{tiffBitsPerSample: {16}, tiffHeight: {1}}, [][]byte{eight}, gray(50, 150, 250, 255), ""},
		{"palette", le, tiffTags{tiffPhotometric: {tiffPalette}, tiffBitsPerSample: {4}, tiffHeight: {1}, tiffColorMap: slices.Concat(make([]uint32, 13), []uint32{0x1111, 0x2222, 0x3333}, make([]uint32, 13), []uint32{4 << 8, 5 << 8, 6 << 8}, make([]uint32, 13), []uint32{7 << 8, 8 << 8, 9 << 8})},
			[][]byte{{0x0d, 0xef}}, []uint8{0, 0, 0, 0x11, 4, 7, 0x22, 5, 8, 0x33, 6, 9}, ""},
		{"palette of 8-bit levels", le, bw.with(tiffTags{tiffPhotometric: {tiffPalette}, tiffWidth: {2}, tiffColorMap: {1, 200, 3, 4, 5, 6}}), [][]byte{{0x40}}, []uint8{1, 3, 5, 200, 4, 6}, ""},
		{"palette that is too small", le, tiffTags{tiffPhotometric: {tiffPalette}, tiffColorMap: {1, 2, 3}}, [][]byte{eight}, nil, "damaged TIFF: a pixel lies outside of the palette"},
		{"no palette", le, tiffTags{tiffPhotometric: {tiffPalette}}, [][]byte{eight}, nil, "damaged TIFF: it has no palette"},
		{"palette of 16 bits", le, tiffTags{tiffPhotometric: {tiffPalette}, tiffBitsPerSample: {16}, tiffColorMap: {1, 2, 3}}, [][]byte{eight}, nil, "unsupported TIFF: palette with 16-bit samples"},
		{"RGB", le, three, [][]byte{{1, 2, 3, 4, 5, 6}}, []uint8{1, 2, 3, 4, 5, 6}, ""},
		{"RGB in planes", le, three.with(tiffTags{tiffPlanar: {2}}), [][]byte{{1, 4}, {2, 5}, {3, 6}}, []uint8{1, 2, 3, 4, 5, 6}, ""},
		{"RGB and something", le, four, [][]byte{{1, 2, 3, 99, 4, 5, 6, 99}}, []uint8{1, 2, 3, 4, 5, 6}, ""},
		{"RGB and alpha", le, four.with(tiffTags{tiffExtraSamples: {2}}), [][]byte{{1, 2, 3, 0, 4, 5, 6, 255}}, []uint8{255, 255, 255, 4, 5, 6}, ""},
		{"RGB times alpha, in planes", le, four.with(tiffTags{tiffExtraSamples: {1}, tiffPlanar: {2}}), [][]byte{{0, 4}, {0, 5}, {0, 6}, {0, 255}}, []uint8{255, 255, 255, 4, 5, 6}, ""},
		{"gray and alpha", le, tiffTags{tiffSamplesPerPixel: {2}, tiffBitsPerSample: {8, 8}, tiffExtraSamples: {2}, tiffHeight: {1}}, [][]byte{{9, 0, 9, 255, 8, 255, 7, 255}}, gray(255, 9, 8, 7), ""},
		{"CMYK", le, four.with(tiffTags{tiffPhotometric: {tiffCMYK}}), [][]byte{{0, 255, 100, 0, 0, 0, 0, 255}}, []uint8{255, 0, 155, 0, 0, 0}, ""},
		{"CMYK of 16 bits", le, four.with(tiffTags{tiffPhotometric: {tiffCMYK}, tiffBitsPerSample: {16, 16, 16, 16}, tiffWidth: {1}}), [][]byte{{9, 0, 9, 255, 9, 100, 9, 0}}, []uint8{255, 0, 155}, ""},
		{"other inks", le, four.with(tiffTags{tiffPhotometric: {tiffCMYK}, tiffInkSet: {2}}), [][]byte{eight}, nil, "unsupported TIFF: inks other than plain CMYK"},
		{"PackBits", le, tiffTags{tiffCompression: {tiffPackBits}}, [][]byte{{0x80, 0xfd, 9, 3, 1, 2, 3, 4}}, gray(9, 9, 9, 9, 1, 2, 3, 4), ""},
		{"PackBits that ends early", le, tiffTags{tiffCompression: {tiffPackBits}}, [][]byte{{0xfd, 9, 3, 1}}, nil, "truncated TIFF"},
		{"too few bytes", le, nil, [][]byte{eight[:7]}, nil, "truncated TIFF"},
		{"a strip beyond the end", le, tiffTags{tiffStripOffsets: {1 << 30}, tiffStripByteCounts: {8}}, [][]byte{eight}, nil, "truncated TIFF"},
		{"no strips", le, tiffTags{tiffStripOffsets: {}}, [][]byte{eight}, nil, "damaged TIFF: 0 of 1 strips or tiles have a place"},
		{"too few strips", le, tiffTags{tiffRowsPerStrip: {1}}, [][]byte{eight}, nil, "damaged TIFF: 1 of 2 strips or tiles have a place"},
		{"a length is missing", le, tiffTags{tiffRowsPerStrip: {1}, tiffStripByteCounts: {4}}, [][]byte{eight, eight}, nil, "damaged TIFF: 1 of 2 strips or tiles have a length"},
		{"strips that share their bytes", le, tiffTags{tiffHeight: {8}, tiffRowsPerStrip: {1}, tiffStripOffsets: slices.Repeat([]uint32{8}, 8), tiffStripByteCounts: slices.Repeat([]uint32{1000}, 8)},
			[][]byte{make([]byte, 1000)}, nil, "damaged TIFF: its strips or tiles overlap"},
		{"old-style LZW", le, tiffTags{tiffCompression: {tiffLZW}}, [][]byte{{0, 1, 2}}, nil, "unsupported TIFF: old-style LZW"},
		{"old-style JPEG", le, tiffTags{tiffCompression: {6}}, [][]byte{eight}, nil, "unsupported TIFF: compression 6 (old-style JPEG)"},
		{"JPEG 2000", le, tiffTags{tiffCompression: {34712}}, [][]byte{eight}, nil, "unsupported TIFF: compression 34712 (JPEG 2000)"},
		{"Zstandard", le, tiffTags{tiffCompression: {50000}}, [][]byte{eight}, nil, "unsupported TIFF: compression 50000 (Zstandard)"},
		{"unheard-of compression", le, tiffTags{tiffCompression: {4711}}, [][]byte{eight}, nil, "unsupported TIFF: compression 4711"},
		{"CCITT of gray", le, tiffTags{tiffCompression: {tiffG4}}, [][]byte{eight}, nil, "damaged TIFF: CCITT compression of 8-bit samples"},
		{"CCITT with fill bits", le, bw.with(tiffTags{tiffCompression: {tiffG3}, tiffT4Options: {4}}), [][]byte{eight}, nil, "unsupported TIFF: CCITT Group 3 with fill bits"},
		{"12 bits", le, tiffTags{tiffBitsPerSample: {12}}, [][]byte{eight}, nil, "unsupported TIFF: samples of 12 bits"},
		{"32 bits", le, tiffTags{tiffBitsPerSample: {32}}, [][]byte{eight}, nil, "unsupported TIFF: samples of 32 bits"},
		{"floating point", le, tiffTags{tiffBitsPerSample: {32}, tiffSampleFormat: {3}}, [][]byte{eight}, nil, "unsupported TIFF: 32-bit floating-point samples"},
		{"signed", le, tiffTags{tiffSampleFormat: {2}}, [][]byte{eight}, nil, "unsupported TIFF: signed samples"},
		{"complex", le, tiffTags{tiffSampleFormat: {6}}, [][]byte{eight}, nil, "unsupported TIFF: sample format 6"},
		{"unequal samples", le, three.with(tiffTags{tiffBitsPerSample: {5, 6, 5}}), [][]byte{eight}, nil, "unsupported TIFF: samples of different sizes"},
		{"RGB of 4 bits", le, three.with(tiffTags{tiffBitsPerSample: {4, 4, 4}}), [][]byte{eight}, nil, "unsupported TIFF: 3 samples a pixel of 4 bits"},
		{"two samples for RGB", le, three.with(tiffTags{tiffSamplesPerPixel: {2}}), [][]byte{eight}, nil, "damaged TIFF: 2 samples a pixel for 3 channels"},
		{"40 samples", le, tiffTags{tiffSamplesPerPixel: {40}}, [][]byte{eight}, nil, "unsupported TIFF: 40 samples a pixel"},
		{"predictor of floats", le, tiffTags{tiffCompression: {tiffDeflate}, tiffPredictor: {3}}, [][]byte{eight}, nil, "unsupported TIFF: predictor 3 with 8-bit samples"},
		{"predictor of bits", le, bw.with(tiffTags{tiffCompression: {tiffDeflate}, tiffPredictor: {2}}), [][]byte{eight}, nil, "unsupported TIFF: predictor 2 with 1-bit samples"},
		{"Deflate that is damaged", le, tiffTags{tiffCompression: {tiffDeflate}}, [][]byte{eight}, nil, "damaged TIFF: zlib: invalid header"},
		{"YCbCr", le, three.with(tiffTags{tiffPhotometric: {tiffYCbCr}}), [][]byte{eight}, nil, "unsupported TIFF: YCbCr without JPEG compression"},
		{"CIELAB", le, three.with(tiffTags{tiffPhotometric: {8}}), [][]byte{eight}, nil, "unsupported TIFF: CIELAB colour"},
		{"mask", le, tiffTags{tiffPhotometric: {4}}, [][]byte{eight}, nil, "unsupported TIFF: a transparency mask"},
		{"raw data", le, tiffTags{tiffPhotometric: {32803}}, [][]byte{eight}, nil, "unsupported TIFF: a camera's raw data"},
		{"LogLuv", le, tiffTags{tiffPhotometric: {32845}}, [][]byte{eight}, nil, "unsupported TIFF: LogLuv colour"},
		{"unheard-of colour", le, tiffTags{tiffPhotometric: {99}}, [][]byte{eight}, nil, "unsupported TIFF: color model 99"},
		{"no pixels", le, tiffTags{tiffWidth: {0}}, [][]byte{eight}, nil, "damaged TIFF: it claims 0x2 pixels"},
		{"too wide", le, tiffTags{tiffWidth: {1 << 31}}, [][]byte{eight}, nil, "damaged TIFF: it claims 2147483648x2 pixels"},
		{"huge tiles", le, tiffTags{tiffTileWidth: {1 << 20}, tiffTileLength: {16}}, [][]byte{eight}, nil, "damaged TIFF: tiles of 1048576x16 pixels"},
		{"preview of a raw file", le, tiffTags{tiffNewSubfileType: {1}, tiffSubIFDs: {8}}, [][]byte{eight}, nil, "unsupported TIFF: it holds a preview only, as the raw files of cameras do"},
		{"JPEG that is none", le, tiffTags{tiffCompression: {tiffJPEG}}, [][]byte{eight}, nil, "damaged TIFF: a strip or tile is no JPEG"},
		{"JPEG of another height", le, tiffTags{tiffCompression: {tiffJPEG}}, [][]byte{jpegBytes(t, image.NewGray(image.Rect(0, 0, 4, 9)))}, nil, "damaged TIFF: a strip or tile of 4x9 pixels instead of 4x2"},
		{"JPEG of other channels", le, tiffTags{tiffCompression: {tiffJPEG}}, [][]byte{jpegBytes(t, photo(4, 2))}, nil, "damaged TIFF: a strip or tile has another number of channels"},
		{"JPEG in planes", le, three.with(tiffTags{tiffCompression: {tiffJPEG}, tiffPlanar: {2}}), [][]byte{eight}, nil, "unsupported TIFF: JPEG compression of separate planes"},
		{"JPEG of 16 bits", le, tiffTags{tiffCompression: {tiffJPEG}, tiffBitsPerSample: {16}}, [][]byte{eight}, nil, "unsupported TIFF: 16-bit samples in JPEG compression"},
		{"JPEG with alpha", le, four.with(tiffTags{tiffCompression: {tiffJPEG}}), [][]byte{eight}, nil, "unsupported TIFF: JPEG compression with extra samples or a palette"},
	} {
		p, err := Decode(tiffFile(tt.order, []tiffTags{grayTags().with(tt.tags)}, tt.blocks...), DefaultLimits())
		if tt.reason != "" {
			checkReason(t, tt.name, err, tt.reason)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := p.RGB().Pix; !bytes.Equal(tt.want, got) {
			t.Errorf("%s: pixels %v, want %v", tt.name, got, tt.want)
		}
	}
}

func checkReason(t *testing.T, name string, err error, want string) {
	t.Helper()
	var bad *fault.PictureError
	if !errors.As(err, &bad) || bad.Transient || bad.Stage != fault.StageDecode || bad.Reason != want {
		t.Errorf("%s: error %v, want the reason %q", name, err, want)
	}
}

func TestTIFFPages(t *testing.T) {
	t.Parallel()
	page := grayTags()
	dark := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	reduced, mask := page.with(tiffTags{tiffNewSubfileType: {1}, tiffWidth: {2}}), page.with(tiffTags{tiffNewSubfileType: {4}})
	old := page.with(tiffTags{tiffSubfileType: {2}, tiffWidth: {2}})
	for _, tt := range []struct {
		name   string
		dirs   []tiffTags
		reason string
	}{
		{"one", []tiffTags{page}, ""},
		{"with a thumbnail", []tiffTags{page, reduced}, ""},
		{"with a thumbnail in the old way", []tiffTags{page, old}, ""},
		{"with a mask", []tiffTags{page, mask, reduced}, ""},
		{"thumbnail first", []tiffTags{reduced, page}, ""},
		{"two", []tiffTags{page, page}, "TIFF with 2 pages: split it, a coloured picture has one"},
		{"three and a thumbnail", []tiffTags{page, reduced, page, page}, "TIFF with 3 pages: split it, a coloured picture has one"},
	} {
		p, err := Decode(tiffFile(binary.LittleEndian, tt.dirs, dark), DefaultLimits())
		if tt.reason != "" {
			checkReason(t, tt.name, err, tt.reason)
			continue
		}
		if err != nil || p.Width != 4 || !bytes.Equal(p.Gray().Pix, dark) {
			t.Errorf("%s: %+v, %v", tt.name, p, err)
		}
	}
	only, err := Decode(tiffFile(binary.LittleEndian, []tiffTags{reduced}, dark), DefaultLimits())
	if err != nil || only.Width != 2 {
		t.Errorf("a thumbnail alone: %+v, %v", only, err)
	}
	// A chain that leads into nowhere, or in a circle.
	file := tiffFile(binary.LittleEndian, []tiffTags{page}, dark)
	f, _ := ifd.Open(file)
	d, _ := f.Dir(f.First)
	binary.LittleEndian.PutUint32(file[d.At+d.Size-4:], 1<<30)
	if _, err := Decode(file, DefaultLimits()); err != nil {
		t.Errorf("a broken chain: %v", err)
	}
	binary.LittleEndian.PutUint32(file[d.At+d.Size-4:], f.First)
	if _, err := Decode(file, DefaultLimits()); err != nil {
		t.Errorf("a circle: %v", err)
	}
}

// The files are libtiff's by way of Pillow 13, but for tiles, planes and
// predictors, which tifffile 2026.3.3 wrote. The pictures follow from formulas.
func TestTIFFFiles(t *testing.T) {
	t.Parallel()
	const w, h = 70, 45
	bits, colors, deep := NewRGB(w, h), NewRGB(w, h), NewRGB(w, h)
	for i := range w * h {
		x, y := i%w, i/w
		if (x/7+y/5)%3 == 0 {
			copy(bits.Pix[3*i:], []uint8{255, 255, 255})
		}
		copy(colors.Pix[3*i:], []uint8{uint8(3 * x), uint8(5 * y), uint8(x + 2*y)})
		level := func(y int) uint16 { return uint16(900*x + 13*y) }
		copy(deep.Pix[3*i:], []uint8{uint8(level(y) >> 8), uint8(level(h-1-y) >> 8), uint8(level(y) / 2 >> 8)})
	}
	red := NewRGB(w, h)
	for i := range red.Pix {
		red.Pix[i] = colors.Pix[i/3*3]
	}
	for _, tt := range []struct {
		name, kind string
		want       *RGB
		slack      int
		reason     string
	}{
		{"group3", "*image.Gray", bits, 0, ""},
		{"group4", "*image.Gray", bits, 0, ""},
		{"group4-lsb", "*image.Gray", bits, 0, ""},
		{"group4-white-is-zero", "*image.Gray", bits, 0, ""},
		{"jpeg-gray", "*image.Gray", red, 4, ""},
		{"jpeg-rgb", "*pixel.RGB", colors, 8, ""},
		{"jpeg-ycbcr", "*image.YCbCr", colors, 12, ""},
		{"jpeg-tiles", "*image.YCbCr", colors, 12, ""},
		{"lzw-predictor-16-planes", "*pixel.RGB48", deep, 0, ""},
		{"deflate-tiles-predictor", "*pixel.RGB", colors, 0, ""},
		{"group3-2d", "", nil, 0, "unsupported TIFF: CCITT Group 3 in two dimensions"},
		{"ccitt-rle", "", nil, 0, "unsupported TIFF: compression 2 (CCITT run lengths)"},
	} {
		data := tiffTestdata(t, tt.name)
		p, err := Decode(data, DefaultLimits())
		if tt.reason != "" {
			checkReason(t, tt.name, err, tt.reason)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if kind := typeName(p.Image); kind != tt.kind {
			t.Errorf("%s: decoded to %s, want %s", tt.name, kind, tt.kind)
		}
		want, got := tt.want, p.RGB()
		if tt.name == "jpeg-tiles" { // its encoder mixed the edges with black
			want, got = corner(want, 64, 32), corner(got, 64, 32)
		}
		if d := maxDiff(want, got); d > tt.slack {
			t.Errorf("%s: differs by %d, want at most %d", tt.name, d, tt.slack)
		}
		if _, err := Decode(data[:len(data)/2], DefaultLimits()); err == nil {
			t.Errorf("%s: half of it was decoded", tt.name)
		}
	}
}

func corner(m *RGB, w, h int) *RGB {
	out := NewRGB(w, h)
	for y := range h {
		copy(out.row(y), m.row(y))
	}
	return out
}

func tiffTestdata(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "tiff", name+".tif"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// golang.org/x/image/tiff is the reference for what it reads rightly.
func TestTIFFAgainstReference(t *testing.T) {
	t.Parallel()
	const w, h = 67, 43
	rgb := photo(w, h)
	gray16, rgba64, nrgba := image.NewGray16(rgb.Bounds()), image.NewRGBA64(rgb.Bounds()), image.NewNRGBA(rgb.Bounds())
	for i := range w * h {
		x, y := i%w, i/w
		gray16.SetGray16(x, y, color.Gray16{Y: uint16(i * 71)})
		rgba64.SetRGBA64(x, y, color.RGBA64{R: uint16(i * 3), G: uint16(i * 5), B: uint16(i), A: 0xffff})
		nrgba.SetNRGBA(x, y, color.NRGBA{R: uint8(x), G: uint8(y), B: uint8(i), A: uint8(2 * i)})
	}
	for _, m := range []image.Image{rgb, rgb.Luma(), gray16, rgba64, nrgba, sticker(40)} {
		for _, o := range []tiff.Options{{}, {Compression: tiff.Deflate}, {Compression: tiff.Deflate, Predictor: true}} {
			data := encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, &o) })
			want, err := tiff.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			p, err := Decode(data, DefaultLimits())
			if err != nil || maxDiff(toRGB(want), p.RGB()) != 0 {
				t.Errorf("%T, %+v: %v, differs by %d", m, o, err, maxDiff(toRGB(want), p.RGB()))
			}
		}
	}
}

// A header that claims much must not cost much, and neither must its tiles.
func TestTIFFBombs(t *testing.T) { // not parallel: it measures the whole process
	big := grayTags().with(tiffTags{tiffWidth: {9000}, tiffHeight: {9000}, tiffRowsPerStrip: {9000}})
	huge := big.with(tiffTags{tiffWidth: {20000}, tiffHeight: {10000}})
	tables := make([]uint32, 17<<10)
	jpegFile := jpegBytes(t, photo(8, 8).Luma())
	for name, data := range map[string][]byte{
		"above the limit": tiffFile(binary.LittleEndian, []tiffTags{huge}, make([]byte, 100)),
		"no compression":  tiffFile(binary.LittleEndian, []tiffTags{big}, make([]byte, 100)),
		"LZW":             tiffFile(binary.LittleEndian, []tiffTags{big.with(tiffTags{tiffCompression: {tiffLZW}})}, make([]byte, 100)),
		"Deflate":         tiffFile(binary.LittleEndian, []tiffTags{big.with(tiffTags{tiffCompression: {tiffDeflate}})}, make([]byte, 100)),
		"JPEG":            tiffFile(binary.LittleEndian, []tiffTags{big.with(tiffTags{tiffCompression: {tiffJPEG}})}, bigJPEG(t, 9000, 9000)),
		"JPEG of another size": tiffFile(binary.LittleEndian, []tiffTags{grayTags().with(tiffTags{tiffCompression: {tiffJPEG}})},
			bigJPEG(t, 9000, 9000), make([]byte, 1<<20)),
		"JPEG's tables": tiffFile(binary.LittleEndian, []tiffTags{grayTags().with(tiffTags{tiffCompression: {tiffJPEG}, tiffJPEGTables: tables})}, jpegFile),
	} {
		var err error
		n := allocated(func() { _, err = Decode(data, DefaultLimits()) })
		if err == nil || n > 1<<20 {
			t.Errorf("%s: refusing (%v) allocates %d bytes", name, err, n)
		}
	}
}

// Against the reference wherever both know the form; nothing panics, and every
// fault is a picture's.
func FuzzTIFF(f *testing.F) {
	for _, name := range []string{"group3", "group4", "jpeg-tiles", "jpeg-ycbcr", "lzw-predictor-16-planes", "deflate-tiles-predictor"} {
		f.Add(tiffTestdata(f, name))
	}
	f.Add(tiffFile(binary.LittleEndian, []tiffTags{grayTags().with(tiffTags{tiffBitsPerSample: {4}})}, make([]byte, 8)))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return tiff.Encode(b, photo(9, 7), nil) }))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, ok := ifd.Open(data); !ok {
			return
		}
		p, err := Decode(data, Limits{MaxPixels: 1 << 16, MaxBytes: 1 << 16})
		if err != nil {
			if _, ok := errors.AsType[*fault.PictureError](err); !ok || strings.Contains(err.Error(), "gave up") {
				t.Errorf("error of type %T: %v", err, err)
			}
			return
		}
		got := p.RGB()
		h, err := openTIFF(data)
		if err != nil || h.planar || h.compression == tiffG3 || h.compression == tiffG4 || h.compression == tiffJPEG || orientationOfTIFF(data) != 1 ||
			h.dir.Uint(tiffFillOrder, 1) == 2 || h.dir.At != int(h.file.First) || h.photometric == tiffPalette {
			return
		}
		if want, err := tiff.Decode(bytes.NewReader(data)); err == nil && h.dir.Uint(tiffPredictor, 1) != 2 && maxDiff(toRGB(want), got) != 0 {
			t.Errorf("differs from the reference by %d", maxDiff(toRGB(want), got))
		}
	})
}
