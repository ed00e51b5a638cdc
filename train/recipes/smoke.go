// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"math/bits"
)

// smokeSize is the most pixels a trial's pictures have on a side.
const smokeSize = 64

// Smoke returns the recipe shrunk to a trial of seconds: the same kinds of
// networks and the same stages, but at 64 px or less, at most 8 filters wide,
// with at most 2 critic steps for each of the generator, on 8 pictures for two
// epochs. A recipe for larger pictures thus needs a data set of 64-px ones for
// its trial (prepare -size 64).
//
// Batch sizes become 1 to 4 in such a way that those of a sweep stay apart: 4,
// 8, 16 and 32 become 1, 2, 3 and 4.
func (r Recipe) Smoke() Recipe {
	if r.Size > smokeSize {
		r = r.Resize(smokeSize)
	}
	r.Command = withFlags(r.Command, "-smoke")
	r.Filters = min(r.Filters, 8)
	r.CriticFilters = min(r.CriticFilters, 8)
	r.CriticSteps = min(r.CriticSteps, 2)
	r.TrainLimit, r.ValLimit = limit(r.TrainLimit, 8), limit(r.ValLimit, 4)
	r.TrainBatchSize = min(max(1, bits.Len(uint(max(1, r.TrainBatchSize)))-2), 4)
	r.ValBatchSize = min(r.ValBatchSize, 4)
	r.Epochs = min(r.Epochs, 2)
	r.GeneratorEpochs = min(r.GeneratorEpochs, 1)
	r.CriticEpochs = min(r.CriticEpochs, 1)
	r.LogEach = 1
	return r
}

// limit is the smaller of two limits of which 0 is none.
func limit(a, b int) int {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// Smoke returns the experiment shrunk as [Recipe.Smoke] does. A sweep keeps all
// of its runs and their labels, although the values are the trial's: in that of
// 6.9, "d_coef=5" takes 2 critic steps, as four of its neighbours do. What the
// report calls best says nothing of them.
func (e Experiment) Smoke() Experiment {
	small := Experiment{Recipe: e.Recipe.Smoke()}
	if !e.Sweep() {
		return small
	}
	small.Vary = Vary{Key: e.Vary.Key, Labels: e.Labels()}
	for _, run := range e.Runs() {
		value, _ := run.Recipe.Smoke().Value(e.Vary.Key)
		small.Vary.Values = append(small.Vary.Values, fmt.Sprint(value))
	}
	return small
}
