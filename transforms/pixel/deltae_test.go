// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestToLab has the values that textbooks and colour pickers give for the
// corners of sRGB. They use other roundings of the matrix and of the white
// point, which differ by up to 0.02.
func TestToLab(t *testing.T) {
	for _, c := range []struct {
		name    string
		r, g, b uint8
		want    Lab
	}{
		{"black", 0, 0, 0, Lab{}},
		{"white", 255, 255, 255, Lab{L: 100}},
		{"red", 255, 0, 0, Lab{53.24, 80.09, 67.20}},
		{"green", 0, 255, 0, Lab{87.73, -86.18, 83.18}},
		{"blue", 0, 0, 255, Lab{32.30, 79.19, -107.86}},
		{"yellow", 255, 255, 0, Lab{97.14, -21.55, 94.48}},
		{"cyan", 0, 255, 255, Lab{91.11, -48.09, -14.13}},
		{"magenta", 255, 0, 255, Lab{60.32, 98.23, -60.82}},
		{"middle gray", 119, 119, 119, Lab{L: 50.03}},
	} {
		if diff := cmp.Diff(c.want, ToLab(c.r, c.g, c.b), cmpopts.EquateApprox(0, 0.02)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestCubeRoot(t *testing.T) {
	const steps = 1 << 20
	for i := range steps {
		x := (1 + 255*float64(i)/steps) / 128
		if got, want := cubeRoot(x), math.Cbrt(x); math.Abs(got-want) > 6e-16*want {
			t.Fatalf("cubeRoot(%g) = %g, want %g", x, got, want)
		}
	}
	if got := cubeRoot(math.Nextafter(2, 0)); math.Abs(got-math.Cbrt(2)) > 6e-16*got {
		t.Errorf("just under 2: %g", got)
	}
}

// deltaEByAngles follows the paper equation by equation.
func deltaEByAngles(x, y Lab) float64 {
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	ratio := func(c float64) float64 { return math.Sqrt(math.Pow(c, 7) / (math.Pow(c, 7) + math.Pow(25, 7))) }
	hue := func(a, b float64) float64 {
		h := math.Atan2(b, a) * 180 / math.Pi
		if h < 0 {
			h += 360
		}
		return h
	}
	g := 0.5 * (1 - ratio((math.Hypot(x.A, x.B)+math.Hypot(y.A, y.B))/2))
	a1, a2 := (1+g)*x.A, (1+g)*y.A
	c1, c2 := math.Hypot(a1, x.B), math.Hypot(a2, y.B)
	h1, h2 := hue(a1, x.B), hue(a2, y.B)

	dh, hBar := h2-h1, h1+h2
	switch {
	case c1*c2 == 0:
		dh = 0
	case math.Abs(dh) <= 180:
		hBar /= 2
	default:
		dh -= math.Copysign(360, dh)
		if hBar < 360 {
			hBar += 360
		} else {
			hBar -= 360
		}
		hBar /= 2
	}
	lBar, cBar := (x.L+y.L)/2, (c1+c2)/2
	tt := 1 - 0.17*math.Cos(rad(hBar-30)) + 0.24*math.Cos(rad(2*hBar)) +
		0.32*math.Cos(rad(3*hBar+6)) - 0.20*math.Cos(rad(4*hBar-63))
	turn, light := (hBar-275)/25, lBar-50
	theta := 30 * math.Exp(-turn*turn)
	sl := 1 + 0.015*light*light/math.Sqrt(20+light*light)
	rt := -math.Sin(rad(2*theta)) * 2 * ratio(cBar)

	l, c := (y.L-x.L)/sl, (c2-c1)/(1+0.045*cBar)
	h := 2 * math.Sqrt(c1*c2) * math.Sin(rad(dh/2)) / (1 + 0.015*cBar*tt)
	return math.Sqrt(l*l + c*c + h*h + rt*c*h)
}

func TestDeltaE2000(t *testing.T) {
	check := func(x, y Lab) {
		t.Helper()
		// Near-equal colours lose digits in the angles' form, hence not 1e-12.
		if got, want := DeltaE2000(x, y), deltaEByAngles(x, y); !(math.Abs(got-want) < 1e-10) {
			t.Errorf("DeltaE2000(%v, %v) = %.14f, by angles %.14f", x, y, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() Lab {
		return Lab{100 * rng.Float64(), 180*rng.Float64() - 85, 200*rng.Float64() - 105}
	}
	for range 20000 {
		x := random()
		check(x, random())
		check(x, Lab{x.L + rng.NormFloat64(), x.A + rng.NormFloat64(), x.B + rng.NormFloat64()})
		// Nearly opposite hues, where sums of vectors cancel.
		check(x, Lab{x.L, -x.A + 0.01*rng.NormFloat64(), -x.B + 0.01*rng.NormFloat64()})
	}
	// Along the axes angles and their differences of 0, 90 and 180 are exact.
	axes := []Lab{{50, 0, 0}, {50, 30, 0}, {50, 0, 30}, {50, -30, 0}, {50, 0, -30}, {60, 7, 0}, {60, 0, 7}, {60, -7, 0}, {60, 0, -7}}
	for _, x := range axes {
		for _, y := range axes {
			check(x, y)
			if x == y && DeltaE2000(x, y) != 0 {
				t.Errorf("%v differs from itself", x)
			}
		}
	}
	for _, c := range []float64{1e-200, 1e-160, 1e-80, 1e-50, 1e-20} {
		for _, y := range axes {
			check(Lab{50, c, -c}, y)
		}
		check(Lab{50, c, -c}, Lab{50, -c, -c})
	}
}

func TestCIEDE2000(t *testing.T) {
	plain := func(r, g, b uint8) *RGB { return &RGB{Pix: []uint8{r, g, b}, Width: 1, Height: 1} }
	for _, c := range []struct {
		name string
		a, b *RGB
		want float64
	}{
		{"black and white", plain(0, 0, 0), plain(255, 255, 255), 100},
		{"equal", plain(3, 200, 77), plain(3, 200, 77), 0},
		{"empty", NewRGB(0, 0), NewRGB(0, 0), 0},
		{
			"half equal", &RGB{Pix: []uint8{9, 8, 7, 0, 0, 0}, Width: 2, Height: 1},
			&RGB{Pix: []uint8{9, 8, 7, 255, 255, 255}, Width: 2, Height: 1}, 50,
		},
	} {
		// scikit-image's white has a chroma of 0.01, not of 0.
		if got := CIEDE2000(c.a, c.b); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}
