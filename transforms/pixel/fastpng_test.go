// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"hash/adler32"
	"image"
	"image/draw"
	"image/png"
	"io"
	"math/rand/v2"
	"testing"
)

// pngOf returns a PNG around the zlib stream of its rows.
func pngOf(width, height int, colorType uint8, idat []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	head = append(head, 8, colorType, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head)...)
	b = append(b, pngChunk("IDAT", idat)...)
	return append(b, pngChunk("IEND", nil)...)
}

func zlibBytes(tb testing.TB, raw []byte, level int) []byte {
	tb.Helper()
	return encoded(tb, func(b *bytes.Buffer) error {
		z, err := zlib.NewWriterLevel(b, level)
		if err != nil {
			return err
		}
		if _, err := z.Write(raw); err != nil {
			return err
		}
		return z.Close()
	})
}

// checkFast decodes by the fast path and by image/png, and reports whether the
// first did.
func checkFast(t *testing.T, data []byte) bool {
	t.Helper()
	got := fastPNG(data)
	if got == nil {
		return false
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("image/png says: %v", err)
	}
	samePixels(t, want, got)
	return true
}

func samePixels(t *testing.T, want, got image.Image) {
	t.Helper()
	b := want.Bounds()
	if got.Bounds() != b {
		t.Fatalf("bounds %v, want %v", got.Bounds(), b)
	}
	x, y := image.NewNRGBA(b), image.NewNRGBA(b)
	draw.Draw(x, b, want, b.Min, draw.Src)
	draw.Draw(y, b, got, b.Min, draw.Src)
	if !bytes.Equal(x.Pix, y.Pix) {
		t.Fatal("pixels differ")
	}
}

// colorTypes are those of the fast path, by the number of channels.
var colorTypes = map[int]uint8{1: 0, 3: 2, 4: 6}

// Each filter, also on the first row, for every number of channels.
func TestFastPNGFilters(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for channels, colorType := range colorTypes {
		for _, width := range []int{1, 2, 3, 4, 5, 40} {
			var raw []byte
			for y := range 20 {
				raw = append(raw, byte((y+width)%5))
				for range width * channels {
					raw = append(raw, byte(rng.Uint32()))
				}
			}
			if !checkFast(t, pngOf(width, 20, colorType, zlibBytes(t, raw, flate.DefaultCompression))) {
				t.Errorf("%d channels, width %d: not taken", channels, width)
			}
			raw[len(raw)-1-width*channels] = 5
			if fastPNG(pngOf(width, 20, colorType, zlibBytes(t, raw, flate.DefaultCompression))) != nil {
				t.Errorf("%d channels, width %d: filter type 5 was accepted", channels, width)
			}
		}
	}
}

// Streams that do not fill the picture exactly are image/png's business, also
// for a pooled decoder that has seen one before.
func TestFastPNGStreams(t *testing.T) {
	t.Parallel()
	const width, height = 7, 5
	raw := make([]byte, height*(1+width))
	for i := range raw {
		raw[i] = byte(i * i % 5)
	}
	good := zlibBytes(t, raw, flate.BestCompression)
	badSum := bytes.Clone(good)
	badSum[len(badSum)-1]++
	tests := []struct {
		name string
		idat []byte
		want bool
	}{
		{"good", good, true},
		{"empty", []byte{0}, false},
		{"not zlib", []byte("no such stream"), false},
		{"preset dictionary", []byte{0x78, 0xbb, 1, 2, 3, 4, 3, 0}, false},
		{"bad checksum", badSum, false},
		{"no checksum", good[:len(good)-4], false},
		{"half", good[:len(good)/2], false},
		{"a byte more in the stream", zlibBytes(t, append(bytes.Clone(raw), 0), flate.BestCompression), false},
		{"a byte less in the stream", zlibBytes(t, raw[:len(raw)-1], flate.BestCompression), false},
		{"a byte behind the stream", append(bytes.Clone(good), 0), false},
		{"stored", zlibBytes(t, raw, flate.NoCompression), true},
	}
	var d pngDecoder
	for _, tt := range tests {
		data := pngOf(width, height, 0, tt.idat)
		if got := checkFast(t, data); got != tt.want {
			t.Errorf("%s: taken is %v, want %v", tt.name, got, tt.want)
		}
		h, ok := parsePNG(data)
		if got := d.inflate(h); !ok || (got != nil) != tt.want || got != nil && !bytes.Equal(raw, got) {
			t.Errorf("%s: a used decoder gave %v", tt.name, got)
		}
	}
}

