// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"math/rand/v2"
	"testing"
)

// toned paints a luma in a tone that runs from dark by way of middle to light.
func toned(m *image.Gray, dark, middle, light [3]float64) *RGB {
	out := NewRGB(m.Rect.Dx(), m.Rect.Dy())
	for i, v := range m.Pix {
		t := float64(v) / 127.5
		for c := range 3 {
			level := dark[c] + t*(middle[c]-dark[c])
			if t > 1 {
				level = middle[c] + (t-1)*(light[c]-middle[c])
			}
			out.Pix[3*i+c] = clamp8(int32(level + 0.5))
		}
	}
	return out
}

func noisy(m *RGB, levels float64) *RGB {
	rng := rand.New(rand.NewPCG(21, 22))
	out := NewRGB(m.Width, m.Height)
	for i, v := range m.Pix {
		out.Pix[i] = clamp8(int32(float64(v) + levels*rng.NormFloat64() + 0.5))
	}
	return out
}

func TestHasColor(t *testing.T) {
	t.Parallel()
	const w, h = 640, 480
	color := photo(w, h)
	luma := color.Luma()
	gray := toned(luma, [3]float64{}, [3]float64{128, 128, 128}, [3]float64{255, 255, 255})
	sepia := toned(luma, [3]float64{26, 15, 5}, [3]float64{138, 106, 69}, [3]float64{255, 240, 208})
	cyanotype := toned(luma, [3]float64{0, 32, 64}, [3]float64{48, 112, 176}, [3]float64{240, 248, 255})
	patch := func(side int) *RGB {
		out := NewRGB(w, h)
		copy(out.Pix, gray.Pix)
		for y := range side {
			for x := range side {
				p := out.Pix[3*((100+y)*w+100+x):]
				p[0], p[1] = clamp8(int32(p[0])+60), clamp8(int32(p[1])-40)
			}
		}
		return out
	}
	pale := NewRGB(w, h)
	for i := range pale.Pix {
		pale.Pix[i] = uint8((2*int(gray.Pix[i]) + int(color.Pix[i])) / 3)
	}
	for _, tt := range []struct {
		name string
		m    *RGB
		want bool
	}{
		{"colour", color, true},
		{"pale colour", pale, true},
		{"gray", gray, false},
		{"gray with a sensor's noise", noisy(gray, 12), false},
		{"sepia", sepia, false},
		{"sepia with noise", noisy(sepia, 8), false},
		{"cyanotype", cyanotype, false},
		{"one colour", toned(image.NewGray(image.Rect(0, 0, w, h)), [3]float64{200, 10, 10}, [3]float64{}, [3]float64{}), false},
		{"a large patch", patch(120), true},
		{"a tiny patch", patch(12), false},
	} {
		file := jpegBytes(t, tt.m)
		whole, err := Decode(file, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		small, err := DecodeAtLeast(file, DefaultLimits(), 128)
		if err != nil {
			t.Fatal(err)
		}
		for form, m := range map[string]image.Image{"RGB": tt.m, "JPEG": whole.Image, "reduced JPEG": small.Image} {
			if got := HasColor(m); got != tt.want {
				t.Errorf("%s, %s: %v, want %v", tt.name, form, got, tt.want)
			}
		}
	}
	for _, m := range []image.Image{
		luma, image.NewGray16(image.Rect(0, 0, 9, 9)), NewRGB(1, 1), NewRGB(0, 0), &image.YCbCr{}, sticker(40).SubImage(image.Rect(0, 0, 2, 2)),
	} {
		if HasColor(m) {
			t.Errorf("%T of %v has colour", m, m.Bounds())
		}
	}
	if !HasColor(sticker(200)) {
		t.Error("a sticker has no colour")
	}
}

func BenchmarkHasColor(b *testing.B) {
	file := jpegBytes(b, photo(4000, 3000))
	for _, side := range []int{0, 128} {
		p, err := DecodeAtLeast(file, DefaultLimits(), side)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.Image.Bounds().Size().String(), func(b *testing.B) {
			for b.Loop() {
				HasColor(p.Image)
			}
		})
	}
}
