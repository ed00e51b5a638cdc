// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// drawPicture draws a sky over three rows of hills, with the noise of a sensor: its
// JPEG and PNG are about as large as a photograph's. The same size gives the same
// picture.
func drawPicture(width, height int) *pixel.RGB {
	p := pixel.NewRGB(width, height)
	rng := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	hills := [3][3]float64{{96, 128, 120}, {64, 104, 64}, {56, 72, 32}}
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			color := [3]float64{150 - 90*v, 190 - 60*v, 240 - 20*v}
			for i, hill := range hills {
				f := float64(i + 1)
				if v > 0.3+0.18*f+0.08*math.Sin(5*f*u+2*f)+0.02*math.Sin(37*f*u) {
					shade := 1 + 0.25*math.Sin(90*u+60*v*f)*math.Sin(70*v-20*u*f)
					color = [3]float64{hill[0] * shade, hill[1] * shade, hill[2] * shade}
				}
			}
			grain := rng.NormFloat64() * 3
			for c := range 3 {
				p.Pix[3*(y*width+x)+c] = byte(min(255, max(0, color[c]+grain+rng.NormFloat64()*2)))
			}
		}
	}
	return p
}
