// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"slices"
	"strconv"
)

// Histograms is a set of histograms, laid out beside each other where the page
// is wide enough.
type Histograms struct {
	Title, Note string
	Charts      []Histogram
}

// Histogram shows how values are spread over bins. The bins are drawn equally
// wide, whatever they hold, and those that are empty at both ends are left out.
// Each series is shown as shares of its own total, so that series of different
// sizes can be compared: the first as bars, the others as outlines. One bin far
// above all others, such as that of a white background, is cut off and labelled.
type Histogram struct {
	Title, XLabel, YLabel string
	// Bounds ascend: bin i is [Bounds[i], Bounds[i+1]).
	Bounds []float64
	// Open says that the last bin holds all that is above it too.
	Open bool
	// Unit is what is counted, such as "pictures".
	Unit   string
	Series []Bins
}

// Bins is one series of a [Histogram], with one count a bin.
type Bins struct {
	Name   string
	Counts []int64
}

func (Histograms) kind() string { return "histograms" }

// used returns the range of bins that hold anything, at least six of them where
// there are so many, so that one bin is not as wide as the drawing.
func (c Histogram) used() (from, to int) {
	bins := len(c.Bounds) - 1
	from, to = bins, 0
	for _, s := range c.Series {
		for i, n := range s.Counts {
			if n > 0 {
				from, to = min(from, i), max(to, i+1)
			}
		}
	}
	if from >= to {
		return 0, 0
	}
	const least = 6
	for grown := true; grown && to-from < least; {
		grown = false
		if from > 0 {
			from, grown = from-1, true
		}
		if to < bins && to-from < least {
			to, grown = to+1, true
		}
	}
	return from, to
}

// shares returns each bin's share of the series in percent.
func (s Bins) shares() []float64 {
	total := 0.0
	for _, n := range s.Counts {
		total += float64(n)
	}
	out := make([]float64, len(s.Counts))
	if total > 0 {
		for i, n := range s.Counts {
			out[i] = 100 * float64(n) / total
		}
	}
	return out
}

// top returns the highest share to be drawn, and whether higher ones are cut.
func (c Histogram) top() (top float64, cut bool) {
	highest := make([]float64, len(c.Bounds)-1) // of each bin in any series
	for _, s := range c.Series {
		for i, share := range s.shares() {
			highest[i] = max(highest[i], share)
		}
	}
	slices.Sort(highest)
	top = highest[len(highest)-1]
	if len(highest) > 1 {
		if second := highest[len(highest)-2]; second > 0 && top > 6*second {
			return 1.5 * second, true
		}
	}
	return top, false
}

// binTicks labels every bound, or every second, fourth or eighth one, counted
// from the first bound of all.
func (c Histogram) binTicks(sx scale, from, to int) []tickView {
	every := 1
	for (to-from)/every > 8 {
		every *= 2
	}
	var out []tickView
	for i := from; i <= to; i++ {
		if i%every != 0 {
			continue
		}
		text := bound(c.Bounds[i])
		if c.Open && i == len(c.Bounds)-1 {
			text += "+"
		}
		out = append(out, tickView{At: coordinate(sx.at(float64(i))), Text: text})
	}
	return out
}

// bound formats a bin's end: 256, 1.4k, 0.5.
func bound(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e12:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 1e9:
		return trim(strconv.FormatFloat(v/1e9, 'f', 1, 64)) + "G"
	case a >= 1e6:
		return trim(strconv.FormatFloat(v/1e6, 'f', 1, 64)) + "M"
	case a >= 1e4:
		return trim(strconv.FormatFloat(v/1e3, 'f', 0, 64)) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// span names a bin.
func (c Histogram) span(i int) string {
	if c.Open && i == len(c.Bounds)-2 {
		return bound(c.Bounds[i]) + " and more"
	}
	return bound(c.Bounds[i]) + " to " + bound(c.Bounds[i+1])
}
