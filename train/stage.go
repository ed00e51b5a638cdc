// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"path"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// stage takes the steps that are left of the current stage.
func (t *trainer) stage(ctx context.Context) error {
	at := &t.state.Position
	index := at.Stage
	stage := t.schedule.stages[index]
	if at.Step == 0 {
		if err := t.clearMoments(); err != nil {
			return err
		}
	}
	steps, err := newStepper(t.work, t.o.Recipe, stage, t.schedule.stageSteps(index))
	if err != nil {
		return err
	}
	f := t.startFeed(ctx, stage)
	defer f.stop()
	for at.Stage == index {
		for end := t.schedule.epochEnd(at.Epochs + 1); at.Step < end; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.step(ctx, f, steps); err != nil {
				return err
			}
		}
		if err := t.endEpoch(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// clearMoments lets every network's optimizer begin anew, as each stage does.
func (t *trainer) clearMoments() error {
	for _, network := range t.networks() {
		if err := t.optimizer().clear(network); err != nil {
			return err
		}
	}
	return nil
}

// startFeed prepares the stage's inputs from the current step on.
func (t *trainer) startFeed(ctx context.Context, stage recipes.Stage) *feed {
	at := t.state.Position
	s := newSampler(t.o.Recipe, at.Stage, stage.Kind, t.train.n)
	each := int64(len(s.plan))
	// An interruption lets the step that has begun come to its end, so the feed
	// outlasts it; the caller stops the feed.
	from, to := at.Step*each, t.schedule.stageSteps(at.Stage)*each
	return startFeed(context.WithoutCancel(ctx), from, to, func(e int64) func() (input, error) {
		d := s.draw(e)
		return func() (input, error) { return t.supply.input(d) }
	})
}

// step trains on one step's batches and writes a line of the metrics when one
// is due.
func (t *trainer) step(ctx context.Context, f *feed, steps *stepper) error {
	start := t.clock.now()
	at := &t.state.Position
	due := (at.Step+1)%int64(t.o.Recipe.LogEach) == 0
	made, wait, err := steps.run(ctx, f, at.Step, due)
	if err != nil {
		return err
	}
	at.Step++
	t.state.Step++
	t.state.Pending++
	t.clock.step(t.clock.since(start), wait)
	failpoint.Hit(pointStep)
	if due {
		if err := t.logLine(steps.stage, made); err != nil {
			return err
		}
	}
	t.show()
	return nil
}

// drain moves the sums of the losses into the means. Steps leave them on the
// device: a copy for each step would be time lost.
func (t *trainer) drain() error {
	sum, err := t.pending()
	if err != nil || t.state.Pending == 0 {
		return err
	}
	t.state.Line = t.state.Line.plus(sum, t.state.Pending)
	t.state.Pass = t.state.Pass.plus(sum, t.state.Pending)
	t.state.Pending = 0
	return resetLosses(t.work.store)
}

// pending returns the sums over the pending steps, which stay pending. Sums
// that are of no use end the run.
func (t *trainer) pending() (lossVector, error) {
	if t.state.Pending == 0 {
		return lossVector{}, nil
	}
	sums, err := readLosses(t.work.store)
	if err != nil {
		return sums, err
	}
	if cause := sums.fault(t.state.Pending); cause != "" {
		return sums, t.diverge(cause)
	}
	return sums, nil
}

// checkWeights ends the run where a weight is no number.
func (t *trainer) checkWeights() error {
	for _, network := range t.networks() {
		good, err := finiteWeights(network)
		if err != nil {
			return err
		}
		if !good {
			return t.diverge("a weight of the " + path.Base(network.Scope()) + " was not finite")
		}
	}
	return nil
}

// networks returns the scopes of what is trained.
func (t *trainer) networks() []*ml.Scope {
	list := []*ml.Scope{t.work.store.Scope(model.GeneratorScope)}
	if t.o.Recipe.Adversarial() {
		list = append(list, t.work.store.Scope(model.CriticScope))
	}
	return list
}

// saveInterrupted makes a checkpoint in the middle of an epoch, unless the run
// has diverged since the losses were last read: the checkpoint before is the
// better one then.
func (t *trainer) saveInterrupted() error {
	if _, err := t.pending(); err != nil {
		return err
	}
	if err := t.checkWeights(); err != nil {
		return err
	}
	if err := t.save(); err != nil {
		return fmt.Errorf("saving the interrupted run: %w", err)
	}
	return nil
}

// linePictures is how many pictures of a step a line of the metrics measures.
const linePictures = 4

// logLine writes the means since the line before. Made is what the last step
// generated and should have, and is freed here.
func (t *trainer) logLine(stage recipes.Stage, made []*tensors.Tensor) error {
	defer func() {
		for _, m := range made {
			m.MustFinalizeAll()
		}
	}()
	if err := t.drain(); err != nil {
		return err
	}
	line := t.metric(MetricStep)
	t.state.Line.fill(&line, measured(stage.Kind, t.o.Recipe.Adversary))
	if line.L1 != nil {
		t.lastL1 = *line.L1
	}
	if line.Distance != nil {
		t.lastDistance = *line.Distance
	}
	t.state.Line = mean{}
	if stage.Kind == recipes.StageCritic {
		return t.log.add(line)
	}
	count := min(linePictures, t.o.Recipe.TrainBatchSize)
	generated, err := picturesOf(made[0], count)
	if err != nil {
		return err
	}
	truth, err := picturesOf(made[1], count)
	if err != nil {
		return err
	}
	return t.log.addLater(line, func(line *Metric) {
		line.Pictures = new(pixel.Quality)
		for i := range generated {
			line.Pictures.Add(pixel.Measure(generated[i], truth[i]))
		}
		line.Pictures.Divide(float64(count))
	})
}

// metric begins a line at the current position.
func (t *trainer) metric(kind MetricKind) Metric {
	return Metric{
		Kind: kind, Stage: t.schedule.stages[t.state.Position.Stage].Kind,
		Epoch: t.schedule.before(t.state.Position).epochs + 1, Step: t.state.Step,
	}
}

// diverge ends the run: what comes after a loss that is no number is noise.
func (t *trainer) diverge(cause string) error {
	if err := t.log.add(t.metric(MetricDiverged)); err != nil {
		return err
	}
	if err := t.log.sync(); err != nil {
		return err
	}
	return &divergedError{cause}
}

// show reports progress.
func (t *trainer) show() {
	if t.o.Progress == nil {
		return
	}
	done, all := t.schedule.before(t.state.Position), t.schedule.whole()
	p := Progress{
		Stage: t.schedule.stages[t.state.Position.Stage].Kind,
		Epoch: done.epochs + 1, Epochs: all.epochs, Step: done.steps, Steps: all.steps,
		Pictures: done.steps * t.schedule.batch, TotalPictures: all.steps * t.schedule.batch,
		ImagesPerSecond: t.clock.rate(t.schedule.batch),
		ETA:             t.clock.left(all.steps-done.steps, int64(all.epochs-done.epochs)),
		L1:              t.lastL1, Distance: t.lastDistance,
	}
	if v := t.state.Validation; v != nil {
		p.ValL1 = v.L1
	}
	t.o.Progress(p)
}
