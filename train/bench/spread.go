// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"slices"
	"time"
)

// Spread sums up how long repetitions of the same work took, in milliseconds.
type Spread struct {
	Count  int     `json:"count"`
	Median float64 `json:"ms_median"`
	Min    float64 `json:"ms_min"`
	// P10 and P90 are the 10th and the 90th percentile.
	P10 float64 `json:"ms_p10"`
	P90 float64 `json:"ms_p90"`
}

// NewSpread sums up times, which it does not change; of none all values are 0.
func NewSpread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(times))
	return Spread{
		Count: len(sorted), Median: quantile(sorted, 0.5), Min: quantile(sorted, 0),
		P10: quantile(sorted, 0.1), P90: quantile(sorted, 0.9),
	}
}

// quantile interpolates between the two nearest of sorted times, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	x, y := milliseconds(sorted[low]), milliseconds(sorted[high])
	return x + (y-x)*(at-float64(low))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// rate is how many of n in some milliseconds are in a second, 0 where no time has
// passed.
func rate(n, ms float64) float64 {
	if ms <= 0 {
		return 0
	}
	return 1000 * n / ms
}