// The fast path must be taken for what the encoders write, or it is useless.
func TestFastPNGTaken(t *testing.T) {
	t.Parallel()
	flat := image.NewGray(image.Rect(0, 0, 300, 200)) // long matches and, compressed at the fastest, fixed codes
	for i, m := range []image.Image{photo(90, 80), photo(90, 80).Luma(), sticker(70), photo(1, 1), photo(3, 300), flat} {
		for _, level := range []png.CompressionLevel{png.NoCompression, png.BestSpeed, png.DefaultCompression, png.BestCompression} {
			data := encoded(t, func(b *bytes.Buffer) error { return (&png.Encoder{CompressionLevel: level}).Encode(b, m) })
			got := fastPNG(data)
			if got == nil {
				t.Errorf("picture %d, level %v: not taken", i, level)
				continue
			}
			samePixels(t, m, got)
		}
	}
	for _, kind := range []string{"eXIf", "tEXt"} {
		data := pngBytes(t, photo(8, 8))
		if fastPNG(append(data[:33:33], append(pngChunk(kind, []byte("hello")), data[33:]...)...)) == nil {
			t.Errorf("a %s chunk stops the fast path", kind)
		}
	}
}

// What the fast path returns, image/png must return too: for whole files, and
// for what would seldom pass the checksums, namely filtered rows and deflate
// streams.
func FuzzFastPNG(f *testing.F) {
	const file, rows, stream = 0, 1, 2
	for _, m := range []image.Image{photo(9, 7), photo(9, 7).Luma(), sticker(8), photo(1, 1), image.NewGray(image.Rect(0, 0, 60, 20))} {
		for _, level := range []png.CompressionLevel{png.NoCompression, png.BestSpeed, png.BestCompression} {
			data := encoded(f, func(b *bytes.Buffer) error { return (&png.Encoder{CompressionLevel: level}).Encode(b, m) })
			h, ok := parsePNG(data)
			if !ok {
				f.Fatal("image/png wrote what the fast path refuses")
			}
			raw := new(pngDecoder).inflate(h)
			idat := bytes.Join(h.idat, nil)
			f.Add(uint8(file), uint8(0), uint8(0), uint8(0), data)
			f.Add(uint8(rows), uint8(h.width), uint8(h.height), uint8(h.channels), raw)
			f.Add(uint8(stream), uint8(h.width), uint8(h.height), uint8(h.channels), idat[2:len(idat)-4])
		}
	}
	f.Fuzz(func(t *testing.T, kind, width, height, channels uint8, data []byte) {
		colorType, ok := colorTypes[int(channels)]
		switch {
		case kind == file:
			if h, ok := parsePNG(data); ok && h.rawSize() <= 1<<20 {
				checkFast(t, data)
			}
		case !ok || width == 0 || height == 0:
		case kind == rows:
			n := int(height) * (1 + int(width)*int(channels))
			raw := append(bytes.Clone(data), make([]byte, n)...)[:n]
			for i := 0; i < n; i += 1 + int(width)*int(channels) {
				raw[i] %= 5
			}
			if !checkFast(t, pngOf(int(width), int(height), colorType, zlibBytes(t, raw, flate.BestSpeed))) {
				t.Error("not taken")
			}
		case kind == stream:
			raw, _ := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), 1<<20))
			idat := append([]byte{0x78, 0x9c}, data...)
			idat = binary.BigEndian.AppendUint32(idat, adler32.Checksum(raw))
			checkFast(t, pngOf(int(width), int(height), colorType, idat))
		}
	})
}
