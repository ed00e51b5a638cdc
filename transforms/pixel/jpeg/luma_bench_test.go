// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"bytes"
	"fmt"
	"image"
	std "image/jpeg"
	"io"
	"math"
	"testing"
)

// photo returns a file with shading, edges and grain, about 2.5 bits a pixel.
func photo(tb testing.TB, w, h int) []byte {
	tb.Helper()
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	grain := uint32(1)
	for y := range h {
		for x := range w {
			grain = grain*1664525 + 1013904223
			v := 128 + 60*math.Sin(float64(x)/90)*math.Cos(float64(y)/70) + float64(grain>>24)/16
			if (x/97+y/61)%2 == 0 {
				v -= 30
			}
			m.Y[y*m.YStride+x] = uint8(v)
			if x%2+y%2 == 0 {
				m.Cb[m.COffset(x, y)] = uint8(128 + 40*math.Sin(float64(x+y)/200))
				m.Cr[m.COffset(x, y)] = uint8(128 + 40*math.Cos(float64(x-y)/150))
			}
		}
	}
	var b bytes.Buffer
	if err := std.Encode(&b, m, &std.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// BenchmarkColor compares ways to give a file other colour: the luma kept, and
// pixels decoded and encoded.
func BenchmarkColor(b *testing.B) {
	for _, size := range [][2]int{{1632, 1224}, {4000, 3000}} {
		data := photo(b, size[0], size[1])
		c := waves(256, 192)
		encode := func(b *testing.B, m image.Image, err error) {
			if err == nil {
				err = std.Encode(io.Discard, m, &std.Options{Quality: 90})
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		for _, way := range []struct {
			name string
			run  func(b *testing.B)
		}{
			{"kept", func(b *testing.B) {
				l, err := ReadLuma(data)
				if err != nil {
					b.Fatal(err)
				}
				l.Reduced(8)
				if err := l.WriteColor(io.Discard, c, WriteOptions{Quality: 90}); err != nil {
					b.Fatal(err)
				}
			}},
			{"recoded", func(b *testing.B) {
				m, err := Decode(data, 1)
				encode(b, m, err)
			}},
			{"recoded by image/jpeg", func(b *testing.B) {
				m, err := std.Decode(bytes.NewReader(data))
				encode(b, m, err)
			}},
		} {
			b.Run(fmt.Sprintf("%dx%d %s", size[0], size[1], way.name), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					way.run(b)
				}
			})
		}
	}
}

// BenchmarkLuma measures the parts.
func BenchmarkLuma(b *testing.B) {
	data := photo(b, 1632, 1224)
	l, err := ReadLuma(data)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ReadLuma", func(b *testing.B) {
		for b.Loop() {
			if _, err := ReadLuma(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, reduction := range []int{8, 4, 2, 1} {
		b.Run(fmt.Sprintf("Reduced %d", reduction), func(b *testing.B) {
			for b.Loop() {
				l.Reduced(reduction)
			}
		})
	}
	for _, side := range []int{64, 256, 1024} {
		c := waves(side, side*3/4)
		b.Run(fmt.Sprintf("WriteColor %d", side), func(b *testing.B) {
			for b.Loop() {
				if err := l.WriteColor(io.Discard, c, WriteOptions{Quality: 90}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
