// SPDX-License-Identifier: Apache-2.0

package jpeg

import "math"

// axis maps samples of chroma to coefficients in one direction. An output
// sample, half as many as there are pixels, is the mean of the chroma
// interpolated at its pixels; a block of 8 of them then depends on a few
// samples only, and interpolation and transform are one small matrix.
type axis struct {
	// first is each block's first sample, and m its matrix: order rows of taps
	// weights.
	first []int
	m     []float32
	// order is the number of coefficients, from the lowest, that are worked out.
	order, taps int
}

// newAxis makes the matrices for n pixels and samples samples of chroma.
func newAxis(n, samples int) axis {
	blocks := (n + 15) / 16
	perBlock := 16 * float64(samples) / float64(n)
	a := axis{
		first: make([]int, blocks),
		order: min(8, int(math.Round(perBlock))+3),
		taps:  min(samples, int(math.Ceil(perBlock))+2),
	}
	a.m = make([]float32, blocks*a.order*a.taps)
	cosines := forward8()
	weights := make([]float64, a.taps)
	for b := range blocks {
		lowest, _ := sampleNear(float64(16*b), n, samples)
		a.first[b] = min(lowest, samples-a.taps)
		m := a.m[b*a.order*a.taps:]
		for y := range 8 {
			clear(weights)
			interpolate(weights, 16*b+2*y, a.first[b], n, samples)
			for u := range a.order {
				for t, w := range weights {
					m[u*a.taps+t] += float32(cosines[u][y] * w)
				}
			}
		}
	}
	return a
}

// interpolate adds the weights of the samples that make the mean of two pixels
// of n from x on. Where there are more samples than pixels, more places are
// looked at.
func interpolate(weights []float64, x, first, n, samples int) {
	x = min(x, (n-1)&^1) // what pads the last block repeats the last sample
	steps := (samples + n - 1) / n
	count := float64(2 * steps)
	for i := range 2 * steps {
		place := float64(x) + (float64(i)+0.5)/float64(steps)
		left, w := sampleNear(min(place, float64(n)-0.5/float64(steps)), n, samples)
		left -= first
		weights[left] += (1 - w) / count
		if w > 0 {
			weights[left+1] += w / count
		}
	}
}

// sampleNear returns the sample at or before a place in pixels, and the weight
// of the next one. Samples are areas, as pixels are.
func sampleNear(place float64, n, samples int) (int, float64) {
	pos := min(max(place*float64(samples)/float64(n)-0.5, 0), float64(samples-1))
	i := int(pos)
	return i, pos - float64(i)
}

// forward8 is the orthonormal transform of 8 numbers.
func forward8() (m [8][8]float64) {
	for u := range m {
		scale := 0.5
		if u == 0 {
			scale = math.Sqrt(0.125)
		}
		for x := range m[u] {
			m[u][x] = scale * math.Cos(float64((2*x+1)*u)*math.Pi/16)
		}
	}
	return m
}
