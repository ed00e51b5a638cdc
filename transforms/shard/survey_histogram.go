// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"math"
	"sort"
)

// Histogram counts values in bins that do not depend on the values, so that it
// needs no memory for them and those of two data sets can be compared. It is
// not safe for concurrent use.
type Histogram struct {
	// Bounds has one value more than Counts and ascends: bin i counts what is
	// in [Bounds[i], Bounds[i+1]). The first bin counts what is below it too,
	// the last what is above.
	Bounds []float64 `json:"bounds"`
	Counts []int64   `json:"counts"`
}

func newHistogram(bounds []float64) Histogram {
	return Histogram{Bounds: bounds, Counts: make([]int64, len(bounds)-1)}
}

// Add counts a value n times.
func (h *Histogram) Add(v float64, n int64) {
	at := sort.Search(len(h.Bounds), func(i int) bool { return h.Bounds[i] > v }) - 1
	h.Counts[min(max(at, 0), len(h.Counts)-1)] += n
}

// Total returns how many values were counted.
func (h *Histogram) Total() int64 {
	var n int64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// steps returns the bounds of n bins of one width.
func steps(from, width float64, n int) []float64 {
	out := make([]float64, n+1)
	for i := range out {
		out[i] = from + float64(i)*width
	}
	return out
}

// octaves returns the bounds of bins that halve each octave from 2^from to
// 2^to, rounded: 64, 91, 128, 181, 256. From must be at least 1.
func octaves(from, to int) []float64 {
	out := make([]float64, 0, 2*(to-from)+1)
	for i := 2 * from; i <= 2*to; i++ {
		out = append(out, math.Round(math.Exp2(float64(i)/2)))
	}
	return out
}

// decades returns the bounds of six bins a decade from 10^from to 10^to: 100,
// 150, 200, 300, 500, 700, 1000.
func decades(from, to int) []float64 {
	out := make([]float64, 0, 6*(to-from)+1)
	for e := from; e < to; e++ {
		for _, m := range []float64{1, 1.5, 2, 3, 5, 7} {
			out = append(out, m*math.Pow10(e))
		}
	}
	return append(out, math.Pow10(to))
}
