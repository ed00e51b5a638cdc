// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

func randomGray16(rng *rand.Rand, w, h int) *image.Gray16 {
	m := image.NewGray16(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.IntN(256))
	}
	return m
}

func maxGray16Diff(a, b *image.Gray16) int {
	if a.Rect.Size() != b.Rect.Size() {
		return 1 << 20
	}
	d := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			v, w := int(a.Gray16At(x, y).Y), int(b.Gray16At(x, y).Y)
			d = max(d, v-w, w-v)
		}
	}
	return d
}

func TestRecombineRGB16KeepsLuma(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 12))
	for _, s := range sizes {
		wide := randomGray16(rng, s[0]+3, s[1])
		y := &image.Gray16{Pix: wide.Pix, Stride: wide.Stride, Rect: image.Rect(0, 0, s[0], s[1])}
		out := RecombineRGB16(y, randomChroma(rng, s[2], s[3]))
		if d := maxGray16Diff(y, out.Luma()); d > 1 {
			t.Errorf("%v: luma differs by %d of 65,535", s, d)
		}
	}
}

// Colours are those of 8 bits, to a level of theirs.
func TestRecombineRGB16Colors(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(13, 14))
	y, c := randomGray(rng, 40, 30), randomChroma(rng, 8, 6)
	deep := image.NewGray16(y.Rect)
	for i, v := range y.Pix {
		deep.Pix[2*i], deep.Pix[2*i+1] = v, v
	}
	if d := maxDiff(RecombineRGB(y, c), toRGB(RecombineRGB16(deep, c))); d > 1 {
		t.Errorf("colours differ by %d", d)
	}
	gray := RecombineRGB16(deep, c.Scale(0))
	for i := 0; i < len(gray.Pix); i += 6 {
		if p := gray.Pix[i : i+6]; !bytes.Equal(p[:2], p[2:4]) || !bytes.Equal(p[:2], p[4:]) || !bytes.Equal(p[:2], deep.Pix[i/3:][:2]) {
			t.Fatalf("without colour, pixel %d is %v", i/6, p)
		}
	}
}

func TestEncodePNG16(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(15, 16))
	for _, size := range [][2]int{{1, 1}, {2, 1}, {3, 50}, {61, 47}} {
		for _, kind := range []string{"noise", "ramp", "flat"} {
			m := NewRGB48(size[0], size[1])
			for i := range m.Pix {
				switch kind {
				case "noise":
					m.Pix[i] = uint8(rng.IntN(256))
				case "ramp":
					m.Pix[i] = uint8(i * i >> 9)
				}
			}
			data := encoded(t, func(b *bytes.Buffer) error { return EncodePNG(b, m) })
			if again := encoded(t, func(b *bytes.Buffer) error { return EncodePNG(b, m) }); !bytes.Equal(data, again) {
				t.Errorf("%v, %s: the same pixels give other bytes", size, kind)
			}
			back, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%v, %s: %v", size, kind, err)
			}
			got, ok := back.(*image.RGBA64)
			if !ok || data[24] != 16 || data[25] != 2 {
				t.Fatalf("%v, %s: %T of %d bits and colour type %d", size, kind, back, data[24], data[25])
			}
			for y := range m.Height {
				for x := range m.Width {
					if got.RGBA64At(x, y) != m.At(x, y) {
						t.Fatalf("%v, %s: (%d, %d) is %v, want %v", size, kind, x, y, got.RGBA64At(x, y), m.At(x, y))
					}
				}
			}
			// And through our own way back.
			p, err := Decode(data, DefaultLimits())
			if err != nil || p.Bits != 16 || maxGray16Diff(m.Luma(), p.Gray16()) != 0 {
				t.Errorf("%v, %s: decoded with %v", size, kind, err)
			}
		}
	}
}

func TestGray16(t *testing.T) {
	t.Parallel()
	r := image.Rect(0, 0, 2, 1)
	gray := image.NewGray16(r)
	gray.SetGray16(1, 0, color.Gray16{Y: 0x1234})
	straight, premultiplied := image.NewNRGBA64(r), image.NewRGBA64(r)
	straight.SetNRGBA64(0, 0, color.NRGBA64{R: 0x1234, G: 0x1234, B: 0x1234, A: 0x8000})
	straight.SetNRGBA64(1, 0, color.NRGBA64{R: 0xffff, A: 0xffff})
	premultiplied.SetRGBA64(0, 0, color.RGBA64{R: 0x0800, G: 0x0800, B: 0x0800, A: 0x8000})
	premultiplied.SetRGBA64(1, 0, color.RGBA64{G: 0xffff, A: 0xffff})
	eight := image.NewGray(r)
	eight.Pix[1] = 0x7f
	deep := &RGB48{Pix: []uint8{0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0xff, 0xff}, Width: 2, Height: 1}
	for _, tt := range []struct {
		m    image.Image
		want [2]uint16
	}{
		{gray, [2]uint16{0, 0x1234}},
		{straight, [2]uint16{0x8919, 0x4c8b}},
		{premultiplied, [2]uint16{0x87ff, 0x9645}},
		{eight, [2]uint16{0, 0x7f7f}},
		{deep, [2]uint16{1, 0x1d2f}},
	} {
		p := Picture{Image: tt.m, Width: 2, Height: 1}
		got := p.Gray16()
		if a, b := got.Gray16At(0, 0).Y, got.Gray16At(1, 0).Y; a != tt.want[0] || b != tt.want[1] {
			t.Errorf("%T: %#x, %#x, want %#x", tt.m, a, b, tt.want)
		}
		if eight := Reduce8(got); eight.Pix[1] != uint8(tt.want[1]>>8) || eight.Rect != r {
			t.Errorf("%T: %v in 8 bits", tt.m, eight.Pix)
		}
	}
}
