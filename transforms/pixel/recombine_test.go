// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

func randomGray(rng *rand.Rand, w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.IntN(256))
	}
	return m
}

func randomChroma(rng *rand.Rand, w, h int) Chroma {
	c := Chroma{Width: w, Height: h, Cb: make([]float32, w*h), Cr: make([]float32, w*h)}
	for i := range c.Cb {
		c.Cb[i], c.Cr[i] = float32(rng.NormFloat64()*60), float32(rng.NormFloat64()*60)
	}
	return c
}

// sizes are pairs of a picture's and a chroma's size.
var sizes = [][4]int{
	{1, 1, 1, 1}, {1, 1, 16, 16}, {5000, 1, 64, 1}, {1, 5000, 1, 64}, {97, 61, 16, 10}, {16, 16, 16, 16}, {10, 10, 64, 64}, {3, 2, 2, 3},
}

func TestRecombineRGBKeepsLuma(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range sizes {
		y := randomGray(rng, s[0], s[1])
		out := RecombineRGB(y, randomChroma(rng, s[2], s[3]))
		if d := maxGrayDiff(y, out.Luma()); d > 1 {
			t.Errorf("%v: luma differs by %d", s, d)
		}
	}
	// All lumas with chroma all around the circle, most of it out of gamut.
	for angle := range 360 {
		for radius := float32(0); radius < 200; radius += 23 {
			y := image.NewGray(image.Rect(0, 0, 256, 1))
			for i := range y.Pix {
				y.Pix[i] = uint8(i)
			}
			c := Chroma{Width: 1, Height: 1,
				Cb: []float32{radius * float32(math.Cos(float64(angle)))}, Cr: []float32{radius * float32(math.Sin(float64(angle)))}}
			if d := maxGrayDiff(y, RecombineRGB(y, c).Luma()); d > 1 {
				t.Fatalf("angle %d, radius %g: luma differs by %d", angle, radius, d)
			}
		}
	}
}

func TestRecombineYCbCrKeepsLuma(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range sizes {
		y := randomGray(rng, s[0], s[1])
		out := RecombineYCbCr(y, randomChroma(rng, s[2], s[3]))
		if &out.Y[0] != &y.Pix[0] || out.YStride != y.Stride || out.Rect != y.Rect {
			t.Errorf("%v: the Y plane is not the luma's own", s)
		}
		// What a viewer makes of it stays in gamut, so its luma is the same up
		// to the rounding of the two chroma bytes.
		rgb := NewRGB(s[0], s[1])
		for py := range s[1] {
			cw := (s[0] + 1) / 2
			cb, cr := make([]uint8, s[0]), make([]uint8, s[0])
			for px := range s[0] {
				cb[px], cr[px] = out.Cb[py/2*cw+px/2], out.Cr[py/2*cw+px/2]
			}
			fullRange().convert(rgb.row(py), y.Pix[py*y.Stride:], cb, cr)
		}
		if d := maxGrayDiff(y, rgb.Luma()); d > 1 {
			t.Errorf("%v: luma differs by %d", s, d)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, out, nil); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

// A luma with a stride, as the JPEG decoder returns it.
func TestRecombineStride(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	wide := randomGray(rng, 40, 30)
	y := &image.Gray{Pix: wide.Pix, Stride: 40, Rect: image.Rect(0, 0, 33, 29)}
	c := randomChroma(rng, 8, 8)
	if d := maxGrayDiff(y, RecombineRGB(y, c).Luma()); d > 1 {
		t.Errorf("RGB: luma differs by %d", d)
	}
	if got := RecombineYCbCr(y, c); got.YStride != 40 || got.CStride != 17 || len(got.Cb) != 17*15 {
		t.Errorf("YCbCr: strides %d, %d, %d values", got.YStride, got.CStride, len(got.Cb))
	}
}

// Colour that fits comes through as it was: network to chroma to RGB.
func TestRecombineColor(t *testing.T) {
	t.Parallel()
	want := photo(32, 24)
	_, box := FitLetterbox(want.Luma(), 32)
	net := make([]float32, 3*32*32)
	for y := range 24 {
		for x := range 32 {
			for c := range 3 {
				net[3*((box.Top+y)*32+x)+c] = float32(want.Pix[3*(y*32+x)+c])/127.5 - 1
			}
		}
	}
	got := RecombineRGB(want.Luma(), ChromaFromNetwork(net, 32, box))
	if d := maxDiff(want, got); d > 2 {
		t.Errorf("differs by %d", d)
	}
}

func TestStretcherInterpolates(t *testing.T) {
	t.Parallel()
	c := Chroma{Width: 2, Height: 2, Cb: []float32{0, 40, 80, 120}, Cr: []float32{0, 0, 0, 0}}
	s := newStretcher(c, 4, 4)
	want := [][]float32{{0, 10, 30, 40}, {20, 30, 50, 60}, {60, 70, 90, 100}, {80, 90, 110, 120}}
	for y, row := range want {
		cb, _ := s.row(y)
		for x, w := range row {
			if cb[x] != w {
				t.Errorf("(%d, %d) = %g, want %g", x, y, cb[x], w)
			}
		}
	}
}
