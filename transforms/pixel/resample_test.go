// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"
)

// pattern returns a picture that numpy makes just as easily: R = 7x + 3y,
// G = x*x + 5y, B = x*y/2 + 40, modulo 256.
func pattern(w, h int) *RGB {
	r := NewRGB(w, h)
	for y := range h {
		for x := range w {
			p := r.Pix[3*(y*w+x):]
			p[0], p[1], p[2] = uint8(7*x+3*y), uint8(x*x+5*y), uint8(x*y/2+40)
		}
	}
	return r
}

// The sums are those of Image.fromarray(pattern(50, 31)).resize((size, size),
// filter) of Pillow 13.0.0, shortened.
func TestResizeAsPillow(t *testing.T) {
	t.Parallel()
	in := pattern(50, 31)
	for _, tt := range []struct {
		filter Filter
		size   int
		want   string
	}{
		{FilterLanczos, 7, "1bcc59fafdbe9c00"}, {FilterLanczos, 40, "7db67585f3bfc2b8"}, {FilterLanczos, 64, "15f44d5c3c1f8443"},
		{"", 40, "7db67585f3bfc2b8"},
		{FilterCatmullRom, 7, "9465cc1db781c53f"}, {FilterCatmullRom, 40, "eced5e0000dc0d15"}, {FilterCatmullRom, 64, "3c50b4ace040ae4e"},
		{FilterLinear, 7, "56987a2f59fe23ac"}, {FilterLinear, 40, "26dc753e8bd0e886"}, {FilterLinear, 64, "004c608807184ffb"},
		{FilterBox, 7, "a9969f2f093cf849"}, {FilterBox, 40, "73da1c515f46dc66"}, {FilterBox, 64, "fee35da4deb474d5"},
		{FilterNearest, 7, "fdb073ad36b722f0"}, {FilterNearest, 40, "3007dc4d93342044"}, {FilterNearest, 64, "fee35da4deb474d5"},
	} {
		got := Resize(in, tt.size, FitStretch, tt.filter)
		sum := sha256.Sum256(got.Pix)
		if short := hex.EncodeToString(sum[:8]); short != tt.want {
			t.Errorf("%q to %d: sum %s, want %s; the first pixel is %v", tt.filter, tt.size, short, tt.want, got.Pix[:3])
		}
	}
}

// The gray and the colour path are one arithmetic.
func TestResampleChannels(t *testing.T) {
	t.Parallel()
	gray := pattern(61, 47).Luma()
	color := toRGB(gray)
	for _, f := range []Filter{FilterLanczos, FilterBox, FilterNearest} {
		one := f.resample(raster{gray.Pix, gray.Stride, 61, 47, 1}, 20, 33)
		three := f.resample(raster{color.Pix, 3 * 61, 61, 47, 3}, 20, 33)
		for i, v := range one.pix {
			if three.pix[3*i] != v || three.pix[3*i+2] != v {
				t.Fatalf("%q: value %d is %d alone and %v in colour", f, i, v, three.pix[3*i:3*i+3])
			}
		}
	}
}

// A picture that shrinks far is averaged first, one that does not is not.
func TestResizeReduces(t *testing.T) {
	t.Parallel()
	in := photo(700, 500)
	whole := raster{in.Pix, 3 * 700, 700, 500, 3}
	fast := Resize(in, 64, FitStretch, FilterLanczos)
	exact := FilterLanczos.resample(whole, 64, 64)
	sum := 0.0
	for i, v := range fast.Pix {
		d := float64(v) - float64(exact.pix[i])
		sum += d * d
	}
	if rms := math.Sqrt(sum / float64(len(fast.Pix))); rms == 0 || rms > 1 {
		t.Errorf("root mean square difference %.3f levels, want some and at most 1", rms)
	}
	modest := Resize(in, 84, FitStretch, FilterLanczos)
	if string(modest.Pix) != string(FilterLanczos.resample(whole, 84, 84).pix) {
		t.Error("a picture above a sixth was averaged first")
	}
}

func TestFilterValidate(t *testing.T) {
	t.Parallel()
	for _, f := range []Filter{FilterLanczos, FilterCatmullRom, FilterLinear, FilterBox, FilterNearest} {
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Filter("sinc").Validate(); err == nil || !strings.Contains(err.Error(), `got "sinc"`) {
		t.Errorf("Validate = %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Resize took an unknown filter")
		}
	}()
	Resize(photo(3, 3), 2, FitCrop, "sinc")
}
