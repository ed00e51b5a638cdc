// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

// photo returns a picture with smooth shading, edges, noise and colour.
func photo(w, h int) *RGB {
	r := NewRGB(w, h)
	noise := uint32(1)
	for y := range h {
		for x := range w {
			noise = noise*1664525 + 1013904223
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			disc := 0.0
			if math.Hypot(u-0.5, v-0.4) < 0.3 {
				disc = 60
			}
			n := float64(noise>>24) / 32
			p := r.Pix[3*(y*w+x):]
			p[0] = clamp8(int32(128 + 100*math.Sin(6*u+2*v) + n))
			p[1] = clamp8(int32(100 + 80*math.Cos(5*v) + disc + n))
			p[2] = clamp8(int32(200*u + disc + n))
		}
	}
	return r
}

// sticker returns a picture with a transparent surrounding, like an emoji.
func sticker(size int) *image.NRGBA {
	r := photo(size, size)
	m := image.NewNRGBA(r.Bounds())
	for y := range size {
		for x := range size {
			d := math.Hypot(float64(x-size/2), float64(y-size/2))
			a := clamp8(int32(40 * (float64(size)*0.4 - d)))
			c := r.At(x, y).(color.RGBA)
			if a == 0 {
				c = color.RGBA{}
			}
			m.SetNRGBA(x, y, color.NRGBA{R: c.R, G: c.G, B: c.B, A: a})
		}
	}
	return m
}

