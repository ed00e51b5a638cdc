// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// stepper takes the steps of one stage.
type stepper struct {
	recipe recipes.Recipe
	stage  recipes.Stage
	adam   adam
	steps  int64 // of the whole stage
	plan   []program
	execs  []*ml.Exec
}

// newStepper compiles nothing yet: that happens at the first step.
func newStepper(w *workspace, r recipes.Recipe, stage recipes.Stage, steps int64) (*stepper, error) {
	b := newBuilder(w.store, r)
	s := &stepper{recipe: r, stage: stage, adam: b.adam, steps: steps, plan: programsOf(stage.Kind, r)}
	for _, p := range s.plan {
		exec, err := w.program(b, p)
		if err != nil {
			return nil, err
		}
		s.execs = append(s.execs, exec)
	}
	return s, nil
}

// run takes step number t of the stage, from 0, and adds to the sums of the
// losses without reading them. It returns the time that it waited for pictures,
// and the last execution's pictures, generated and true, where they are wanted:
// 8-bit levels [batch, s, s, 3], the caller's to free.
func (s *stepper) run(ctx context.Context, f *feed, t int64, want bool) (made []*tensors.Tensor, wait time.Duration, err error) {
	critic := t * criticSteps(s.plan)
	// Half a step has no place in the schedule: what has begun is ended.
	contexts := [2]context.Context{ctx, context.WithoutCancel(ctx)}
	for i, p := range s.plan {
		start := time.Now()
		in, err := f.next(contexts[min(i, 1)])
		wait += time.Since(start)
		if err != nil {
			return nil, wait, err
		}
		out, err := s.execute(s.execs[i], in, s.knobs(p, t, critic))
		if err != nil {
			return nil, wait, s.explain(err)
		}
		critic += int64(p.critics)
		if last := i == len(s.plan)-1; last && want {
			return out, wait, nil
		}
		for _, t := range out {
			t.MustFinalizeAll()
		}
	}
	return nil, wait, nil
}

func (s *stepper) execute(exec *ml.Exec, in input, knobs []float32) ([]*tensors.Tensor, error) {
	defer in.finalize()
	packed := tensors.FromFlatDataAndDimensions(knobs, len(knobs))
	defer packed.MustFinalizeAll()
	return exec.Exec(append(in.args, packed)...)
}

// knobs fills in what a program needs at step t whose first critic step is
// number critic of the stage.
func (s *stepper) knobs(p program, t, critic int64) []float32 {
	knobs := make([]float32, knobUpdates, knobUpdates+2*p.updates())
	knobs[knobL1], knobs[knobPenalty] = float32(s.recipe.L1Weight), float32(s.recipe.PenaltyWeight)
	if n := criticSteps(s.plan); n > 0 {
		knobs[knobShare] = float32(1 / float64(n))
	}
	factor := s.recipe.RateSchedule.Factor(t, s.steps)
	for i := range p.critics {
		stepSize, epsilon := s.adam.corrected(s.stage.CriticRate*factor, critic+int64(i)+1)
		knobs = append(knobs, stepSize, epsilon)
	}
	if p.generator != generatorNone {
		stepSize, epsilon := s.adam.corrected(s.stage.GeneratorRate*factor, t+1)
		knobs = append(knobs, stepSize, epsilon)
	}
	return knobs
}

// explain adds to an error of the device what a user can do about it.
func (s *stepper) explain(err error) error {
	what := fmt.Sprintf("for train_batch_size %d", s.recipe.TrainBatchSize)
	return fmt.Errorf("computing a training step: %w", explainMemory(err, what, stepBytes(s.recipe),
		"set a smaller train_batch_size, or another backend"))
}
