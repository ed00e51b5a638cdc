// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

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
	t.state.Pass.fill(&line, measured(stage.Kind, t.o.Recipe.Adversary))
	v, err := t.validate(ctx)
	if err != nil {
		return err
	}
	if v != nil {
		if !v.finite {
			return t.diverge("a validation picture or its scores were not finite")
		}
		if stage.Kind == recipes.StageGenerator {
			// The critic, if there is one, has not learned anything yet.
			v.scores = Scores{Quality: v.scores.Quality, TrueColorfulness: v.scores.TrueColorfulness}
		}
		line.Validation = &v.scores
		if line.Average, err = t.validateAverage(ctx); err != nil {
			return err
		}
	}
	t.clock.validation += t.clock.since(start)

	start = t.clock.now()
	if err := t.log.add(line); err != nil {
		return err
	}
	if v != nil {
		grid, err := writeSamples(t.o.Output, line.Epoch, t.val, *v)
		if err != nil {
			return err
		}
		if err := t.events.samples(line.Step, grid); err != nil {
			return err
		}
	}
	t.closeEpoch(line)
	if err := t.save(); err != nil {
		return err
	}
	t.clock.save += t.clock.since(start)
	return appendTiming(t.o.Output, t.clock.close(
		timing{Backend: t.o.Backend.Name, Stage: stage.Kind, Epoch: line.Epoch}, t.schedule.batch))
}

// validate measures the validation split; nil where there is none.
func (t *trainer) validate(ctx context.Context) (*validation, error) {
	if t.validator == nil {
		return nil, nil //nolint:nilnil // no pictures to validate with is no fault
	}
	v, err := t.validator.run(ctx)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// validateAverage measures the moving average of the generator's weights; nil
// where there is none. A critic has nothing to say of it.
func (t *trainer) validateAverage(ctx context.Context) (*pixel.Quality, error) {
	if t.average == nil {
		return nil, nil //nolint:nilnil // no average is no fault
	}
	v, err := t.average.run(ctx)
	if err != nil || !v.finite {
		return nil, err // the average of numbers gives numbers, or there is nothing to say
	}
	return &v.scores.Quality, nil
}

// closeEpoch moves the state behind the epoch that line describes.
func (t *trainer) closeEpoch(line Metric) {
	s := &t.state
	s.Epoch, s.Validation, s.Pass = line.Epoch, line.Validation, mean{}
	if line.L1 != nil {
		s.TrainL1 = *line.L1
	}
	score := s.TrainL1
	if line.Validation != nil {
		score = line.Validation.L1
	}
	// Without validation a critic's stage measures no generator: its newest
	// checkpoint counts, since it holds the most.
	unmeasured := line.Validation == nil && line.L1 == nil
	if s.Best == nil || s.Best.Stage != s.Position.Stage || score < s.Best.L1 || unmeasured {
		s.Best = &best{File: weightFile(s.Step), Stage: s.Position.Stage, Step: s.Step, Epoch: s.Epoch, L1: score}
	}
	s.Position.Epochs++
	if s.Position.Epochs == t.schedule.stages[s.Position.Stage].Epochs {
		s.Position = position{Stage: s.Position.Stage + 1}
		s.Line = mean{} // a line is about one stage
	}
}

// save makes a checkpoint of the current position.
func (t *trainer) save() error {
	if err := t.log.sync(); err != nil {
		return err
	}
	t.state.MetricsBytes = t.log.size
	return saveCheckpoint(t.o.Output, t.work.store, t.state, t.keep())
}
