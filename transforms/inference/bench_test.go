// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
)

// BenchmarkWays times what the engine does around the network for JPEG to JPEG, on
// one worker: luma kept, and decoded and encoded anew.
func BenchmarkWays(b *testing.B) {
	for _, size := range []image.Point{{1632, 1224}, {4000, 3000}} {
		m := image.NewYCbCr(image.Rect(0, 0, size.X, size.Y), image.YCbCrSubsampleRatio420)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range m.Y {
			m.Y[i] = uint8(60 + i%size.X*100/size.X + r.IntN(12))
		}
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = uint8(110+i%30), 140
		}
		data := jpegOf(b, m)
		for name, recode := range map[string]bool{"kept": false, "recoded": true} {
			b.Run(fmt.Sprintf("%dMP/%s", size.X*size.Y/1_000_000, name), func(b *testing.B) {
				s := settings()
				s.Workers, s.RecodeLuma = 1, recode
				e := New(&fake{size: 256, batch: 1}, s)
				for b.Loop() {
					if _, err := e.Colorize(b.Context(), data, FormatJPEG); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(e.Stats().CodecBusy.Seconds()*1000/float64(b.N), "codec-ms/picture")
			})
		}
	}
}
