// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"math"
)

// errDiverged ends the loop when a loss is no number, or one that training does
// not come back from.
var errDiverged = errors.New("training diverged")

// divergedError is errDiverged with what was found, half a sentence for the
// run's page.
type divergedError struct{ cause string }

func (e *divergedError) Error() string { return errDiverged.Error() + ": " + e.cause }

func (e *divergedError) Unwrap() error { return errDiverged }

// divergedAt is the size from which on the critic's scores count as diverged.
// They are within some hundreds in any run that learns. Its loss is no measure:
// the penalty of an untrained critic can be that large, and is soon gone.
const divergedAt = 1e6

// good tells whether sums of losses over a number of steps are of use.
func (v lossVector) good(count int64) bool { return v.fault(count) == "" }

// fault says what makes the sums useless, empty where they are of use.
func (v lossVector) fault(count int64) string {
	names := [lossCount]string{
		lossL1: "L1", lossAdversarial: "the generator's adversarial loss", lossCritic: "the critic's loss",
		lossDistance: "the critic's distance", lossPenalty: "the gradient penalty", lossNorm: "the norm that the penalty bounds",
		lossGeneratorGradient: "the generator's gradient", lossCriticGradient: "the critic's gradient",
	}
	for i, sum := range v {
		if !finite(sum) {
			return names[i] + " was not finite"
		}
	}
	for _, l := range []loss{lossAdversarial, lossDistance} {
		if math.Abs(v[l]) > divergedAt*float64(count) {
			return fmt.Sprintf("%s was beyond %.0f in size, which training does not come back from", names[l], divergedAt)
		}
	}
	return ""
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
