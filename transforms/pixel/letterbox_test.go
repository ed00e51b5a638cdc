// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"math"
	"testing"
)

// A picture of any shape through a network that paints what it sees at the place
// where it sees it: the colour of each pixel must follow its luma, at every
// size of the network, without a seam and without stretching.
func TestLetterboxColorsStayInPlace(t *testing.T) {
	t.Parallel()
	for _, s := range [][2]int{{1, 1}, {1, 5000}, {5000, 1}, {2, 5000}, {3000, 20}, {20, 3000}, {333, 100}, {64, 64}} {
		for _, size := range []int{1, 32, 96, 256} {
			luma := slowWaves(s[0], s[1])
			plane, box := FitLetterbox(luma, size)
			if len(plane) != size*size || box.Size != size {
				t.Fatalf("%v at %d: %d values, %+v", s, size, len(plane), box)
			}
			// What is dark becomes blue, what is light yellow.
			rgb := make([]float32, 0, 3*len(plane))
			for _, v := range plane {
				rgb = append(rgb, v/2, v/2, -v/2)
			}
			c := ChromaFromNetwork(rgb, size, box)
			up := newStretcher(c, s[0], s[1])
			step := float64(max(s[0], s[1])) / float64(size) // pixels of the picture to one of the network's
			slack := float32(4 + 40*2*math.Pi*step/waveLength(s[0], s[1]))
			var before []float32
			for y := range s[1] {
				cb, _ := up.row(y)
				for x, got := range cb {
					// Cb of (v/2, v/2, -v/2) is -v/2, v being the luma around 127.5.
					want := -(float32(luma.Pix[y*luma.Stride+x]) - 127.5) / 2
					if d := got - want; d > slack || d < -slack {
						t.Fatalf("%v at %d: (%d, %d) has Cb %g, want %g to %g", s, size, x, y, got, want, slack)
					}
					if y > 0 && max(got-before[x], before[x]-got) > slack {
						t.Fatalf("%v at %d: a seam above (%d, %d)", s, size, x, y)
					}
				}
				before = append(before[:0], cb...)
			}
		}
	}
}

// waveLength is that of slowWaves, in pixels: several to the picture's longer
// side.
func waveLength(w, h int) float64 { return float64(max(w, h)) / 3 }

// slowWaves is a luma of 128 and some 40 levels around it.
func slowWaves(w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	k := 2 * math.Pi / waveLength(w, h)
	for y := range h {
		for x := range w {
			m.Pix[y*w+x] = uint8(128 + 40*math.Sin(k*(float64(x+y)+0.5)))
		}
	}
	return m
}

// Pictures of the extreme shapes go through all ways of joining.
func TestRecombineExtremes(t *testing.T) {
	t.Parallel()
	for _, s := range [][2]int{{1, 1}, {1, 5000}, {5000, 1}} {
		for _, size := range []int{32, 256} {
			luma := slowWaves(s[0], s[1])
			plane, box := FitLetterbox(luma, size)
			rgb := make([]float32, 3*len(plane))
			for i := range plane {
				rgb[3*i] = 0.2 // reddish all over
			}
			c := ChromaFromNetwork(rgb, size, box)
			out := RecombineRGB(luma, c)
			if d := maxGrayDiff(luma, out.Luma()); d > 1 {
				t.Errorf("%v at %d: luma differs by %d", s, size, d)
			}
			for i := 0; i < len(out.Pix); i += 3 {
				if r, g := int(out.Pix[i]), int(out.Pix[i+1]); r-g < 20 || r-g > 30 {
					t.Fatalf("%v at %d: pixel %d has red %d and green %d", s, size, i/3, r, g)
				}
			}
			if got := RecombineYCbCr(luma, c); got.Rect.Dx() != s[0] || got.Rect.Dy() != s[1] {
				t.Errorf("%v at %d: joined to %v", s, size, got.Rect)
			}
		}
	}
}
