// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math"
	"strings"
	"testing"
)

func TestGray(t *testing.T) {
	t.Parallel()
	// The values of 709 and of the lightness are numpy's, by the formulas in
	// float64.
	for _, tt := range []struct {
		color                     [3]uint8
		itu601, itu709, lightness uint8
	}{
		{[3]uint8{255, 255, 255}, 255, 255, 255},
		{[3]uint8{0, 0, 0}, 0, 0, 0},
		{[3]uint8{255, 0, 0}, 76, 54, 136},
		{[3]uint8{0, 255, 0}, 150, 182, 224},
		{[3]uint8{0, 0, 255}, 29, 18, 82},
		{[3]uint8{12, 200, 99}, 132, 153, 181},
		{[3]uint8{1, 1, 1}, 1, 1, 1},
		{[3]uint8{128, 128, 128}, 128, 128, 137},
		{[3]uint8{119, 119, 119}, 119, 119, 128},
		{[3]uint8{5, 9, 3}, 7, 8, 5},
		{[3]uint8{250, 130, 20}, 153, 148, 170},
	} {
		r := &RGB{Pix: tt.color[:], Width: 1, Height: 1}
		for f, want := range map[Formula]uint8{
			"": tt.itu601, Formula601: tt.itu601, Formula709: tt.itu709, FormulaLightness: tt.lightness,
		} {
			if got := r.Gray(f).Pix[0]; got != want {
				t.Errorf("%q of %v = %d, want %d", f, tt.color, got, want)
			}
		}
	}
}

// Every luminance that colours have rounds as the formula does, but for ties
// within the table's precision.
func TestLightnessRounding(t *testing.T) {
	t.Parallel()
	r := NewRGB(256, 256)
	for blue := range 16 {
		for i := range 1 << 16 {
			r.Pix[3*i], r.Pix[3*i+1], r.Pix[3*i+2] = uint8(i), uint8(i>>8), uint8(17*blue)
		}
		for i, got := range r.Gray(FormulaLightness).Pix {
			exact := 2.55 * ToLab(r.Pix[3*i], r.Pix[3*i+1], r.Pix[3*i+2]).L
			if math.Abs(exact-float64(got)) > 0.5+1e-4 {
				t.Fatalf("%v: %d, want %.5f rounded", r.Pix[3*i:3*i+3], got, exact)
			}
		}
	}
}

// No entry of the table hangs on the last bits of a platform's mathematics.
func TestLightnessTableIsPortable(t *testing.T) {
	t.Parallel()
	for i, v := range linear {
		for _, weight := range []float64{0.212671, 0.715160, 0.072169} {
			_, part := math.Modf(weight * v * lightnessOne)
			if i > 0 && math.Abs(part-0.5) < 1e-5 {
				t.Errorf("%g of level %d is within %g of a tie", weight, i, math.Abs(part-0.5))
			}
		}
	}
}

func TestFormulaValidate(t *testing.T) {
	t.Parallel()
	for _, f := range []Formula{Formula601, Formula709, FormulaLightness} {
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Formula("mean").Validate(); err == nil || !strings.Contains(err.Error(), `got "mean"`) {
		t.Errorf("Validate = %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Gray took an unknown formula")
		}
	}()
	photo(1, 1).Gray("mean")
}
