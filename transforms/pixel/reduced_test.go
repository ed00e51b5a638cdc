// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// landscape returns waves of many lengths, the short ones weaker, and noise: a
// spectrum like that of photographs.
func landscape(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	wave := func(n int, phase float64) [3][]float64 {
		var waves [3][]float64
		for i := range waves {
			waves[i] = make([]float64, n)
			for x := range n {
				for octave := range 9 {
					f := math.Exp2(float64(octave)) * (1 + 0.37*float64(i))
					waves[i][x] += math.Sin(2*math.Pi*f*float64(x)/float64(w)+phase*f) / math.Sqrt(f)
				}
			}
		}
		return waves
	}
	across, down := wave(w, 0.7), wave(h, 1.9)
	noise := uint32(1)
	for y := range h {
		for x := range w {
			noise = noise*1664525 + 1013904223
			n := float64(noise>>16)/8192 - 4
			m.Y[y*m.YStride+x] = clamp8(int32(128 + 22*(across[0][x]+down[0][y]) + 14*across[1][x]*down[1][y] + n))
			if x%2+y%2 == 0 {
				i := m.COffset(x, y)
				m.Cb[i] = clamp8(int32(128 + 12*across[1][x] + 10*down[2][y]))
				m.Cr[i] = clamp8(int32(128 + 12*across[2][x]*down[0][y]))
			}
		}
	}
	return m
}

// twelveMegapixels returns a 4:2:0 baseline JPEG of quality 90.
var twelveMegapixels = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, landscape(4000, 3000), &stdjpeg.Options{Quality: 90}); err != nil {
		panic(err)
	}
	return b.Bytes()
})

func TestDecodeAtLeast(t *testing.T) {
	t.Parallel()
	rgb := photo(160, 128)
	file := jpegBytes(t, rgb)
	type size struct{ Width, Height, SourceWidth, SourceHeight int }
	tests := []struct {
		name string
		data []byte
		side int
		want size
	}{
		{"whole", file, 0, size{160, 128, 160, 128}},
		{"negative", file, -1, size{160, 128, 160, 128}},
		{"just an eighth", file, 16, size{20, 16, 160, 128}},
		{"a pixel tops", file, 17, size{40, 32, 160, 128}},
		{"just a quarter", file, 32, size{40, 32, 160, 128}},
		{"just a half", file, 64, size{80, 64, 160, 128}},
		{"more than a half", file, 65, size{160, 128, 160, 128}},
		{"more than there is", file, 500, size{160, 128, 160, 128}},
		{"rounded up", jpegBytes(t, photo(137, 121)), 16, size{18, 16, 137, 121}},
		{"turned", withExif(file, 6), 16, size{16, 20, 160, 128}},
		{"gray", jpegBytes(t, rgb.Gray(Formula601)), 16, size{20, 16, 160, 128}},
		{"CMYK", cmykJPEG(t, 2), 1, size{16, 16, 16, 16}},
		{"PNG", pngBytes(t, rgb), 16, size{160, 128, 160, 128}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := DecodeAtLeast(tt.data, DefaultLimits(), tt.side)
			if err != nil {
				t.Fatal(err)
			}
			got := size{p.Width, p.Height, p.SourceWidth, p.SourceHeight}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("size (-want +got):\n%s", diff)
			}
			if b := p.Image.Bounds(); b != image.Rect(0, 0, p.Width, p.Height) {
				t.Errorf("bounds: got %v", b)
			}
			// A picture of the right size may still be the wrong one.
			full, err := Decode(tt.data, DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			a, b := Resize(full.RGB(), 8, FitStretch, FilterLanczos), Resize(p.RGB(), 8, FitStretch, FilterLanczos)
			if psnr := PSNR(a, b); psnr < 25 {
				t.Errorf("%.1f dB from the full picture", psnr)
			}
		})
	}
}

// TestDecodeAtLeastCloseness bounds what reducing changes in a training
// picture, in decibels. It is most where the reduced picture has hardly more
// pixels than are asked for.
func TestDecodeAtLeastCloseness(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, landscape(1400, 1100), &stdjpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	full, err := Decode(b.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]float64{137: 34, 100: 35, 69: 36, 275: 37, 550: 45} {
		p, err := DecodeAtLeast(b.Bytes(), DefaultLimits(), size)
		if err != nil {
			t.Fatal(err)
		}
		if p.Width == full.Width {
			t.Errorf("%d px: not reduced", size)
		}
		psnr := PSNR(ResizeSquare(full.RGB(), size, FitCrop), ResizeSquare(p.RGB(), size, FitCrop))
		t.Logf("%d px of %dx%d: %.1f dB", size, p.Width, p.Height, psnr)
		if psnr < want {
			t.Errorf("%d px: %.1f dB, want at least %v", size, psnr, want)
		}
	}
}

// TestDecodeAtLeastErrors cuts files everywhere: reasons do not depend on the
// size that is asked for.
func TestDecodeAtLeastErrors(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"baseline": jpegBytes(t, photo(40, 24)), "gray": jpegBytes(t, photo(24, 40).Gray(Formula601)), "CMYK": cmykJPEG(t, 2),
	}
	paths, err := filepath.Glob("jpeg/testdata/*.jpg")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if files[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		for n := range data {
			_, want := Decode(data[:n], DefaultLimits())
			for _, side := range []int{1, 6, 11} {
				_, err := DecodeAtLeast(data[:n], DefaultLimits(), side)
				if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(err)); diff != "" {
					t.Fatalf("%s, %d bytes of %d, side %d (-full +reduced):\n%s", name, n, len(data), side, diff)
				}
				if _, ok := errors.AsType[*fault.PictureError](err); !ok {
					t.Fatalf("%s, %d bytes: error of type %T", name, n, err)
				}
			}
		}
	}
	const want = "decode: 160x128 pixels exceed the limit of 0.01 megapixels"
	if _, err := DecodeAtLeast(jpegBytes(t, photo(160, 128)), Limits{MaxPixels: 10000}, 8); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s: limits are those of the file, not of what is asked for", err, want)
	}
}

func TestDecodeAtLeastAllocation(t *testing.T) { // not parallel: it measures the whole process
	data := twelveMegapixels()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := DecodeAtLeast(data, DefaultLimits(), 256)
	runtime.ReadMemStats(&after)
	if err != nil || p.Width != 500 || p.Height != 375 {
		t.Fatalf("got %+v, %v", p, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 5<<20 {
		t.Errorf("decoding 12 megapixels at 1/8 allocates %d bytes, want at most 5 MiB", got)
	}
}

// BenchmarkDecodeAtLeast decodes 12 megapixels; MB/s are those of the file.
func BenchmarkDecodeAtLeast(b *testing.B) {
	data := twelveMegapixels()
	for _, side := range []int{256, 512, 1024, 0} {
		b.Run(fmt.Sprintf("side-%d", side), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeAtLeast(data, DefaultLimits(), side); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("standard-library", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
