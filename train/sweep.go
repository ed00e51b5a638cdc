// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// sweepFile says what a sweep's folder is. Beside it stand a run folder for
// each run, named by its label, and report.html, which compares them.
const sweepFile = "sweep.json"

// SweepOptions says what to train on what, several times.
type SweepOptions struct {
	// Options are those of every run: Recipe is ignored, and Output is the
	// sweep's folder.
	Options
	// Experiment is the sweep.
	Experiment recipes.Experiment
	// Only names the one run to train; empty trains all.
	Only string
	// Started, if set, is called before each run with its label, its place among
	// the runs of this call, from 1, and whether it has ended before and is left
	// as it is.
	Started func(label string, place, of int, ended bool)
}

// SweepResult is how a sweep stands.
type SweepResult struct {
	// Runs holds the runs that the folder has, in the sweep's order.
	Runs []SweepRun `json:"runs"`
	// LeftOut says in a sentence each which runs the folder has that belong to
	// something else, such as another data set, and are not compared.
	LeftOut []string `json:"left_out,omitempty"`
	// Best is the label of the run with the lowest L1 at its end, of those that
	// came to it; empty where there is none. BestBy says of which pictures:
	// "validation L1", or "training L1" where nothing was validated.
	Best   string `json:"best,omitempty"`
	BestBy string `json:"best_by,omitempty"`
	// Outcome says in sentences what came out, beside what the report says.
	Outcome []string `json:"outcome,omitempty"`
	// Report is the path of the page that compares the runs.
	Report string `json:"report"`
}

// SweepRun is one run of a sweep.
type SweepRun struct {
	Label string `json:"label"`
	// Folder is the run folder.
	Folder string `json:"folder"`
	Result Result `json:"result"`
}

// Final returns the last validation of a run that has ended, nil where there is
// none: what another is half way through cannot be compared.
func (r SweepRun) Final() *Scores {
	if r.Result.Status != StatusDone && r.Result.Status != StatusDiverged {
		return nil
	}
	return r.Result.Validation
}

// Validate returns every problem of the options and of all runs, joined.
func (o SweepOptions) Validate() error {
	var problems []error
	if !o.Experiment.Sweep() {
		problems = append(problems, fmt.Errorf("experiment must be a sweep, got recipe %q", o.Experiment.Name))
	}
	if err := o.Experiment.Validate(); err != nil {
		problems = append(problems, err)
	}
	if o.Only != "" {
		if _, err := o.Experiment.Only(o.Only); err != nil {
			problems = append(problems, err)
		}
	}
	// The runs' own rules are those of the experiment, which were looked at.
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	each := o.Options
	each.Recipe = o.Experiment.Runs()[0].Recipe
	return each.Validate()
}

// Sweep trains the runs of a sweep one after the other and compares those that
// its folder has. Runs that differ in rates and weights alone share what was
// compiled. With Resume, runs that have ended are left as they are, and the one
// that was broken off goes on. With Overwrite the runs of the sweep that was
// there go first, or only the one that Only names, if the sweep is the same.
//
// Errors are those of [Run]. A request that cannot work for any of the runs is
// refused before the first, and nothing is written. When a run is interrupted or
// fails, the result and the page compare what there is nevertheless.
func Sweep(ctx context.Context, o SweepOptions) (SweepResult, error) {
	if err := o.Validate(); err != nil {
		return SweepResult{}, fault.AsRequest(err)
	}
	// A step that has begun reads its pictures to the end when ctx is cancelled.
	set, err := shard.Open(context.WithoutCancel(ctx), o.Data)
	if err != nil {
		return SweepResult{}, fmt.Errorf("opening the data set: %w", err)
	}
	defer set.Close()
	plan, err := planSweep(o, set)
	if err != nil {
		return SweepResult{}, err
	}
	if err := plan.claim(); err != nil {
		return SweepResult{}, err
	}
	failed, trainErr := plan.train(ctx, set)
	result, err := compareSweep(o, set.Info().ManifestSHA256, failed)
	return result, errors.Join(trainErr, err)
}

// train trains the runs that were asked for. It returns the label of the one that
// failed, if one did: the device or the disk that it lacked would be lacking for
// the next ones too.
func (p *sweepPlan) train(ctx context.Context, set *shard.Dataset) (failed string, err error) {
	defer recovered("training", &err)
	work := newWorkspace(p.o.Backend)
	defer work.close()
	for i, run := range p.runs {
		if p.o.Started != nil {
			p.o.Started(run.label, i+1, len(p.runs), run.ended)
		}
		if run.ended {
			continue
		}
		failed = run.label // should it panic
		t, err := newTrainer(run.options, set, work)
		if err == nil {
			t.shared = p.initial
			_, err = t.follow(ctx)
		}
		if errors.Is(err, ErrInterrupted) {
			failed = ""
		}
		if err != nil {
			return failed, fmt.Errorf("training %s: %w", run.label, err)
		}
	}
	return "", nil
}
