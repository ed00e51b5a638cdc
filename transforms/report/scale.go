// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"strconv"
	"strings"
)

// scale maps values of [lo, hi] to positions of [from, to], linearly or by
// logarithm.
type scale struct {
	lo, hi   float64
	from, to float64
	log      bool
}

func (s scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log10(v), math.Log10(lo), math.Log10(hi)
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

// fit returns the scale whose ends are the outermost ticks around [lo, hi].
// Empty ranges are widened, so that a constant curve runs through the middle.
func fit(lo, hi float64, log bool, want int) (scale, []float64) {
	if hi-lo < 1e-12*max(math.Abs(lo), math.Abs(hi)) && lo <= hi {
		hi = lo // what floating point hardly tells apart, no axis can show
	}
	switch {
	case lo > hi: // no value at all
		lo, hi = 0, 1
		if log {
			lo, hi = 1, 10
		}
	case lo == hi && log:
		lo, hi = lo/2, hi*2
	case lo == hi:
		d := math.Abs(lo) / 2
		if d == 0 {
			d = 1
		}
		lo, hi = lo-d, hi+d
	}
	if log {
		ticks := logTicks(lo, hi, want)
		return scale{lo: min(lo, ticks[0]), hi: max(hi, ticks[len(ticks)-1]), log: true}, ticks
	}
	ticks := ticks(lo, hi, want)
	return scale{lo: min(lo, ticks[0]), hi: max(hi, ticks[len(ticks)-1])}, ticks
}

// ticks returns about want round values that enclose [lo, hi].
func ticks(lo, hi float64, want int) []float64 {
	step := niceStep((hi - lo) / float64(max(want-1, 1)))
	first, last := math.Floor(lo/step+1e-9), math.Ceil(hi/step-1e-9)
	var out []float64
	for i := first; i <= last && len(out) < 50; i++ {
		out = append(out, i*step)
	}
	if len(out) < 2 { // a range too narrow for its magnitude: no step separates it
		return []float64{lo, hi}
	}
	return out
}

// niceStep returns the 1, 2 or 5 times a power of ten nearest above raw.
func niceStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*p >= raw*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// logTicks returns powers of ten around [lo, hi], with 2 and 5 between them
// where the range is short, and only every n-th power where it is long.
func logTicks(lo, hi float64, want int) []float64 {
	a, b := int(math.Floor(math.Log10(lo)+1e-9)), int(math.Ceil(math.Log10(hi)-1e-9))
	var out []float64
	if b-a <= 2 {
		for e := a; e <= b; e++ {
			for _, m := range []float64{1, 2, 5} {
				out = append(out, m*math.Pow10(e))
			}
		}
		return enclosing(out, lo, hi)
	}
	every := max(1, int(math.Ceil(float64(b-a)/float64(want))))
	for e := a; e < b+every; e += every {
		out = append(out, math.Pow10(e))
	}
	return out
}

// enclosing cuts values to the run that just encloses [lo, hi].
func enclosing(values []float64, lo, hi float64) []float64 {
	from, to := 0, len(values)-1
	for from < to && values[from+1] <= lo*(1+1e-9) {
		from++
	}
	for to > from+1 && values[to-1] >= hi*(1-1e-9) {
		to--
	}
	return values[from : to+1]
}

// label formats a tick among its neighbours step apart: 0.25, 12, 1.5k, 2M,
// 1e-06.
func label(v, step float64) string {
	switch a := math.Abs(v); {
	case a < step*1e-6:
		return "0"
	case a >= 1e12 || a < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 1e9:
		return short(v/1e9) + "G"
	case a >= 1e6:
		return short(v/1e6) + "M"
	case a >= 1e4:
		return short(v/1e3) + "k"
	}
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	return trim(strconv.FormatFloat(v, 'f', digits, 64))
}

func short(v float64) string { return trim(strconv.FormatFloat(v, 'f', 2, 64)) }

// trim drops zeros at the end of a fraction.
func trim(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