func pngBytes(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func jpegBytes(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// The archives that CHROMABEAM_DATA may hold.
const (
	emojiArchive = "emoji-256-pokemon-layout.zip"
	facesArchive = "faces-64-anime-layout.zip"
)

// archive returns up to limit PNGs of an archive, or skips.
func archive(b *testing.B, name string, limit int) [][]byte {
	b.Helper()
	dir := os.Getenv("CHROMABEAM_DATA")
	if dir == "" {
		b.Skip("CHROMABEAM_DATA does not name the folder of the archives")
	}
	z, err := zip.OpenReader(filepath.Join(dir, name))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	var out [][]byte
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".png") || len(out) == limit {
			continue
		}
		r, err := f.Open()
		if err != nil {
			b.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

func benchDecode(b *testing.B, files [][]byte) {
	b.ReportAllocs()
	lim := DefaultLimits()
	n := 0
	for b.Loop() {
		if _, err := Decode(files[n%len(files)], lim); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func BenchmarkDecode(b *testing.B) {
	b.Run("png-rgba-256", func(b *testing.B) { benchDecode(b, [][]byte{pngBytes(b, sticker(256))}) })
	b.Run("jpeg-256", func(b *testing.B) { benchDecode(b, [][]byte{jpegBytes(b, photo(256, 256))}) })
	b.Run("archive", func(b *testing.B) { benchDecode(b, archive(b, emojiArchive, 200)) })
}

func benchEncode(b *testing.B, pictures []image.Image) {
	b.ReportAllocs()
	n, size := 0, 0
	var buf bytes.Buffer
	for b.Loop() {
		buf.Reset()
		if err := EncodePNG(&buf, pictures[n%len(pictures)]); err != nil {
			b.Fatal(err)
		}
		n++
		size += buf.Len()
	}
	b.ReportMetric(float64(size)/float64(n), "size/op")
}

func BenchmarkEncodePNG(b *testing.B) {
	r := photo(256, 256)
	b.Run("rgb-256", func(b *testing.B) { benchEncode(b, []image.Image{r}) })
	b.Run("gray-256", func(b *testing.B) { benchEncode(b, []image.Image{r.Luma()}) })
	for _, name := range []string{"archive-rgb", "archive-gray"} {
		b.Run(name, func(b *testing.B) {
			var pictures []image.Image
			for _, f := range archive(b, emojiArchive, 200) {
				p, err := Decode(f, DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				if name == "archive-gray" {
					pictures = append(pictures, p.Gray())
				} else {
					pictures = append(pictures, p.RGB())
				}
			}
			benchEncode(b, pictures)
		})
	}
}

// BenchmarkPrepare is the whole of what prepare does to one picture, over all
// pictures of each archive: size/op is the mean length of both files together.
func BenchmarkPrepare(b *testing.B) {
	for _, set := range []struct {
		name, archive string
		size          int
	}{{"emoji-256", emojiArchive, 256}, {"faces-64", facesArchive, 64}} {
		b.Run(set.name, func(b *testing.B) { benchPrepare(b, archive(b, set.archive, -1), set.size) })
	}
}

func benchPrepare(b *testing.B, files [][]byte, size int) {
	b.ReportAllocs()
	n, total := 0, 0
	var buf bytes.Buffer
	for b.Loop() {
		p, err := Decode(files[n%len(files)], DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		r := Resize(p.RGB(), size, FitCrop, FilterLanczos)
		for _, m := range []image.Image{r.Gray(Formula601), r} {
			buf.Reset()
			if err := EncodePNG(&buf, m); err != nil {
				b.Fatal(err)
			}
			total += buf.Len()
		}
		n++
	}
	b.ReportMetric(float64(total)/float64(n), "size/op")
}

func BenchmarkResize(b *testing.B) {
	for _, s := range []image.Point{{500, 375}, {4000, 3000}} {
		r := photo(s.X, s.Y)
		b.Run(s.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Resize(r, 256, FitCrop, FilterLanczos)
			}
		})
	}
}

func BenchmarkPerceptualHash(b *testing.B) {
	r := photo(256, 256)
	for b.Loop() {
		PerceptualHash(r)
	}
}

func benchChroma(size int) Chroma {
	c := Chroma{Width: size, Height: size, Cb: make([]float32, size*size), Cr: make([]float32, size*size)}
	for i := range c.Cb {
		c.Cb[i] = float32(60 * math.Sin(float64(i)))
		c.Cr[i] = float32(60 * math.Cos(float64(i)/7))
	}
	return c
}

func BenchmarkRecombineRGB(b *testing.B) {
	y, c := photo(4000, 3000).Luma(), benchChroma(256)
	b.ReportAllocs()
	for b.Loop() {
		RecombineRGB(y, c)
	}
}

func BenchmarkRecombineYCbCr(b *testing.B) {
	y, c := photo(4000, 3000).Luma(), benchChroma(256)
	b.ReportAllocs()
	for b.Loop() {
		RecombineYCbCr(y, c)
	}
}

func BenchmarkFitLetterbox(b *testing.B) {
	y := photo(4000, 3000).Luma()
	b.ReportAllocs()
	for b.Loop() {
		FitLetterbox(y, 256)
	}
}

func BenchmarkTIFF(b *testing.B) {
	m := photo(2000, 1500)
	for name, o := range map[string]*tiff.Options{"none": nil, "deflate": {Compression: tiff.Deflate, Predictor: true}} {
		data := encoded(b, func(w *bytes.Buffer) error { return tiff.Encode(w, m, o) })
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(data, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/reference", func(b *testing.B) {
			for b.Loop() {
				if _, err := tiff.Decode(bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodePNG16(b *testing.B) {
	m := photo(1600, 1200)
	luma := image.NewGray16(m.Bounds())
	noise := uint32(1)
	for i, v := range m.Luma().Pix {
		noise = noise*1664525 + 1013904223
		luma.Pix[2*i], luma.Pix[2*i+1] = v, uint8(noise>>24)
	}
	out := RecombineRGB16(luma, Chroma{Width: 2, Height: 1, Cb: []float32{-9, 20}, Cr: []float32{14, 3}})
	slow := image.NewNRGBA64(m.Bounds())
	draw.Draw(slow, slow.Rect, out, image.Point{}, draw.Src)
	for name, m := range map[string]image.Image{"ours": out, "reference": slow} {
		b.Run(name, func(b *testing.B) {
			var n int
			for b.Loop() {
				var buf bytes.Buffer
				if err := EncodePNG(&buf, m); err != nil {
					b.Fatal(err)
				}
				n = buf.Len()
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}

func BenchmarkRecombineRGB16(b *testing.B) {
	luma := image.NewGray16(image.Rect(0, 0, 1600, 1200))
	c := Chroma{Width: 2, Height: 1, Cb: []float32{-9, 20}, Cr: []float32{14, 3}}
	for b.Loop() {
		RecombineRGB16(luma, c)
	}
}
