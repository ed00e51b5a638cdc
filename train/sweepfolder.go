// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// sweepPlan is what a sweep is about to do, when all of it has been found to be
// possible as far as can be told.
type sweepPlan struct {
	o    SweepOptions
	runs []plannedRun
	// replaced are the folders of the runs that have to go.
	replaced []string
	// initial are the weights that all runs start from, nil for random ones. They
	// are read once: their run may be training on.
	initial *initialWeights
}

// plannedRun is a run that was asked for.
type plannedRun struct {
	label   string
	options Options
	// begun tells that the run is there, ended that it stays as it is.
	begun, ended bool
}

// planSweep looks at the folder, the data set and every run. It changes nothing.
func planSweep(o SweepOptions, set *shard.Dataset) (*sweepPlan, error) {
	there, err := sweepThere(o)
	if err != nil {
		return nil, err
	}
	p := &sweepPlan{o: o}
	for _, run := range o.Experiment.Runs() {
		if o.Only != "" && o.Only != run.Label {
			continue
		}
		each := o.Options
		each.Recipe, each.Output = run.Recipe, filepath.Join(o.Output, run.Label)
		planned, err := p.plan(run.Label, each, set)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", run.Label, err)
		}
		p.runs = append(p.runs, planned)
	}
	if !o.Overwrite {
		return p, p.oneInit()
	}
	for _, label := range replacedLabels(o, there) {
		if err := p.replace(filepath.Join(o.Output, label)); err != nil {
			return nil, fmt.Errorf("run %s: %w", label, err)
		}
	}
	return p, nil
}

// plan looks at one run that was asked for.
func (p *sweepPlan) plan(label string, o Options, set *shard.Dataset) (plannedRun, error) {
	run := plannedRun{label: label, options: o}
	t, err := newTrainer(o, set, nil)
	if err != nil {
		return run, err
	}
	defer t.close()
	if o.Init != "" {
		if err := checkInit(o, o.Init); err != nil {
			return run, err
		}
		if p.initial == nil {
			initial, err := openInit(o, o.Init)
			if err != nil {
				return run, err
			}
			p.initial = &initial
		}
		t.record.Init = p.initial.record
	}
	var old record
	found, err := lookAt(o, t.record, &old)
	run.begun = found == standsResume
	run.ended = run.begun && (old.Status == StatusDone || old.Status == StatusDiverged)
	return run, err
}

// oneInit refuses to begin runs without the weights that those which are there
// started from.
func (p *sweepPlan) oneInit() error {
	if p.o.Init != "" || !slices.ContainsFunc(p.runs, func(r plannedRun) bool { return !r.begun }) {
		return nil
	}
	for _, label := range p.o.Experiment.Labels() {
		var there record
		err := readJSON(filepath.Join(p.o.Output, label), recordFile, &there)
		if err == nil && there.Init != nil {
			return fault.Request("run %s started from the network in %q, and so must the others: name it with init",
				label, there.Init.Path)
		}
	}
	return nil
}

// replace notes a run that has to go, if there is one.
func (p *sweepPlan) replace(dir string) error {
	if p.o.Init != "" && sameFolder(p.o.Init, dir) {
		return fault.Request("init must be another run than those that are replaced, got %q", p.o.Init)
	}
	found, err := lookAt(Options{Output: dir, Overwrite: true}, record{}, new(record))
	if err == nil && found == standsReplace {
		p.replaced = append(p.replaced, dir)
	}
	return err
}

