// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResizeSquare(t *testing.T) {
	t.Parallel()
	for _, s := range []image.Point{{64, 64}, {100, 40}, {40, 100}, {1, 1}, {5000, 1}, {1, 5000}, {3, 2}} {
		for _, fit := range []Fit{FitCrop, FitPad, FitStretch, ""} {
			got := ResizeSquare(photo(s.X, s.Y), 16, fit)
			if got.Width != 16 || got.Height != 16 || len(got.Pix) != 3*16*16 {
				t.Errorf("%v, %q: %dx%d", s, fit, got.Width, got.Height)
			}
		}
	}
	in := photo(20, 20)
	got := ResizeSquare(in, 20, FitCrop)
	if diff := cmp.Diff(in.Pix, got.Pix); diff != "" || &got.Pix[0] == &in.Pix[0] {
		t.Error("without a change in size the result is no plain copy")
	}
}

// Crop takes the middle, pad the whole, stretch all of it.
func TestResizeSquareFit(t *testing.T) {
	t.Parallel()
	// Three vertical bands: black, gray, white, 30x10 pixels.
	in := NewRGB(30, 10)
	for i := range in.Pix {
		in.Pix[i] = []uint8{0, 128, 255}[i/3%30/10]
	}
	crop := ResizeSquare(in, 10, FitCrop)
	for _, v := range crop.Pix {
		if v != 128 {
			t.Fatalf("crop is not the middle: %d", v)
		}
	}
	pad := ResizeSquare(in, 30, FitPad)
	for _, at := range []image.Point{{2, 0}, {2, 15}, {2, 29}} {
		if got := pad.Pix[3*(at.Y*30+at.X)]; got > 10 {
			t.Errorf("pad at %v = %d, want black", at, got)
		}
	}
	stretch := ResizeSquare(in, 9, FitStretch)
	if a, b, c := stretch.Pix[3], stretch.Pix[3*4], stretch.Pix[3*7]; a > 20 || b != 128 || c < 235 {
		t.Errorf("stretch: %d, %d, %d", a, b, c)
	}
}

func TestFitValidate(t *testing.T) {
	t.Parallel()
	for _, f := range []Fit{FitCrop, FitPad, FitStretch} {
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Fit("zoom").Validate(); err == nil || !strings.Contains(err.Error(), `got "zoom"`) {
		t.Errorf("Validate = %v", err)
	}
}

func TestReflect(t *testing.T) {
	t.Parallel()
	var got []int
	for i := -5; i < 9; i++ {
		got = append(got, reflect(i, 4))
	}
	if diff := cmp.Diff([]int{1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2}, got); diff != "" {
		t.Errorf("reflect (-want +got):\n%s", diff)
	}
	if reflect(-7, 1) != 0 || reflect(7, 1) != 0 {
		t.Error("reflect into one pixel")
	}
}

func TestFitLetterbox(t *testing.T) {
	t.Parallel()
	tests := []struct {
		w, h int
		want Letterbox
	}{
		{64, 64, Letterbox{Size: 32, Width: 32, Height: 32}},
		{64, 32, Letterbox{Size: 32, Top: 8, Width: 32, Height: 16}},
		{30, 90, Letterbox{Size: 32, Left: 10, Width: 11, Height: 32}},
		{5000, 1, Letterbox{Size: 32, Top: 15, Width: 32, Height: 1}},
		{1, 5000, Letterbox{Size: 32, Left: 15, Width: 1, Height: 32}},
		{1, 1, Letterbox{Size: 32, Width: 32, Height: 32}},
		{16, 8, Letterbox{Size: 32, Top: 8, Width: 32, Height: 16}},
	}
	for _, tt := range tests {
		y := photo(tt.w, tt.h).Luma()
		plane, box := FitLetterbox(y, 32)
		if diff := cmp.Diff(tt.want, box); diff != "" {
			t.Errorf("%dx%d (-want +got):\n%s", tt.w, tt.h, diff)
		}
		if len(plane) != 32*32 {
			t.Fatalf("%dx%d: %d values", tt.w, tt.h, len(plane))
		}
		for i, v := range plane {
			if v < -1 || v > 1 {
				t.Fatalf("%dx%d: value %g at %d", tt.w, tt.h, v, i)
			}
			// Pads are reflections: each row of them equals one of the picture.
			x, row := i%32, i/32
			mirror := (box.Top+reflect(row-box.Top, box.Height))*32 + box.Left + reflect(x-box.Left, box.Width)
			if v != plane[mirror] {
				t.Fatalf("%dx%d: pad at (%d, %d) is no reflection", tt.w, tt.h, x, row)
			}
		}
	}
	same := photo(32, 32).Luma()
	plane, _ := FitLetterbox(same, 32)
	for i, v := range plane {
		if math.Abs(float64(v)-(float64(same.Pix[i])/127.5-1)) > 1e-6 {
			t.Fatalf("without a change in size value %d is %g", i, v)
		}
	}
}

// Averaging blocks first changes next to nothing.
func TestBoxReduceFirst(t *testing.T) {
	t.Parallel()
	y := photo(1000, 701).Luma()
	fast, _ := resizeGray(y, 64, 45)
	whole := slowGray(y, 64, 45)
	sum := 0.0
	for i, v := range fast {
		d := float64(v) - float64(whole[i])
		sum += d * d
	}
	if rms := math.Sqrt(sum / float64(len(fast))); rms > 1 {
		t.Errorf("root mean square difference %.2f levels, want at most 1", rms)
	}
	for _, channels := range []int{1, 3} {
		flat := newRaster(101, 53, channels)
		for i := range flat.pix {
			flat.pix[i] = 201
		}
		for _, v := range flat.averaged(7).pix {
			if v != 201 {
				t.Fatalf("a flat picture became %d", v)
			}
		}
	}
}

// slowGray is Lanczos over the whole picture.
func slowGray(y *image.Gray, w, h int) []uint8 {
	in := raster{pix: y.Pix, stride: y.Stride, width: y.Rect.Dx(), height: y.Rect.Dy(), channels: 1}
	return FilterLanczos.resample(in, w, h).pix
}
