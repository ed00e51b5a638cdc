// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainRGB returns a picture of one colour.
func plainRGB(w, h int, r, g, b uint8) *RGB {
	p := NewRGB(w, h)
	for i := 0; i < len(p.Pix); i += 3 {
		p.Pix[i], p.Pix[i+1], p.Pix[i+2] = r, g, b
	}
	return p
}

// TestSSIM has what can be worked out by hand: without variance only the first
// factor of equation 13 remains, which compares the means.
func TestSSIM(t *testing.T) {
	luminance := func(x, y float64) float64 { return (2*x*y + 6.5025) / (x*x + y*y + 6.5025) }
	for _, c := range []struct {
		name string
		a, b *RGB
		want float64
	}{
		{"equal", photo(30, 20), photo(30, 20), 1},
		{"equal and small", photo(3, 20), photo(3, 20), 1},
		{"empty", NewRGB(0, 0), NewRGB(0, 0), 1},
		{"no width", NewRGB(0, 20), NewRGB(0, 20), 1},
		{"black and white", NewRGB(20, 20), plainRGB(20, 20, 255, 255, 255), luminance(0, 255)},
		{"levels", plainRGB(20, 11, 100, 100, 100), plainRGB(20, 11, 150, 150, 150), luminance(100, 150)},
		{"small", plainRGB(10, 40, 100, 100, 100), plainRGB(10, 40, 150, 150, 150), luminance(100, 150)},
		{"one pixel", plainRGB(1, 1, 100, 100, 100), plainRGB(1, 1, 150, 150, 150), luminance(100, 150)},
		{"one channel of three", plainRGB(12, 12, 9, 9, 40), plainRGB(12, 12, 9, 9, 60), (2 + luminance(40, 60)) / 3},
	} {
		if got := SSIM(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %.15f, want %.15f", c.name, got, c.want)
		}
	}
}

func TestMirror(t *testing.T) {
	for n, want := range map[int][]int{
		1: {0, 0, 0, 0, 0, 0, 0, 0},
		2: {0, 1, 1, 0, 0, 1, 1, 0},
		3: {2, 2, 1, 0, 0, 1, 2, 2},
	} {
		var got []int
		for i := -4; i < 4; i++ {
			got = append(got, mirror(i, n))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("n = %d (-want +got)\n%s", n, diff)
		}
	}
}

func TestSSIMAllocates(t *testing.T) {
	a, b := photo(64, 64), plainRGB(64, 64, 9, 9, 9)
	if got := testing.AllocsPerRun(10, func() { SSIM(a, b) }); got > 4 {
		t.Errorf("%g allocations for a picture, want a fixed few", got)
	}
}

func TestSizesDiffer(t *testing.T) {
	for name, f := range map[string]func(a, b *RGB){
		"SSIM":      func(a, b *RGB) { SSIM(a, b) },
		"CIEDE2000": func(a, b *RGB) { CIEDE2000(a, b) },
		"Measure":   func(a, b *RGB) { Measure(a, b) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s compares pictures of different sizes", name)
				}
			}()
			f(NewRGB(4, 9), NewRGB(9, 4))
		}()
	}
}
