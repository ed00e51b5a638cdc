// SPDX-License-Identifier: Apache-2.0

package pixel

import "math"

// L1 returns the mean absolute difference over all pixels and channels, on the
// networks' scale: 8-bit levels divided by 127.5, so in [0, 2]. It panics if
// the sizes differ.
func L1(a, b *RGB) float64 {
	sameSize(a, b)
	if len(a.Pix) == 0 {
		return 0
	}
	var sum int64
	for i, v := range a.Pix {
		d := int64(v) - int64(b.Pix[i])
		if d < 0 {
			d = -d
		}
		sum += d
	}
	return float64(sum) / float64(len(a.Pix)) / 127.5
}

// PSNR returns the peak signal-to-noise ratio in decibels over all pixels and
// channels, +Inf for equal pictures. It panics if the sizes differ.
func PSNR(a, b *RGB) float64 {
	sameSize(a, b)
	var sum int64
	for i, v := range a.Pix {
		d := int64(v) - int64(b.Pix[i])
		sum += d * d
	}
	if sum == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))/float64(sum))
}

// Colorfulness returns the measure M3 of Hasler and Süsstrunk, "Measuring
// colorfulness in natural images" (2003): 0 for a gray picture, about 15 for
// slightly, 33 for moderately and above 80 for highly colourful ones.
func Colorfulness(r *RGB) float64 {
	n := float64(r.Width * r.Height)
	if n == 0 {
		return 0
	}
	// Twice yb is an integer, so the sums are exact.
	var rg, rg2, yb, yb2 int64
	for i := 0; i+2 < len(r.Pix); i += 3 {
		red, green, blue := int64(r.Pix[i]), int64(r.Pix[i+1]), int64(r.Pix[i+2])
		u, v := red-green, red+green-2*blue
		rg, rg2, yb, yb2 = rg+u, rg2+u*u, yb+v, yb2+v*v
	}
	meanRG, meanYB := float64(rg)/n, float64(yb)/(2*n)
	variance := max(0, float64(rg2)/n-meanRG*meanRG) + max(0, float64(yb2)/(4*n)-meanYB*meanYB)
	return math.Sqrt(variance) + 0.3*math.Hypot(meanRG, meanYB)
}

func sameSize(a, b *RGB) {
	if a.Width != b.Width || a.Height != b.Height {
		panic("pixel: comparing pictures of different sizes")
	}
}
