// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TimeOptions says which steps to time, and how many.
type TimeOptions struct {
	// Recipe is followed in its last stage, the joint one where it has a critic.
	Recipe recipes.Recipe
	// Backend computes; the caller closes it.
	Backend *model.Backend
	// Convolutions names the form of the convolutions, as model.SetConvolutions
	// takes it; empty is auto.
	Convolutions string
	// Repeat is how many steps are taken.
	Repeat Repeat
	// Progress, if set, is called after each step with the time it took, on the
	// goroutine of TimeSteps.
	Progress func(StepProgress)
}

// StepProgress is what a display may show after a step of [TimeSteps].
type StepProgress struct {
	// Warmup tells that the step was not timed.
	Warmup bool
	// Done counts the steps of its kind, Took is what the last one took, Spent what
	// all of its kind have.
	Done        int
	Took, Spent time.Duration
}

// Validate returns every problem of the options, joined.
func (o TimeOptions) Validate() error {
	if o.Backend == nil {
		return errors.Join(o.ValidateRequest(), errors.New("backend must be open"))
	}
	return o.ValidateRequest()
}

// ValidateRequest is [TimeOptions.Validate] without the backend, which takes a
// while to open.
func (o TimeOptions) ValidateRequest() error {
	return errors.Join(o.Recipe.Validate(), model.ValidateConvolutions(o.Convolutions), o.Repeat.Validate())
}

// StepTimes is what steps took.
type StepTimes struct {
	Stage recipes.StageKind
	// Batch is the number of pictures in the generator's batch; each of the
	// critic's steps has another of that size, but for one that shares it.
	Batch int
	// FLOPs are the floating-point operations of a step, see [StepFLOPs].
	FLOPs int64
	// First is the first step's time, compilation included: what a user waits for.
	First time.Duration
	// Steps are the times of the timed steps, in order.
	Steps []time.Duration
	// L1 is the mean of the generator's L1 over all steps, on the scale [-1, 1]:
	// a sign that numbers were computed and not NaN.
	L1 float64
}

// TimeSteps takes training steps as [Run] does, one after the other, and times
// each: the trainer's own graphs with the gradients' norms and the losses' sums,
// Adam, and a feed that names pictures which lie on the device as 8-bit levels. The
// pictures are made up and stay in memory. An execution returns when its device is
// done, so that a step's time is the device's.
//
// Losses that are no numbers are an error; so is the end of ctx, between two
// steps. What the options are wrong in is a request error of package fault.
func TimeSteps(ctx context.Context, o TimeOptions) (times StepTimes, err error) {
	defer recovered("timing training steps", &err)
	if err := o.Validate(); err != nil {
		return StepTimes{}, fault.AsRequest(err)
	}
	s, err := newTimedStage(ctx, o)
	if err != nil {
		return StepTimes{}, err
	}
	defer s.close()
	times = StepTimes{Stage: s.stage.Kind, Batch: o.Recipe.TrainBatchSize, FLOPs: StepFLOPs(o.Recipe, s.stage.Kind)}
	if times.First, err = s.warmUp(ctx); err != nil {
		return StepTimes{}, err
	}
	for spent := time.Duration(0); o.Repeat.More(len(times.Steps), spent); {
		took, err := s.step(ctx)
		if err != nil {
			return StepTimes{}, err
		}
		times.Steps = append(times.Steps, took)
		spent += took
		o.show(StepProgress{Done: len(times.Steps), Took: took, Spent: spent})
	}
	times.L1, err = s.l1()
	return times, err
}

func (o TimeOptions) show(p StepProgress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}

// timedStage is a recipe's last stage on made-up pictures, ready for steps.
type timedStage struct {
	o       TimeOptions
	trainer *trainer
	stage   recipes.Stage
	steps   *stepper
	feed    *feed
	at      int64
}

// newTimedStage makes the networks, moves the pictures to the device and starts
// the feed. It compiles nothing yet. Close must be called.
func newTimedStage(ctx context.Context, o TimeOptions) (*timedStage, error) {
	r := o.Recipe
	r.Epochs = maxTimedEpochs // so that the feed has no end
	t := &trainer{o: Options{Recipe: r, Backend: o.Backend}, work: newWorkspace(o.Backend)}
	s := &timedStage{o: o, trainer: t}
	if err := s.prepare(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// maxTimedEpochs is more than anyone times.
const maxTimedEpochs = 1_000_000

func (s *timedStage) prepare(ctx context.Context) (err error) {
	t := s.trainer
	r := t.o.Recipe
	if err := t.work.prepare(r); err != nil {
		return err
	}
	if err := model.SetConvolutions(t.work.store, s.o.Convolutions); err != nil {
		return err
	}
	if err := errors.Join(t.clearMoments(), t.startAverage(), resetLosses(t.work.store)); err != nil {
		return err
	}
	t.train = madeUpPictures(r.Size, max(minMadeUp, madeUpBatches*r.TrainBatchSize))
	t.schedule = schedule{stages: r.Stages(), pictures: int64(t.train.n), batch: int64(r.TrainBatchSize)}
	t.state.Position.Stage = len(t.schedule.stages) - 1
	s.stage = t.schedule.stages[t.state.Position.Stage]
	if t.supply, err = newMadeUpSupply(t.train, s.o.Backend); err != nil {
		return err
	}
	if s.steps, err = newStepper(t.work, r, s.stage, t.schedule.stageSteps(t.state.Position.Stage)); err != nil {
		return err
	}
	s.feed = t.startFeed(ctx, s.stage)
	return nil
}

// step takes one step and returns its time.
func (s *timedStage) step(ctx context.Context) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	start := time.Now()
	if _, _, err := s.steps.run(ctx, s.feed, s.at, false); err != nil {
		return 0, err
	}
	s.at++
	return time.Since(start), nil
}

// warmUp takes the steps that are not timed and returns the time of the first.
func (s *timedStage) warmUp(ctx context.Context) (first time.Duration, err error) {
	var spent time.Duration
	for i := range s.o.Repeat.Warmup {
		took, err := s.step(ctx)
		if err != nil {
			return 0, err
		}
		if i == 0 {
			first = took
		}
		spent += took
		s.o.show(StepProgress{Warmup: true, Done: i + 1, Took: took, Spent: spent})
	}
	return first, nil
}

// l1 reads the losses of all steps so far.
func (s *timedStage) l1() (float64, error) {
	sums, err := readLosses(s.trainer.work.store)
	if err != nil {
		return 0, err
	}
	for _, v := range sums {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("timing training steps: the losses of %d steps are no numbers: %v", s.at, sums)
		}
	}
	return sums[lossL1] / float64(max(1, s.at)), nil
}

// close frees what lies on the device.
func (s *timedStage) close() {
	if s.feed != nil {
		s.feed.stop()
	}
	s.trainer.close()
	s.trainer.work.close()
}
