// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	std "image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testFiles returns small files of every kind by name.
func testFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	files := map[string][]byte{}
	for _, s := range []struct {
		name     string
		sampling []byte
	}{
		{"gray", []byte{0x11}}, {"gray-2x2", []byte{0x22}},
		{"444", []byte{0x11, 0x11, 0x11}}, {"422", []byte{0x21, 0x11, 0x11}}, {"440", []byte{0x12, 0x11, 0x11}},
		{"420", []byte{0x22, 0x11, 0x11}}, {"411", []byte{0x41, 0x11, 0x11}}, {"410", []byte{0x42, 0x11, 0x11}},
		{"422-of-2x2", []byte{0x22, 0x12, 0x12}}, {"440-of-2x2", []byte{0x22, 0x21, 0x21}},
	} {
		for _, n := range []noise{
			{w: 67, h: 41}, {w: 67, h: 41, loud: true}, {w: 40, h: 70, restart: 3}, {w: 33, h: 9, separate: true},
			{w: 65, h: 65, restart: 1, wide: true, fill: true, loud: true}, {w: 66, h: 43, progressive: true}, {w: 34, h: 19, restart: 1, fill: true},
		} {
			n.sampling = s.sampling
			files[fmt.Sprintf("%s %dx%d", s.name, n.w, n.h)+map[bool]string{true: " loud"}[n.loud]] = n.encode()
		}
		for side := 1; side <= 17; side++ {
			n := noise{w: side, h: 18 - side, sampling: s.sampling}
			files[fmt.Sprintf("%s %dx%d", s.name, n.w, n.h)] = n.encode()
		}
	}
	paths, err := filepath.Glob("testdata/*.jpg")
	if err != nil || len(paths) < 7 {
		tb.Fatalf("testdata: %v, %v", paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

// TestDecodeFull compares every pixel with image/jpeg's.
func TestDecodeFull(t *testing.T) {
	for name, data := range testFiles(t) {
		t.Run(name, func(t *testing.T) {
			want, wantErr := std.Decode(bytes.NewReader(data))
			got, err := Decode(data, 1)
			if name == "cmyk.jpg" {
				if err == nil || wantErr != nil {
					t.Fatalf("four components: got %v, image/jpeg %v", err, wantErr)
				}
				return
			}
			if name == "progressive-420-restart.jpg" {
				if err != nil || wantErr == nil {
					t.Fatalf("restart intervals: got %v, image/jpeg %v", err, wantErr)
				}
				return // TestProgressiveRestart has its pixels
			}
			if err != nil || wantErr != nil {
				t.Fatalf("error: got %v, want %v", err, wantErr)
			}
			same(t, got, want)
		})
	}
}

// same checks type, size and pixels.
func same(tb testing.TB, got, want image.Image) {
	tb.Helper()
	if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) || got.Bounds() != want.Bounds() {
		tb.Fatalf("got %T %v, want %T %v", got, got.Bounds(), want, want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if g, w := got.At(x, y), want.At(x, y); g != w {
				tb.Fatalf("pixel (%d, %d): got %v, want %v", x, y, g, w)
			}
		}
	}
}

// channels returns a pixel's numbers as the file has them.
func channels(m image.Image, x, y int) [3]float64 {
	switch c := m.At(x, y).(type) {
	case color.YCbCr:
		return [3]float64{float64(c.Y), float64(c.Cb), float64(c.Cr)}
	case color.Gray:
		return [3]float64{float64(c.Y)}
	case color.RGBA:
		return [3]float64{float64(c.R), float64(c.G), float64(c.B)}
	}
	panic("unknown type of picture")
}

// TestDecodeReduced compares with the mean of the pixels that one stands for.
// Only at 1/8, for what is reduced by as much, is that exactly what a pixel is.
func TestDecodeReduced(t *testing.T) {
	// The largest errors of one pixel and their root mean square, for luma.
	limits := map[int]struct{ worst, rms float64 }{8: {1.01, 0.5}, 4: {13, 4}, 2: {26, 7}}
	for name, data := range testFiles(t) {
		full, err := Decode(data, 1)
		if err != nil || strings.Contains(name, "loud") {
			continue // those are the previous test's
		}
		for reduction, limit := range limits {
			t.Run(fmt.Sprintf("%s 1 of %d", name, reduction), func(t *testing.T) {
				m, err := Decode(data, reduction)
				if err != nil {
					t.Fatal(err)
				}
				size := full.Bounds().Size()
				want := image.Rect(0, 0, (size.X+reduction-1)/reduction, (size.Y+reduction-1)/reduction)
				if m.Bounds() != want {
					t.Fatalf("bounds: got %v, want %v", m.Bounds(), want)
				}
				worst, sum, count := 0.0, 0.0, 0
				for y := range size.Y / reduction { // pixels that the edge cuts stand for more than there is
					for x := range size.X / reduction {
						mean := 0.0
						for j := range reduction * reduction {
							mean += channels(full, x*reduction+j%reduction, y*reduction+j/reduction)[0]
						}
						e := math.Abs(channels(m, x, y)[0] - mean/float64(reduction*reduction))
						worst, sum, count = max(worst, e), sum+e*e, count+1
					}
				}
				if rms := math.Sqrt(sum / float64(max(count, 1))); worst > limit.worst || (count > 30 && rms > limit.rms) {
					t.Errorf("differs from the mean by %.2f at worst and %.2f (rms), want at most %v", worst, rms, limit)
				}
			})
		}
	}
}

// TestChromaKeepsDetail checks that what 4:2:0 halves already is not halved
// again, and that such chroma is the full picture's mean.
func TestChromaKeepsDetail(t *testing.T) {
	data := noise{w: 128, h: 96, sampling: []byte{0x22, 0x11, 0x11}}.encode()
	full, err := Decode(data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for reduction, limit := range map[int]float64{2: 0, 4: 26, 8: 13} {
		m, err := Decode(data, reduction)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := m.(*image.YCbCr)
		if !ok || got.SubsampleRatio != image.YCbCrSubsampleRatio444 {
			t.Fatalf("1/%d: got %T, want 4:4:4", reduction, m)
		}
		if reduction == 2 && (!bytes.Equal(got.Cb, full.(*image.YCbCr).Cb) || !bytes.Equal(got.Cr, full.(*image.YCbCr).Cr)) {
			t.Error("1/2: chroma is not the full picture's")
		}
		for y := range got.Rect.Dy() {
			for x := range got.Rect.Dx() {
				var mean, meanCr float64
				for j := range reduction * reduction {
					c := channels(full, x*reduction+j%reduction, y*reduction+j/reduction)
					mean, meanCr = mean+c[1], meanCr+c[2]
				}
				n, c := float64(reduction*reduction), channels(got, x, y)
				if max(math.Abs(c[1]-mean/n), math.Abs(c[2]-meanCr/n)) > limit+0.01 {
					t.Fatalf("1/%d: chroma at (%d, %d): got %v, want %v and %v", reduction, x, y, c[1:], mean/n, meanCr/n)
				}
			}
		}
	}
}

// TestDecodeErrors cuts and changes files: the errors are image/jpeg's.
func TestDecodeErrors(t *testing.T) {
	files := testFiles(t)
	for _, name := range []string{
		"420 34x19", "444 9x9", "gray 33x9", "progressive-420.jpg", "progressive-gray.jpg",
		"progressive-444-restart.jpg", "rgb.jpg",
	} {
		data, ok := files[name]
		if !ok {
			t.Fatalf("no file %q", name)
		}
		t.Run(name, func(t *testing.T) {
			for cut := range data {
				compare(t, data[:cut], fmt.Sprintf("cut at %d", cut))
			}
			bad := bytes.Clone(data)
			for i := range bad {
				bad[i] ^= 0x10
				if i%2 == 0 {
					bad[i] = 0xff
				}
				compare(t, bad, fmt.Sprintf("byte %d is %#x", i, bad[i]))
				bad[i] = data[i]
			}
		})
	}
	if _, err := Decode(nil, 3); err == nil {
		t.Error("a reduction of 3 is accepted")
	}
}

// compare decodes at every size and compares errors, and at full size pixels,
// with image/jpeg. Where a progressive file is damaged within, scans that are
// passed over may make a difference, but not where its end is missing.
func compare(tb testing.TB, data []byte, what string) {
	tb.Helper()
	cfg, err := std.DecodeConfig(bytes.NewReader(data))
	if err == nil && (cfg.Width*cfg.Height > 1<<17 || cfg.ColorModel == color.CMYKModel) {
		return
	}
	if countedOtherwise(data) {
		for _, reduction := range []int{1, 2, 4, 8} {
			_, _ = Decode(data, reduction) // it must not panic
		}
		return
	}
	want, wantErr := std.Decode(bytes.NewReader(data))
	if want != nil && (want.Bounds().Dx()*want.Bounds().Dy() > 1<<17 || want.ColorModel() == color.CMYKModel) {
		return
	}
	for _, reduction := range []int{1, 2, 4, 8} {
		got, err := Decode(data, reduction)
		if err != nil && (strings.HasSuffix(err.Error(), "number of components") || strings.HasSuffix(err.Error(), "scans")) {
			return // image/jpeg may find something else later
		}
		if kind(err) != kind(wantErr) {
			if reduction > 1 && !strings.HasPrefix(what, "cut") && bytes.Contains(data, []byte{0xff, markerSOF2}) {
				continue
			}
			tb.Fatalf("%s, 1/%d: got %v, want %v", what, reduction, err, wantErr)
		}
		if err == nil && reduction == 1 {
			same(tb, got, want)
		}
	}
}

// kind is an error's text, or that the file is cut.
func kind(err error) string {
	text := fmt.Sprint(err)
	if strings.Contains(text, "EOF") || strings.Contains(text, "short Huffman data") {
		return "truncated"
	}
	return text
}

func FuzzReduced(f *testing.F) {
	for name, data := range testFiles(f) {
		if len(data) < 3000 && (strings.HasSuffix(name, ".jpg") || strings.Contains(name, "65x65") || strings.Contains(name, "33x9")) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data, "fuzzed") })
}
