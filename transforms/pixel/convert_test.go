// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/hex"
	"image"
	"image/color"
	"testing"
)

// cmykJPEG returns 16x16 pixels of CMYK, made by Pillow 12 in Adobe's inverted
// form: the left half is cyan, the right half is (0, 128, 255, 64). transform
// is the Adobe marker's field: 0 says CMYK, 2 reads the same data as YCCK.
func cmykJPEG(tb testing.TB, transform byte) []byte {
	tb.Helper()
	b, err := hex.DecodeString("ffd8ffee000e41646f626500640000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c" +
		"0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800100010044311004d11005911004b1100ffc400160001010100" +
		"000000000000000000000000090a08ffc40014100100000000000000000000000000000000ffda000e0443004d0059004b00003f002a8a99532a6aa81529576544ab" +
		"956554355aaa054a55d951ffd9")
	if err != nil {
		tb.Fatal(err)
	}
	b[17] = transform
	return b
}

// lossyWebP returns 16x16 pixels in WebP's video range: the left half is black,
// the right half is white.
func lossyWebP() []byte {
	b, err := hex.DecodeString("524946462800000057454250565038201c0000005001009d012a1000100001402625a40004740000fdb3fffd90d00000")
	if err != nil {
		panic(err)
	}
	return b
}

// colorWebP is (202, 28, 62) above and (20, 90, 221) below.
func colorWebP() []byte {
	b, err := hex.DecodeString("524946463e0000005745425056503820320000009001009d012a1000100000c01225a00274ba00039800fef8b517fdc6b6ffec95bfec95bffdbe1fff71e5ffbc09fedb000000")
	if err != nil {
		panic(err)
	}
	return b
}

// The colours wanted are those that Pillow shows for the same bytes.
func TestConvertAsPillow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		data   []byte
		points map[image.Point]color.RGBA
	}{
		{"CMYK JPEG", cmykJPEG(t, 0), map[image.Point]color.RGBA{{X: 2, Y: 8}: {0, 255, 255, 255}, {X: 12, Y: 8}: {191, 95, 0, 255}}},
		{"YCCK JPEG", cmykJPEG(t, 2), map[image.Point]color.RGBA{{X: 2, Y: 8}: {77, 255, 30, 255}, {X: 12, Y: 8}: {134, 0, 1, 255}}},
		{"WebP range", lossyWebP(), map[image.Point]color.RGBA{{X: 2, Y: 8}: {0, 0, 0, 255}, {X: 12, Y: 8}: {255, 255, 255, 255}}},
		{"WebP colour", colorWebP(), map[image.Point]color.RGBA{{X: 8, Y: 3}: {202, 28, 62, 255}, {X: 8, Y: 12}: {20, 90, 221, 255}}},
	}
	for _, tt := range tests {
		p, err := Decode(tt.data, DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		rgb, gray := p.RGB(), p.Gray()
		for at, want := range tt.points {
			got, _ := rgb.At(at.X, at.Y).(color.RGBA)
			if far(got.R, want.R) || far(got.G, want.G) || far(got.B, want.B) {
				t.Errorf("%s: %v at %v, want %v", tt.name, got, at, want)
			}
			if g := gray.GrayAt(at.X, at.Y).Y; far(g, luma(got.R, got.G, got.B)) {
				t.Errorf("%s: gray %d at %v for %v", tt.name, g, at, got)
			}
		}
	}
}

func far(a, b uint8) bool { return int(a)-int(b) > 2 || int(b)-int(a) > 2 }

func TestLuma(t *testing.T) {
	t.Parallel()
	// Values of Pillow's convert("L").
	for c, want := range map[[3]uint8]uint8{
		{255, 255, 255}: 255, {0, 0, 0}: 0, {255, 0, 0}: 76, {0, 255, 0}: 150, {0, 0, 255}: 29, {12, 200, 99}: 132, {1, 1, 1}: 1,
	} {
		r := &RGB{Pix: c[:], Width: 1, Height: 1}
		if got := r.Luma().Pix[0]; got != want {
			t.Errorf("luma of %v = %d, want %d", c, got, want)
		}
	}
}

func TestOver(t *testing.T) {
	t.Parallel()
	for v := range 256 {
		for a := range 256 {
			for _, below := range []uint8{0, 1, 100, 254, 255} {
				exact := (float64(v)*float64(a) + float64(below)*float64(255-a)) / 255
				if got := over(uint8(v), uint8(a), below); float64(got) < exact-0.5 || float64(got) > exact+0.5 {
					t.Fatalf("over(%d, %d, %d) = %d, want %.3f", v, a, below, got, exact)
				}
			}
		}
	}
}

func TestClamp8(t *testing.T) {
	t.Parallel()
	for v, want := range map[int32]uint8{-1 << 31: 0, -1: 0, 0: 0, 255: 255, 256: 255, 1<<31 - 1: 255} {
		if got := clamp8(v); got != want {
			t.Errorf("clamp8(%d) = %d, want %d", v, got, want)
		}
	}
}

// Every subsampling gives about the colour that the standard library gives,
// and a smooth ramp stays smooth.
func TestYCbCrSubsampling(t *testing.T) {
	t.Parallel()
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		for _, size := range []image.Point{{33, 17}, {1, 1}, {2, 1}, {1, 9}, {64, 2}} {
			m := image.NewYCbCr(image.Rect(0, 0, size.X, size.Y), ratio)
			for i := range m.Y {
				m.Y[i] = uint8(100 + i%50)
			}
			for i := range m.Cb {
				x := i % m.CStride
				m.Cb[i], m.Cr[i] = uint8(100+x), uint8(150-x)
			}
			if d := maxDiff(slowRGB(m), toRGB(m)); d > 4 {
				t.Errorf("%v, %v: differs by %d", ratio, size, d)
			}
			cb, cr := fullChroma(m)
			if len(cb) != size.X*size.Y || len(cr) != len(cb) {
				t.Errorf("%v, %v: %d chroma values", ratio, size, len(cb))
			}
		}
	}
}

func TestRGBImage(t *testing.T) {
	t.Parallel()
	r := photo(3, 2)
	if r.At(3, 0) != (color.RGBA{}) || r.At(0, -1) != (color.RGBA{}) {
		t.Error("At outside of the picture is not transparent black")
	}
	if !r.Opaque() || r.ColorModel() != color.RGBAModel || r.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Error("RGB does not describe itself")
	}
	if d := maxDiff(slowRGB(r), r); d != 0 {
		t.Errorf("At differs by %d", d)
	}
	p := &Picture{Image: r}
	if p.RGB() != r {
		t.Error("RGB of an RGB is a copy")
	}
	if d := maxDiff(r, toRGB(struct{ image.Image }{r})); d != 0 {
		t.Errorf("by way of an unknown type: differs by %d", d)
	}
}
