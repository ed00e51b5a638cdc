// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"sync"
	"testing"
)

func encodePNG(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	return encoded(tb, func(b *bytes.Buffer) error { return EncodePNG(b, m) })
}

func TestEncodePNG(t *testing.T) {
	t.Parallel()
	blank := NewRGB(64, 64)
	for i := range blank.Pix {
		blank.Pix[i] = 255
	}
	strided := &image.Gray{Pix: photo(40, 20).Luma().Pix, Stride: 40, Rect: image.Rect(0, 0, 33, 20)}
	list := []image.Image{photo(1, 1), photo(1, 300), photo(300, 1), photo(64, 48), photo(61, 47).Luma(), blank, strided, sticker(32)}
	for i, m := range list {
		data := encodePNG(t, m)
		got, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
		samePixels(t, m, got)
		if _, gray := m.(*image.Gray); gray != (got.ColorModel() == color.GrayModel) {
			t.Errorf("picture %d: colour model %v", i, got.ColorModel())
		}
	}
}

// The bytes do not depend on what the pooled encoder did before.
func TestEncodePNGDeterministic(t *testing.T) {
	t.Parallel()
	m := photo(120, 90)
	want := encodePNG(t, m)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 10 {
				encodePNG(t, photo(10+7*i+j, 30).Luma())
				if !bytes.Equal(want, encodePNG(t, m)) {
					t.Error("the same pixels gave other bytes")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestEncodePNGSize(t *testing.T) {
	t.Parallel()
	for i, m := range []image.Image{photo(256, 256), photo(256, 256).Luma()} {
		got, want := len(encodePNG(t, m)), len(pngBytes(t, m))
		if float64(got) > 1.01*float64(want) {
			t.Errorf("picture %d: %d bytes, image/png needs %d", i, got, want)
		}
	}
}

func TestEncodePNGErrors(t *testing.T) {
	t.Parallel()
	for _, m := range []image.Image{NewRGB(0, 5), image.NewGray(image.Rectangle{})} {
		if err := EncodePNG(&bytes.Buffer{}, m); err == nil {
			t.Errorf("%T without pixels was encoded", m)
		}
	}
	if err := EncodePNG(failing{}, photo(4, 4)); !errors.Is(err, errFull) {
		t.Errorf("EncodePNG = %v, want the writer's error", err)
	}
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// Each filter and its inverse, for every number of channels.
func TestFilters(t *testing.T) {
	t.Parallel()
	for _, channels := range []int{1, 3, 4} {
		for _, width := range []int{1, 2, 5, 40} {
			n := width * channels
			pixels := make([]uint8, 3*n)
			for i := range pixels {
				pixels[i] = uint8(i*i*7 + i)
			}
			for kind := range 5 {
				var f filterer
				f.reset(n, channels)
				var raw []byte
				for y := range 3 {
					row := pixels[y*n : (y+1)*n]
					out := make([]uint8, n)
					f.predict(kind, out, row)
					raw = append(append(raw, uint8(kind)), out...)
					copy(f.prev, row)
				}
				got := make([]uint8, len(pixels))
				if !unfilter(got, raw, n, channels) || !bytes.Equal(pixels, got) {
					t.Errorf("%d channels, width %d, filter %d: pixels differ", channels, width, kind)
				}
			}
		}
	}
	if unfilter(make([]byte, 4), []byte{5, 1, 2, 3, 4}, 4, 4) {
		t.Error("filter type 5 was accepted")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	a, b := NewRGB(2, 2), NewRGB(2, 2)
	for i := range b.Pix {
		b.Pix[i] = 51
	}
	if got := L1(a, b); math.Abs(got-0.4) > 1e-12 {
		t.Errorf("L1 = %g, want 0.4", got)
	}
	if got := L1(b, a); math.Abs(got-0.4) > 1e-12 {
		t.Errorf("L1 = %g, want 0.4", got)
	}
	if got := PSNR(a, b); math.Abs(got-20*math.Log10(5)) > 1e-9 {
		t.Errorf("PSNR = %g, want %g", got, 20*math.Log10(5))
	}
	if got := PSNR(a, a); !math.IsInf(got, 1) {
		t.Errorf("PSNR of equal pictures = %g", got)
	}
	if got := Colorfulness(b); got != 0 {
		t.Errorf("Colorfulness of gray = %g", got)
	}
	// Half red, half green: rg = +-255, yb = 127.5 everywhere.
	c := &RGB{Width: 2, Height: 1, Pix: []uint8{255, 0, 0, 0, 255, 0}}
	if got, want := Colorfulness(c), 255+0.3*127.5; math.Abs(got-want) > 1e-9 {
		t.Errorf("Colorfulness = %g, want %g", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("L1 compared pictures of different sizes")
		}
	}()
	L1(a, NewRGB(1, 1))
}
