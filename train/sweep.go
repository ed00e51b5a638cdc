// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

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
	// Started, if set, is called before each run with its label and its place
	// among the runs of this call, from 1.
	Started func(label string, place, of int)
}

// SweepResult is how a sweep stands.
type SweepResult struct {
	// Runs holds the runs that the folder has, in the sweep's order.
	Runs []SweepRun `json:"runs"`
	// Best is the label of the run with the lowest validation L1 (or training
	// L1, where there is no validation), empty where none has ended well.
	Best string `json:"best,omitempty"`
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
// that was broken off goes on. Errors are those of [Run]; the page compares what
// there is when a run is interrupted, too.
func Sweep(ctx context.Context, o SweepOptions) (SweepResult, error) {
	if err := o.Validate(); err != nil {
		return SweepResult{}, fault.AsRequest(err)
	}
	if err := openSweep(o); err != nil {
		return SweepResult{}, err
	}
	set, err := shard.Open(o.Data)
	if err != nil {
		return SweepResult{}, fmt.Errorf("opening the data set: %w", err)
	}
	defer set.Close()
	trainErr := trainRuns(ctx, o, set)
	if trainErr != nil && !errors.Is(trainErr, ErrInterrupted) {
		return SweepResult{}, trainErr
	}
	result, err := compareSweep(o)
	return result, errors.Join(trainErr, err)
}

// trainRuns trains the runs that were asked for.
func trainRuns(ctx context.Context, o SweepOptions, set *shard.Dataset) error {
	runs := o.Experiment.Runs()
	if o.Only != "" {
		run, err := o.Experiment.Only(o.Only)
		if err != nil {
			return fault.AsRequest(err)
		}
		runs = []recipes.Run{run}
	}
	work := newWorkspace(o.Backend)
	defer work.close()
	for i, run := range runs {
		if o.Started != nil {
			o.Started(run.Label, i+1, len(runs))
		}
		each := o.Options
		each.Recipe, each.Output = run.Recipe, filepath.Join(o.Output, run.Label)
		if _, err := runIn(ctx, each, set, work); err != nil {
			return fmt.Errorf("training %s: %w", run.Label, err)
		}
	}
	return nil
}

// openSweep makes the sweep's folder or takes it over. A folder that holds
// something else, or another sweep, is refused.
func openSweep(o SweepOptions) error {
	var there recipes.Experiment
	switch err := readJSON(o.Output, sweepFile, &there); {
	case err == nil:
		if o.Overwrite || sameExperiment(there, o.Experiment) {
			break
		}
		return fault.Request("output %q holds another sweep, of recipe %q with %s %v; name another folder, or overwrite it",
			o.Output, there.Name, there.Vary.Key, there.Vary.Values)
	case errors.Is(err, fs.ErrNotExist):
		if err := freeForSweep(o); err != nil {
			return err
		}
	default:
		return fault.AsRequest(err)
	}
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return fault.Request("making the sweep's folder: %w", err)
	}
	return writeJSON(o.Output, sweepFile, o.Experiment)
}

// freeForSweep refuses a folder with anything in it.
func freeForSweep(o SweepOptions) error {
	entries, err := os.ReadDir(o.Output)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Request("opening the sweep's folder: %w", err)
	}
	if len(entries) > 0 && !o.Overwrite {
		return fault.Request("output %q is not empty and holds no sweep; name another folder, or overwrite", o.Output)
	}
	return nil
}

// sameExperiment compares all that numbers depend on.
func sameExperiment(a, b recipes.Experiment) bool {
	return len(recipes.Differences(a.Recipe, b.Recipe)) == 0 && reflect.DeepEqual(a.Vary, b.Vary)
}