// replacedLabels lists the runs that overwriting replaces: those of the sweep that
// is there and of the new one. Where one run was asked for, and the sweep is the
// same or cannot be read, it is that one: what does not belong to the others any
// more is left out of the comparison.
func replacedLabels(o SweepOptions, there *recipes.Experiment) []string {
	if o.Only != "" && (there == nil || len(sweepDifferences(*there, o.Experiment)) == 0) {
		return []string{o.Only}
	}
	labels := o.Experiment.Labels()
	if there == nil {
		return labels
	}
	for _, label := range there.Labels() {
		// They come from a file, and must not lead out of the folder.
		if filepath.Base(label) == label && filepath.IsLocal(label) && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// sweepThere returns the sweep that the output holds, nil for none, and refuses
// what must stay.
func sweepThere(o SweepOptions) (*recipes.Experiment, error) {
	var there recipes.Experiment
	err := readJSON(o.Output, sweepFile, &there)
	syntax, kind := (*json.SyntaxError)(nil), (*json.UnmarshalTypeError)(nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, freeForSweep(o)
	case errors.As(err, &syntax), errors.As(err, &kind):
		if o.Overwrite {
			return nil, nil //nolint:nilnil // a damaged one tells of no runs
		}
		return nil, fault.Request("the sweep is damaged; name another folder, or overwrite it: %w", err)
	case err != nil:
		return nil, fault.AsRequest(err)
	case !there.Sweep() || there.Validate() != nil:
		return nil, fault.Request("output %q holds a %s that is no sweep of ours; name another folder", o.Output, sweepFile)
	case o.Overwrite:
		return &there, nil
	}
	if parts := sweepDifferences(there, o.Experiment); len(parts) > 0 {
		return nil, fault.Request("output %q holds another sweep, of recipe %q; it differs in %s; name another folder, or overwrite it",
			o.Output, there.Name, strings.Join(parts, ", "))
	}
	return &there, nil
}

// freeForSweep refuses a folder that holds no sweep but something else. What a
// publication that was broken off has left is nothing.
func freeForSweep(o SweepOptions) error {
	entries, err := os.ReadDir(o.Output)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Request("opening the sweep's folder: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case isTemporary(name):
		case !o.Overwrite:
			return fault.Request("output %q is not empty and holds no sweep; name another folder, or overwrite", o.Output)
		case name == recipeFile || name == recordFile || name == reportFile:
			return fault.Request("output %q holds no sweep, but a %s that is not a sweep's; name another folder", o.Output, name)
		}
	}
	return nil
}

// sweepDifferences says in what two sweeps differ, of all that numbers depend on.
func sweepDifferences(there, wanted recipes.Experiment) []string {
	parts := recipeDifferences(there.Recipe, wanted.Recipe)
	x, y := there.Vary, wanted.Vary
	if x.Key != y.Key {
		return append(parts, fmt.Sprintf("what it varies (%s there, %s asked for)", x.Key, y.Key))
	}
	if !slices.Equal(x.Values, y.Values) {
		parts = append(parts, fmt.Sprintf("the values of %s (%s there, %s asked for)",
			x.Key, strings.Join(x.Values, " "), strings.Join(y.Values, " ")))
	}
	if !slices.Equal(there.Labels(), wanted.Labels()) && slices.Equal(x.Values, y.Values) {
		parts = append(parts, fmt.Sprintf("the names of its runs (%s there, %s asked for)",
			strings.Join(there.Labels(), " "), strings.Join(wanted.Labels(), " ")))
	}
	return parts
}

// claim removes the runs that have to go and makes the folder this sweep's. The
// runs go first: a sweep that is broken off in between still has the name of the
// one whose runs are left.
func (p *sweepPlan) claim() error {
	for _, dir := range p.replaced {
		if err := removeRun(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(p.o.Output, 0o755); err != nil {
		return fault.Request("making the sweep's folder: %w", err)
	}
	entries, err := os.ReadDir(p.o.Output)
	if err != nil {
		return fmt.Errorf("looking for temporary files: %w", err)
	}
	for _, e := range entries {
		if !isTemporary(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(p.o.Output, e.Name())); err != nil {
			return fmt.Errorf("removing a temporary file: %w", err)
		}
	}
	if err := p.keepNames(); err != nil {
		return err
	}
	return writeJSON(p.o.Output, sweepFile, p.o.Experiment)
}

// keepNames puts the recipe back into the folder of a run that had to go where
// something is left that is not ours: without it the folder would pass for
// somebody else's when the run's turn comes.
func (p *sweepPlan) keepNames() error {
	for _, run := range p.runs {
		dir := run.options.Output
		if !slices.Contains(p.replaced, dir) {
			continue
		}
		used, err := inUse(dir)
		if err != nil {
			return err
		}
		if !used {
			continue
		}
		if err := writeJSON(dir, recipeFile, run.options.Recipe); err != nil {
			return err
		}
	}
	return nil
}
