// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"fmt"
	"image"
	std "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// flatLuma returns the luma of a file of one level.
func flatLuma(tb testing.TB, w, h int, level uint8) *Luma {
	tb.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = level
	}
	var b bytes.Buffer
	if err := std.Encode(&b, m, &std.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	l, err := ReadLuma(b.Bytes())
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func decodeColor(tb testing.TB, data []byte) *image.YCbCr {
	tb.Helper()
	m, err := std.Decode(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	return m.(*image.YCbCr)
}

// at interpolates a plane bilinearly at a place in [0, 1].
func at(plane []float32, w, h int, x, y float64) float64 {
	tap := func(p float64, n int) (int, int, float64) {
		p = min(max(p*float64(n)-0.5, 0), float64(n-1))
		return int(p), min(int(p)+1, n-1), p - math.Floor(p)
	}
	x0, x1, fx := tap(x, w)
	y0, y1, fy := tap(y, h)
	top := float64(plane[y0*w+x0])*(1-fx) + float64(plane[y0*w+x1])*fx
	low := float64(plane[y1*w+x0])*(1-fx) + float64(plane[y1*w+x1])*fx
	return top*(1-fy) + low*fy
}

// ideal returns the chroma of a 4:2:0 picture of c interpolated.
func ideal(c Chroma, w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range m.Y {
		m.Y[i] = 128
	}
	for i, plane := range [][]float32{c.Cb, c.Cr} {
		for y := range (h + 1) / 2 {
			for x := range (w + 1) / 2 {
				sum := 0.0
				for j := range 4 {
					px, py := min(2*x+j&1, w-1), min(2*y+j>>1, h-1)
					sum += at(plane, c.Width, c.Height, (float64(px)+0.5)/float64(w), (float64(py)+0.5)/float64(h))
				}
				v := uint8(min(max(math.Round(sum/4)+128, 0), 255))
				if i == 0 {
					m.Cb[y*m.CStride+x] = v
				} else {
					m.Cr[y*m.CStride+x] = v
				}
			}
		}
	}
	return m
}

// difference returns the root mean square and the greatest difference of chroma.
func difference(a, b *image.YCbCr) (rms, worst float64) {
	w, h := (a.Rect.Dx()+1)/2, (a.Rect.Dy()+1)/2
	sum := 0.0
	for y := range h {
		for x := range w {
			for _, d := range []float64{
				float64(a.Cb[y*a.CStride+x]) - float64(b.Cb[y*b.CStride+x]),
				float64(a.Cr[y*a.CStride+x]) - float64(b.Cr[y*b.CStride+x]),
			} {
				sum += d * d
				worst = max(worst, math.Abs(d))
			}
		}
	}
	return math.Sqrt(sum / float64(2*w*h)), worst
}

// speckles returns chroma of random samples.
func speckles(w, h int, amplitude float32) Chroma {
	c := waves(w, h)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range c.Cb {
		c.Cb[i] = amplitude * (2*rng.Float32() - 1)
		c.Cr[i] = amplitude * (2*rng.Float32() - 1)
	}
	return c
}

// TestChromaLikeOrdinary compares with image/jpeg's encoder, which is given all
// pixels: the error is about the same.
func TestChromaLikeOrdinary(t *testing.T) {
	for _, size := range []struct{ w, h, cw, ch int }{
		{400, 300, 25, 19}, {400, 300, 12, 9}, {400, 300, 64, 48}, {400, 300, 100, 75}, {400, 300, 200, 150},
		{400, 300, 400, 300}, {401, 303, 50, 40}, {97, 33, 256, 87}, {64, 64, 256, 256}, {31, 17, 16, 9}, {17, 500, 1, 30},
		{1, 1, 1, 1}, {1, 300, 1, 256}, {1500, 1, 256, 1}, {8, 8, 256, 256}, {400, 300, 3, 2}, {400, 300, 1, 1}, {16, 16, 1, 1},
	} {
		for name, c := range map[string]Chroma{"waves": waves(size.cw, size.ch), "speckles": speckles(size.cw, size.ch, 30)} {
			if name == "speckles" && size.cw > size.w/2 {
				continue // the means of more samples than pixels are not what interpolation gives
			}
			for _, quality := range []int{50, 90, 97} {
				t.Run(fmt.Sprintf("%s %v q%d", name, size, quality), func(t *testing.T) {
					want := ideal(c, size.w, size.h)
					var b bytes.Buffer
					if err := std.Encode(&b, want, &std.Options{Quality: quality}); err != nil {
						t.Fatal(err)
					}
					limit, worstLimit := difference(decodeColor(t, b.Bytes()), want)
					l := flatLuma(t, size.w, size.h, 128)
					rms, worst := difference(decodeColor(t, colored(t, l, c, WriteOptions{Quality: quality})), want)
					// The ordinary encoder is given whole levels, as want is: that is 0.71 where all are one too high in one plane.
					if rms > 1.1*limit+0.72 || worst > 1.2*worstLimit+2 {
						t.Errorf("error is %.2f, at worst %.0f; an ordinary encoder's is %.2f, at worst %.0f", rms, worst, limit, worstLimit)
					}
				})
			}
		}
	}
}

// TestFlatChroma checks that one colour stays one colour, whatever the sizes.
func TestFlatChroma(t *testing.T) {
	for _, size := range [][4]int{
		{1, 1, 1, 1}, {16, 16, 1, 1}, {17, 15, 3, 3}, {400, 300, 256, 192}, {301, 7, 256, 6}, {5000, 1, 256, 1}, {1, 5000, 1, 256}, {33, 47, 100, 100},
	} {
		c := speckles(size[2], size[3], 0)
		for i := range c.Cb {
			c.Cb[i], c.Cr[i] = 33, -21
		}
		m := decodeColor(t, colored(t, flatLuma(t, size[0], size[1], 100), c, WriteOptions{Quality: 90}))
		for i, plane := range [][]uint8{m.Cb, m.Cr} {
			for _, v := range plane {
				if want := []uint8{128 + 33, 128 - 21}[i]; v != want {
					t.Fatalf("%v: got %d, want %d", size, v, want)
				}
			}
		}
	}
}

// TestWildChroma checks that no sample, however large, breaks a file.
func TestWildChroma(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, v := range []float32{1e30, -1e30, inf, -inf, float32(math.NaN()), 500, -500} {
		c := speckles(9, 7, 128)
		c.Cb[5], c.Cr[40], c.Cr[0] = v, v, -v
		l := flatLuma(t, 70, 50, 100)
		for _, quality := range []int{1, 100} {
			out := colored(t, l, c, WriteOptions{Quality: quality})
			checkColored(t, l, l.Reduced(1), out)
		}
	}
}

// TestFit checks that each sample is fitted with the mean luma at its place.
func TestFit(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = uint8(40 * (i % 64 / 16)) // columns of 0, 40, 80, 120
	}
	var b bytes.Buffer
	if err := std.Encode(&b, m, &std.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	l, err := ReadLuma(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		w, h int
		want []float32
	}{
		{1, 1, []float32{60}}, {2, 3, []float32{20, 100}}, {4, 1, []float32{0, 40, 80, 120}},
		{8, 48, []float32{0, 0, 40, 40, 80, 80, 120, 120}}, {3, 7, []float32{10, 60, 110}},
		{16, 1, []float32{0, 0, 0, 0, 40, 40, 40, 40, 80, 80, 80, 80, 120, 120, 120, 120}},
	} {
		in := speckles(test.w, test.h, 9)
		i := 0
		got := l.fit(in, func(luma, cb, cr float32) (float32, float32) {
			if want := test.want[i%test.w]; math.Abs(float64(luma-want)) > 0.3 {
				t.Errorf("%dx%d: sample %d has luma %.2f, want %.0f", test.w, test.h, i, luma, want)
			}
			if cb != in.Cb[i] || cr != in.Cr[i] {
				t.Errorf("%dx%d: sample %d is not what was given", test.w, test.h, i)
			}
			i++
			return 7, -8
		})
		if i != test.w*test.h || got.Cb[i-1] != 7 || got.Cr[0] != -8 {
			t.Errorf("%dx%d: %d samples were fitted to %v", test.w, test.h, i, got)
		}
		out := decodeColor(t, colored(t, l, in, WriteOptions{Quality: 100, Fit: func(_, _, _ float32) (float32, float32) { return 7, -8 }}))
		if out.Cb[0] != 135 || out.Cr[0] != 120 {
			t.Errorf("colour is %d, %d, want 135, 120", out.Cb[0], out.Cr[0])
		}
	}
}

// TestSegments checks that segments stand where they should, as given.
func TestSegments(t *testing.T) {
	o := WriteOptions{Quality: 90, Segments: []Segment{
		{markerAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")}, {markerAPP0 + 1, []byte("Exif\x00\x00II")}, {markerCOM, nil},
	}}
	out := colored(t, flatLuma(t, 9, 9, 50), waves(2, 2), o)
	want := "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xe1\x00\x0aExif\x00\x00II\xff\xfe\x00\x02\xff\xdb"
	if got := string(out[:len(want)]); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
