// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"image"
	"math/rand/v2"
	"testing"
)

func TestSideBySide(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 9))
	wide := randomGray(rng, 9, 7)
	before := &image.Gray{Pix: wide.Pix, Stride: 9, Rect: image.Rect(0, 0, 5, 7)} // with a stride of its own
	want := NewRGB(5+6, 7)
	color := photo(6, 7)
	for y := range 7 {
		grayRow(want.row(y)[:15], before.Pix[9*y:][:5])
		copy(want.row(y)[15:], color.row(y))
	}
	deep := NewRGB48(6, 7)
	for i, v := range color.Pix {
		deep.Pix[2*i], deep.Pix[2*i+1] = v, v
	}
	for _, after := range []image.Image{color, deep} {
		got := SideBySide(before, after)
		if typeName(got) != typeName(after) || maxDiff(want, toRGB(got)) != 0 {
			t.Errorf("%T: %T that differs by %d", after, got, maxDiff(want, toRGB(got)))
		}
	}
	luma := color.Luma()
	joined := RecombineYCbCr(luma, Chroma{Width: 1, Height: 1, Cb: []float32{9}, Cr: []float32{-9}})
	got, ok := SideBySide(before, joined).(*image.YCbCr)
	if !ok || got.Rect != image.Rect(0, 0, 11, 7) {
		t.Fatalf("YCbCr: %T", SideBySide(before, joined))
	}
	for y := range 7 {
		row, chroma := got.Y[y*got.YStride:][:11], got.Cb[y*got.CStride:][:11]
		if !bytes.Equal(row[:5], before.Pix[9*y:][:5]) || !bytes.Equal(row[5:], luma.Pix[6*y:][:6]) {
			t.Errorf("row %d has another luma", y)
		}
		if chroma[0] != 128 || chroma[4] != 128 || chroma[5] == 128 {
			t.Errorf("row %d has the chroma %v", y, chroma)
		}
	}
	small := SideBySide(image.NewGray(image.Rect(0, 0, 3, 2)), color)
	if small.Bounds() != image.Rect(0, 0, 9, 7) || toRGB(small).Pix[3*9*6] != 0 {
		t.Errorf("a lower picture gives %v", small.Bounds())
	}
}

// TestSideBySide16: no bit of either picture is lost.
func TestSideBySide16(t *testing.T) {
	t.Parallel()
	wide, color := image.NewGray16(image.Rect(0, 0, 9, 4)), NewRGB48(6, 7)
	for i := range wide.Pix {
		wide.Pix[i] = uint8(i*7 + 1)
	}
	for i := range color.Pix {
		color.Pix[i] = uint8(i*5 + 3)
	}
	before := &image.Gray16{Pix: wide.Pix, Stride: 18, Rect: image.Rect(0, 0, 5, 4)} // with a stride of its own
	got := SideBySide16(before, color)
	if got.Width != 11 || got.Height != 7 {
		t.Fatalf("%dx%d pixels", got.Width, got.Height)
	}
	for y := range 7 {
		var want []byte
		for x := range 5 {
			level := []byte{0, 0} // below a lower picture
			if y < 4 {
				level = wide.Pix[18*y+2*x:][:2]
			}
			want = append(want, bytes.Repeat(level, 3)...)
		}
		if want = append(want, color.row(y)...); !bytes.Equal(got.row(y), want) {
			t.Errorf("row %d is %v, want %v", y, got.row(y), want)
		}
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	c := Chroma{Width: 1, Height: 2, Cb: []float32{10, -20}, Cr: []float32{40, 0}}
	for strength, want := range map[float32]float32{0: 0, 0.5: 5, 1: 10, 7: 10, -1: 0} {
		got := c.Scale(strength)
		if got.Cb[0] != want || got.Cr[0] != 4*want || got.Cb[1] != -2*want || got.Width != 1 || got.Height != 2 {
			t.Errorf("strength %g: %+v", strength, got)
		}
	}
	if c.Cb[0] != 10 {
		t.Error("the original was changed")
	}
}

// A single sample and a block of equal luma get the same chroma.
func TestFitSample(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		y := image.NewGray(image.Rect(0, 0, 2, 2))
		for i, v := 0, uint8(rng.IntN(256)); i < 4; i++ {
			y.Pix[i] = v
		}
		c := randomChroma(rng, 1, 1)
		want := RecombineYCbCr(y, c)
		cb, cr := FitSample(float32(y.Pix[0]), c.Cb[0], c.Cr[0])
		if level8(cb) != want.Cb[0] || level8(cr) != want.Cr[0] {
			t.Fatalf("luma %d, chroma %g, %g: %g, %g, want %d, %d", y.Pix[0], c.Cb[0], c.Cr[0], cb, cr, want.Cb[0], want.Cr[0])
		}
	}
	for _, luma := range []float32{-30, 0, 255, 300} {
		if cb, cr := FitSample(luma, 50, -50); cb != 0 || cr != 0 {
			t.Errorf("luma %g leaves the chroma %g, %g", luma, cb, cr)
		}
	}
}
