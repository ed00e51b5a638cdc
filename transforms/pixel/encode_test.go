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
	m := photo(60, 45)
	want := encodePNG(t, m)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 10 {
				encodePNG(t, photo(10+7*i+j, 10).Luma())
				if !bytes.Equal(want, encodePNG(t, m)) {
					t.Error("the same pixels gave other bytes")
					return
				}
			}
		})
	}
	wg.Wait()
}

// Pictures of several deflate blocks too, from an encoder of any past.
func FuzzEncodePNG(f *testing.F) {
	f.Add([]byte("some pixels"), uint16(30), uint16(190), []byte("some others"))
	f.Add(photo(9, 9).Pix, uint16(40), uint16(40), photo(9, 5).Pix)
	f.Add([]byte{0, 0, 0, 0, 255, 255}, uint16(199), uint16(199), []byte{0})
	f.Fuzz(func(t *testing.T, data []byte, width, height uint16, past []byte) {
		w, h := 1+int(width)%200, 1+int(height)%200
		if len(data) == 0 || len(past) == 0 {
			return
		}
		tile := func(data []byte, w, h int) *RGB {
			m := NewRGB(w, h)
			for i := range m.Pix {
				m.Pix[i] = data[i%len(data)]
			}
			return m
		}
		m := tile(data, w, h)
		used := newPNGEncoder()
		var got, want bytes.Buffer
		for _, p := range []pngRows{rgbRows{tile(past, h, w)}, rgbRows{m}} {
			got.Reset()
			if err := used.encode(&got, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := newPNGEncoder().encode(&want, rgbRows{m}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Error("a used encoder gave other bytes than a new one")
		}
		back, err := png.Decode(&want)
		if err != nil {
			t.Fatal(err)
		}
		samePixels(t, m, back)
	})
}

func TestEncodePNGSize(t *testing.T) {
	t.Parallel()
	for i, m := range []image.Image{photo(128, 128), photo(128, 128).Luma()} {
		got, want := len(encodePNG(t, m)), len(pngBytes(t, m))
		if float64(got) > 1.05*float64(want) {
			t.Errorf("picture %d: %d bytes, image/png needs %d", i, got, want)
		}
	}
}

// drawing returns a picture of few colours in many small areas, in gray steps.
func drawing(side int) *RGB {
	r := NewRGB(side, side)
	colors := [][3]uint8{{255, 255, 255}, {20, 20, 20}, {240, 120, 30}, {40, 90, 200}, {90, 200, 120}, {250, 220, 180}}
	noise := uint32(7)
	for range 400 {
		noise = noise*1664525 + 1013904223
		x0, y0, c := int(noise>>8)%side, int(noise>>16)%side, colors[noise>>24%6]
		for y := y0; y < min(y0+side/8, side); y++ {
			for x := x0; x < min(x0+side/8, side); x++ {
				copy(r.Pix[3*(y*side+x):], c[:])
			}
		}
	}
	return r
}

// Drawings of few colours go unfiltered, everything else is predicted, and
// either way is the smaller one.
func TestEncodePNGFlat(t *testing.T) {
	t.Parallel()
	shades := NewRGB(96, 96)
	for i := range shades.Pix {
		shades.Pix[i] = uint8(i/3%96 + i/3/96)
	}
	for name, tt := range map[string]struct {
		m    *RGB
		flat bool
	}{
		"drawing": {drawing(96), true}, "photo": {photo(96, 96), false}, "shades": {shades, false},
		"one row": {photo(96, 1), false},
	} {
		for _, rows := range []pngRows{rgbRows{tt.m}, grayRows{tt.m.Luma()}} {
			width, _ := rows.size()
			channels, _, _ := rows.format()
			var f filterer
			f.reset(width*channels, channels)
			if got := new(flatCounter).flat(rows, &f); got != tt.flat {
				t.Errorf("%s with %d channels: flat = %v, want %v", name, channels, got, tt.flat)
			}
			if chosen, other := deflated(t, rows, tt.flat), deflated(t, rows, !tt.flat); chosen > other {
				t.Errorf("%s with %d channels: %d bytes, the other way %d", name, channels, chosen, other)
			}
		}
	}
}

// deflated returns the compressed length with or without prediction.
func deflated(tb testing.TB, m pngRows, flat bool) int {
	tb.Helper()
	width, height := m.size()
	channels, _, _ := m.format()
	var f filterer
	f.reset(width*channels, channels)
	f.flat = flat
	var raw []byte
	for y := range height {
		raw = append(raw, f.next(m.row(y))...)
	}
	if flat {
		return len(zlibBytes(tb, raw, flatLevel))
	}
	return len(ran(new(runDeflater), raw, 1+width*channels))
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
