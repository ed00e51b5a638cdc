// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/disintegration/imaging"
)

// TestResizeIsLikeImaging holds our own Lanczos filter, whose sums are integers,
// against that of a library which computes in floating point.
func TestResizeIsLikeImaging(t *testing.T) {
	t.Parallel()
	m := photo(301, 301)
	for _, tt := range []struct {
		size, most int
		mean       float64
	}{
		{64, 2, 0.1}, {150, 2, 0.1}, {256, 2, 0.1}, {420, 2, 0.1},
		{16, 6, 1}, // ours takes the means of blocks first
	} {
		size := tt.size
		got := Resize(m, size, FitStretch, FilterLanczos)
		want := imaging.Resize(m, size, size, imaging.Lanczos)
		most, sum := 0, 0
		for i := range size * size {
			for c := range 3 {
				d := int(got.Pix[3*i+c]) - int(want.Pix[4*i+c])
				most, sum = max(most, d, -d), sum+max(d, -d)
			}
		}
		// Each of the two passes rounds, the library's and ours at other places.
		if mean := float64(sum) / float64(3*size*size); most > tt.most || mean > tt.mean {
			t.Errorf("%d pixels a side: values differ by up to %d, by %.3f in the mean", size, most, mean)
		}
	}
}

func TestThumbnailSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ w, h, longest, wantW, wantH int }{
		{400, 300, 256, 256, 192},
		{300, 400, 256, 192, 256},
		{257, 257, 256, 256, 256},
		{256, 100, 256, 256, 100},
		{3, 2, 256, 3, 2},
		{3000, 1, 256, 256, 1},
		{1, 3000, 256, 1, 256},
		{9, 9, 1, 1, 1},
		{0, 3, 256, 0, 0},
	} {
		got := Thumbnail(image.NewGray(image.Rect(0, 0, tt.w, tt.h)), tt.longest).Bounds()
		if got != image.Rect(0, 0, tt.wantW, tt.wantH) {
			t.Errorf("a thumbnail of %dx%d is %v, want %dx%d", tt.w, tt.h, got, tt.wantW, tt.wantH)
		}
	}
}

// TestThumbnailOfEveryType wants the same colors whatever the decoder returns.
func TestThumbnailOfEveryType(t *testing.T) {
	t.Parallel()
	rect := image.Rect(0, 0, 300, 200)
	shade := color.NRGBA{R: 200, G: 200, B: 200, A: 255}
	paletted := image.NewPaletted(rect, color.Palette{shade})
	damaged := image.NewPaletted(rect, color.Palette{shade})
	for i := range damaged.Pix {
		damaged.Pix[i] = 7
	}
	types := []draw.Image{
		image.NewGray(rect), image.NewGray16(rect), image.NewNRGBA(rect), image.NewRGBA(rect), image.NewNRGBA64(rect),
		image.NewRGBA64(rect), image.NewCMYK(rect),
	}
	pictures := map[string]image.Image{"damaged": damaged, "*image.Paletted": paletted}
	for _, m := range types {
		draw.Draw(m, rect, image.NewUniform(shade), image.Point{}, draw.Src)
		pictures[fmt.Sprintf("%T", m)] = m
	}
	rgb := NewRGB(300, 200)
	for i := range rgb.Pix {
		rgb.Pix[i] = 200
	}
	pictures["*pixel.RGB"] = rgb
	deep := NewRGB48(300, 200)
	for i := range deep.Pix {
		deep.Pix[i] = 200
	}
	pictures["*pixel.RGB48"] = deep
	ycbcr := image.NewYCbCr(rect, image.YCbCrSubsampleRatio420)
	for i := range ycbcr.Y {
		ycbcr.Y[i] = 200
	}
	for i := range ycbcr.Cb {
		ycbcr.Cb[i], ycbcr.Cr[i] = 128, 128
	}
	pictures["*image.YCbCr"] = ycbcr
	for name, m := range pictures {
		want := shade
		if name == "damaged" {
			want = color.NRGBA{A: 255}
		}
		got := Thumbnail(m, 100)
		if c := color.NRGBAModel.Convert(got.At(50, 30)); got.Bounds() != image.Rect(0, 0, 100, 66) || c != want {
			t.Errorf("%s: %v with %v in the middle, want %v", name, got.Bounds(), c, want)
		}
	}
	glass := image.NewNRGBA(rect)
	if _, _, _, a := Thumbnail(glass, 100).At(50, 30).RGBA(); a != 0 {
		t.Errorf("a transparent picture's thumbnail has alpha %d", a)
	}
}

// BenchmarkThumbnail takes 12 megapixels, as a camera has.
func BenchmarkThumbnail(b *testing.B) {
	rgb := photo(4000, 3000)
	ycbcr := image.NewYCbCr(rgb.Bounds(), image.YCbCrSubsampleRatio420)
	gray := image.NewGray(rgb.Bounds())
	for name, m := range map[string]image.Image{"rgb": rgb, "ycbcr": ycbcr, "gray": gray, "nrgba": image.NewNRGBA(rgb.Bounds())} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Thumbnail(m, 256)
			}
		})
	}
}
