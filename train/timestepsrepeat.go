// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"time"
)

// Repeat says how often work is repeated that is to be timed.
type Repeat struct {
	// Warmup is how many repetitions come before the timed ones, at least 1: the
	// first compiles.
	Warmup int
	// Count is how many are timed; 0 goes on until Least is over and MinRepeats
	// are done.
	Count int
	// Least is the shortest time to measure for where Count is 0.
	Least time.Duration
}

// MinRepeats is the least number of timed repetitions where it is left open.
const MinRepeats = 5

// DefaultRepeat measures for three seconds after two repetitions.
func DefaultRepeat() Repeat { return Repeat{Warmup: 2, Least: 3 * time.Second} }

// Validate returns every problem, joined.
func (r Repeat) Validate() error {
	var problems []error
	if r.Warmup < 1 {
		problems = append(problems, fmt.Errorf("warm-up must be at least 1, got %d", r.Warmup))
	}
	if r.Count < 0 {
		problems = append(problems, fmt.Errorf("steps must be at least 1, or 0 to go by the time, got %d", r.Count))
	}
	if r.Count == 0 && r.Least <= 0 {
		problems = append(problems, fmt.Errorf("seconds must be more than 0, got %g", r.Least.Seconds()))
	}
	return errors.Join(problems...)
}

// More tells whether another repetition is to be timed.
func (r Repeat) More(done int, spent time.Duration) bool {
	if r.Count > 0 {
		return done < r.Count
	}
	return done < MinRepeats || spent < r.Least
}

// Share is how far the timed repetitions are, for a display. The total is an
// estimate where the time decides.
func (r Repeat) Share(done int, spent time.Duration) (part, total int64) {
	if r.Count > 0 {
		return int64(done), int64(r.Count)
	}
	left := max(0, r.Least-spent)
	each := spent / time.Duration(max(1, done))
	n := max(MinRepeats, done)
	if each > 0 {
		n = max(n, done+int((left+each-1)/each))
	}
	return int64(done), int64(n)
}
