// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math"
	"testing"
)

func TestPerceptualHash(t *testing.T) {
	t.Parallel()
	// numpy's, in float64, with an orthonormal cosine transform.
	for _, tt := range []struct {
		w, h int
		want uint64
	}{
		{64, 64, 0xefe2a1e8dbb58410}, {100, 37, 0x49cfe1eff8212650}, {9, 50, 0xbfb803f515c5e0e0}, {256, 256, 0x72e6eb766938bc0},
	} {
		if got := PerceptualHash(pattern(tt.w, tt.h)); got != tt.want {
			t.Errorf("%dx%d: %#x, want %#x", tt.w, tt.h, got, tt.want)
		}
	}
	flat := NewRGB(5, 3)
	for i := range flat.Pix {
		flat.Pix[i] = 77
	}
	if got := PerceptualHash(flat); got != 0 {
		t.Errorf("one colour gives %#x", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an empty picture was hashed")
		}
	}()
	PerceptualHash(NewRGB(0, 4))
}

// Scaling, brightness and JPEG leave the hash near; another picture does not.
func TestHashDistance(t *testing.T) {
	t.Parallel()
	in := photo(256, 256)
	want := PerceptualHash(in)
	brighter := NewRGB(256, 256)
	for i, v := range in.Pix {
		brighter.Pix[i] = clamp8(int32(v)*9/10 + 20)
	}
	squeezed, err := Decode(jpegBytes(t, in), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for name, near := range map[string]*RGB{
		"smaller": Resize(in, 100, FitCrop, FilterLinear), "brighter": brighter, "JPEG": squeezed.RGB(),
	} {
		if d := HashDistance(want, PerceptualHash(near)); d > 6 {
			t.Errorf("%s: %d bits differ", name, d)
		}
	}
	if d := HashDistance(want, PerceptualHash(pattern(256, 256))); d < 16 {
		t.Errorf("another picture: %d bits differ", d)
	}
	if HashDistance(0, math.MaxUint64) != 64 || HashDistance(5, 5) != 0 {
		t.Error("the distance does not count bits")
	}
}

func TestCosine(t *testing.T) {
	t.Parallel()
	for k := range 400 {
		if got, want := cosine(k), int64(math.Round(math.Cos(float64(k)*math.Pi/64)*(1<<14))); got != want {
			t.Errorf("cosine(%d) = %d, want %d", k, got, want)
		}
	}
}
