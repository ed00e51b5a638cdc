// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"math"

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
		if err := t.optimizer().clear(t.generator()); err != nil {
			return err
		}
	}
	step, err := newGeneratorStep(t.o.Backend, t.store, t.o.Recipe, stage.GeneratorRate)
	if err != nil {
		return err
	}
	defer step.close()
	f := t.startFeed(ctx)
	defer f.stop()
	for at.Stage == index {
		for end := t.schedule.epochEnd(at.Epochs + 1); at.Step < end; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.step(ctx, f, step); err != nil {
				return err
			}
		}
		if err := t.endEpoch(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// startFeed prepares the stage's batches from the current step on.
func (t *trainer) startFeed(ctx context.Context) *feed {
	at := t.state.Position
	sequence := newOrder(t.o.Recipe.Seed, at.Stage, t.train.n)
	size := t.o.Recipe.TrainBatchSize
	return startFeed(ctx, t.train, t.o.Backend, at.Step, t.schedule.stageSteps(at.Stage), func(step int64) []int {
		picks := make([]int, size)
		for i := range picks {
			picks[i] = sequence.at(step*int64(size) + int64(i))
		}
		return picks
	})
}

// step trains on one batch and writes a line of the metrics when one is due.
func (t *trainer) step(ctx context.Context, f *feed, step *generatorStep) error {
	start := t.clock.now()
	in, err := f.next(ctx)
	if err != nil {
		return err
	}
	defer in.finalize()
	wait := t.clock.since(start)
	at := &t.state.Position
	if err := step.run(in, at.Step+1); err != nil {
		return err
	}
	at.Step++
	t.state.Step++
	t.state.Pending++
	t.clock.step(t.clock.since(start), wait)
	failpoint.Hit(pointStep)
	if at.Step%int64(t.o.Recipe.LogEach) == 0 {
		if err := t.logLine(); err != nil {
			return err
		}
	}
	t.show()
	return nil
}

// drain moves the sums of the losses into the means. Steps leave them on the
// device: a copy for each step would be time lost.
func (t *trainer) drain() error {
	sum, err := t.pendingL1()
	if err != nil || t.state.Pending == 0 {
		return err
	}
	t.state.Line = t.state.Line.plus(sum, t.state.Pending)
	t.state.Pass = t.state.Pass.plus(sum, t.state.Pending)
	t.state.Pending = 0
	return resetLosses(t.store)
}

// pendingL1 returns the sum of L1 over the pending steps, which stay pending.
// A sum that is no number ends the run.
func (t *trainer) pendingL1() (float64, error) {
	if t.state.Pending == 0 {
		return 0, nil
	}
	sums, err := readLosses(t.store)
	if err != nil {
		return 0, err
	}
	for _, sum := range sums {
		if !finite(sum) {
			return 0, t.diverge()
		}
	}
	return sums[lossL1], nil
}

// checkWeights ends the run where a weight is no number.
func (t *trainer) checkWeights() error {
	good, err := finiteWeights(t.generator())
	if err == nil && !good {
		return t.diverge()
	}
	return err
}

// saveInterrupted makes a checkpoint in the middle of an epoch, unless the run
// has diverged since the losses were last read: the checkpoint before is the
// better one then.
func (t *trainer) saveInterrupted() error {
	if _, err := t.pendingL1(); err != nil {
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

func (t *trainer) logLine() error {
	if err := t.drain(); err != nil {
		return err
	}
	t.lastL1 = t.state.Line.value()
	line := t.metric(MetricStep)
	line.L1 = &t.lastL1
	t.state.Line = mean{}
	return t.log.add(line)
}

// metric begins a line at the current position.
func (t *trainer) metric(kind MetricKind) Metric {
	return Metric{
		Kind: kind, Stage: t.schedule.stages[t.state.Position.Stage].Kind,
		Epoch: t.schedule.before(t.state.Position).epochs + 1, Step: t.state.Step,
	}
}

// diverge ends the run: what comes after a loss that is no number is noise.
func (t *trainer) diverge() error {
	if err := t.log.add(t.metric(MetricDiverged)); err != nil {
		return err
	}
	if err := t.log.sync(); err != nil {
		return err
	}
	return errDiverged
}

// endEpoch validates, records and saves.
func (t *trainer) endEpoch(ctx context.Context, stage recipes.Stage) error {
	start := t.clock.now()
	if err := t.drain(); err != nil {
		return err
	}
	if err := t.checkWeights(); err != nil {
		return err
	}
	line := t.metric(MetricEpoch)
	scores, generated, err := t.validate(ctx)
	if err != nil {
		return err
	}
	if scores != nil && (!finite(scores.L1) || !finite(scores.PSNR)) {
		return t.diverge()
	}
	trainL1 := t.state.Pass.value()
	line.L1, line.Validation = &trainL1, scores
	t.clock.validation += t.clock.since(start)

	start = t.clock.now()
	if err := t.log.add(line); err != nil {
		return err
	}
	if err := t.writeGrid(line.Epoch, generated); err != nil {
		return err
	}
	t.closeEpoch(line)
	if err := t.save(); err != nil {
		return err
	}
	t.clock.save += t.clock.since(start)
	return appendTiming(t.o.Output, t.clock.close(
		timing{Backend: t.o.Backend.Name, Stage: stage.Kind, Epoch: line.Epoch}, t.schedule.batch))
}

// validate scores the validation split, if there is one.
func (t *trainer) validate(ctx context.Context) (*Scores, []*pixel.RGB, error) {
	if t.validator == nil {
		return nil, nil, nil
	}
	scores, generated, err := t.validator.run(ctx, sampleCount)
	if err != nil {
		return nil, nil, err
	}
	return &scores, generated, nil
}

func (t *trainer) writeGrid(epoch int, generated []*pixel.RGB) error {
	if len(generated) == 0 {
		return nil
	}
	grid, err := sampleGrid(t.val, generated)
	if err != nil {
		return err
	}
	return writeSamples(t.o.Output, epoch, grid)
}

// closeEpoch moves the state behind the epoch that line describes.
func (t *trainer) closeEpoch(line Metric) {
	s := &t.state
	s.Epoch, s.TrainL1, s.Validation, s.Pass = line.Epoch, *line.L1, line.Validation, mean{}
	score := *line.L1
	if line.Validation != nil {
		score = line.Validation.L1
	}
	if s.Best == nil || s.Best.Stage != s.Position.Stage || score < s.Best.L1 {
		s.Best = &best{File: weightFile(s.Step), Stage: s.Position.Stage, Step: s.Step, Epoch: s.Epoch, L1: score}
	}
	s.Position.Epochs++
	if s.Position.Epochs == t.schedule.stages[s.Position.Stage].Epochs {
		s.Position = position{Stage: s.Position.Stage + 1}
		s.Line = mean{}
	}
}

// save makes a checkpoint of the current position.
func (t *trainer) save() error {
	if err := t.log.sync(); err != nil {
		return err
	}
	t.state.MetricsBytes = t.log.size
	return saveCheckpoint(t.o.Output, t.store, t.state)
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
		L1:              t.lastL1,
	}
	if v := t.state.Validation; v != nil {
		p.ValL1 = v.L1
	}
	t.o.Progress(p)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
