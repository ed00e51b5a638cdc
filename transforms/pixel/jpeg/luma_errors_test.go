// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"errors"
	std "image/jpeg"
	"io"
	"os"
	"strings"
	"testing"
)

// TestReadLumaNotCovered changes sound files to ones that Decode may read but
// a baseline file cannot hold.
func TestReadLumaNotCovered(t *testing.T) {
	files := testFiles(t)
	change := func(name, from, to string) []byte {
		data := files[name]
		if strings.Count(string(data), from) != 1 {
			t.Fatalf("%s has %q %d times", name, from, strings.Count(string(data), from))
		}
		return []byte(strings.Replace(string(data), from, to, 1))
	}
	gray := noise{w: 33, h: 9, sampling: []byte{0x11}}
	tests := []struct {
		name, reason string
		data         []byte
	}{
		{"arithmetic", "unknown marker", change("gray 33x9", "\xff\xc0", "\xff\xc9")},
		{"lossless", "unknown marker", change("gray 33x9", "\xff\xc0", "\xff\xc3")},
		{"12 bits", "precision", change("gray 33x9", "\xff\xc0\x00\x0b\x08", "\xff\xc1\x00\x0b\x0c")},
		{"CMYK", "number of components", files["cmyk.jpg"]},
		{"RGB", "red, green and blue", files["rgb.jpg"]},
		{"chroma finer than luma", "subsampling", change("444 33x9", "\x01\x11\x00\x02\x11\x00", "\x01\x11\x00\x02\x21\x00")},
		{"quantization of 16 bits", "quantization", change("gray 65x65 loud", "\x83\x10\x00", "\x83\x10\x01")},
		{"two scans of luma", "more than one scan", twice(t, gray.encode())},
		{"no scan of luma", "no scan", withoutLuma(t, noise{w: 33, h: 9, sampling: []byte{0x11, 0x11, 0x11}, separate: true}.encode())},
		{"no picture", "empty", change("gray 33x9", "\x00\x09\x00\x21", "\x00\x09\x00\x00")},
		{"a size that baseline files do not have", "Huffman table", change("gray 33x9", "\xfa\xf0", "\xfb\xf0")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := ReadLuma(test.data)
			if l != nil || !errors.Is(err, ErrNotCovered) || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want %v: %s", err, ErrNotCovered, test.reason)
			}
		})
	}
}

// twice repeats a file's only scan.
func twice(tb testing.TB, data []byte) []byte {
	tb.Helper()
	at := bytes.Index(data, []byte{0xff, markerSOS})
	if at < 0 {
		tb.Fatal("no scan")
	}
	scan := data[at : len(data)-2]
	return append(append(bytes.Clone(data[:len(data)-2]), scan...), 0xff, markerEOI)
}

// withoutLuma takes the first scan from a file.
func withoutLuma(tb testing.TB, data []byte) []byte {
	tb.Helper()
	parts := bytes.SplitN(data, []byte{0xff, markerSOS}, 3)
	if len(parts) != 3 {
		tb.Fatal("less than two scans")
	}
	return bytes.Join([][]byte{parts[0], parts[2]}, []byte{0xff, markerSOS})
}

// TestReadLumaErrors cuts and changes files: ReadLuma fails where Decode does,
// with its error, or does not cover them.
func TestReadLumaErrors(t *testing.T) {
	files := testFiles(t)
	c, o := waves(8, 5), WriteOptions{Quality: 75}
	for _, name := range []string{
		"420 34x19", "444 9x9", "gray 33x9", "422 33x9", "progressive-420.jpg", "progressive-gray.jpg", "progressive-444-restart.jpg",
	} {
		data, ok := files[name]
		if !ok {
			t.Fatalf("no file %q", name)
		}
		t.Run(name, func(t *testing.T) {
			for cut := range data {
				compareLuma(t, data[:cut], c, o)
			}
			bad := bytes.Clone(data)
			for i := range bad {
				bad[i] ^= 0x11
				if i%3 == 0 {
					bad[i] = 0xff
				}
				compareLuma(t, bad, c, o)
				bad[i] = data[i]
			}
		})
	}
}

// compareLuma compares ReadLuma with Decode at full size, and what WriteColor
// makes of it with the source. Where a progressive file is damaged, scans of
// chroma that are passed over may make a difference.
func compareLuma(tb testing.TB, data []byte, c Chroma, o WriteOptions) {
	tb.Helper()
	cfg, err := std.DecodeConfig(bytes.NewReader(data))
	if err == nil && cfg.Width*cfg.Height > 1<<17 {
		return
	}
	progressive := bytes.Contains(data, []byte{0xff, markerSOF2})
	l, err := ReadLuma(data)
	want, wantErr := Decode(data, 1)
	switch {
	case errors.Is(err, ErrNotCovered):
		return
	case kind(err) != kind(wantErr) && (!progressive || err != nil):
		tb.Fatalf("got %v, want %v", err, wantErr)
	case err != nil:
		return
	}
	full := l.Reduced(1)
	if !progressive {
		samePlane(tb, "Reduced", full, plane(want))
	}
	checkColored(tb, l, full, colored(tb, l, c, o))
}

func FuzzWriteColor(f *testing.F) {
	for name, data := range testFiles(f) {
		if len(data) < 3000 && (strings.HasSuffix(name, ".jpg") || strings.Contains(name, "65x65") || strings.Contains(name, "33x9")) {
			f.Add(data, uint8(4), uint8(2), uint8(75))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, w, h, quality uint8) {
		LumaBytes(data)
		o := WriteOptions{Quality: 1 + int(quality)%100}
		if quality > 100 {
			o.Fit = func(luma, cb, cr float32) (float32, float32) { return cb * luma, cr * luma }
		}
		compareLuma(t, data, speckles(1+int(w)%64, 1+int(h)%64, 100), o)
	})
}

// failing fails after some bytes.
type failing struct{ left int }

func (w *failing) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestWriteColorErrors(t *testing.T) {
	l, err := ReadLuma(noise{w: 200, h: 300, sampling: []byte{0x11}, loud: true}.encode())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		c    Chroma
		o    WriteOptions
		want string
	}{
		"quality 0":   {waves(3, 3), WriteOptions{}, "quality must be in [1, 100], got 0"},
		"quality 101": {waves(3, 3), WriteOptions{Quality: 101}, "quality must be in [1, 100], got 101"},
		"no chroma":   {Chroma{}, WriteOptions{Quality: 90}, "chroma must have"},
		"short plane": {Chroma{Cb: make([]float32, 4), Cr: make([]float32, 3), Width: 2, Height: 2}, WriteOptions{Quality: 90}, "chroma must have"},
		"a marker":    {waves(3, 3), WriteOptions{Quality: 90, Segments: []Segment{{Marker: markerDQT}}}, "segment 0 must be"},
		"a long one":  {waves(3, 3), WriteOptions{Quality: 90, Segments: []Segment{{markerAPP0, make([]byte, 65534)}}}, "segment 0 must hold"},
	} {
		if err := l.WriteColor(io.Discard, test.c, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	whole := len(colored(t, l, waves(3, 3), WriteOptions{Quality: 90}))
	for left := 0; left < whole; left += whole / 7 {
		if err := l.WriteColor(&failing{left}, waves(3, 3), WriteOptions{Quality: 90}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after %d bytes: got %v, want %v", left, err, os.ErrClosed)
		}
	}
}
