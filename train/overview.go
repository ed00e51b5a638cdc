// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// FolderRun is what a run folder tells of its run, whatever its status: what
// package overview sets beside other runs. It is a plain value.
type FolderRun struct {
	Recipe recipes.Recipe
	Status Status
	// Result is how the run ended. Of a run that has not, it holds what the metrics
	// say so far: status, epochs, steps and the last validation.
	Result Result
	Seed   uint64
	// Data is the data set's path as the run was given it, Manifest its SHA-256.
	// Size is the side of its pictures in pixels, Train and Validation count those
	// that the run uses.
	Data, Manifest          string
	Size, Train, Validation int
	// Backend, Device and Precision are those of the last process that worked on
	// the run. Precision is empty where it was not recorded.
	Backend, Device, Precision string
	Versions                   map[string]string
	// Init is the path of the run that this one started from, empty for none.
	Init string
	// Parameters counts the generator's weights, CriticParameters the critic's.
	Parameters, CriticParameters int64
	Metrics                      []Metric
	// Seconds is the time that all processes spent on the run, compilation,
	// validation and what was computed twice included; 0 where it is not known.
	Seconds float64
}

// IsRun tells whether a folder holds a run, be it a damaged one.
func IsRun(folder string) bool {
	return holds(folder, recipeFile) || holds(folder, recordFile)
}

// IsSweep tells whether a folder holds a sweep.
func IsSweep(folder string) bool { return holds(folder, sweepFile) }

func holds(folder, name string) bool {
	i, err := os.Stat(filepath.Join(folder, name))
	return err == nil && i.Mode().IsRegular()
}

// ReadSweep returns the sweep that a folder holds. One that is damaged, or whose
// labels would lead out of the folder, is an error.
func ReadSweep(folder string) (recipes.Experiment, error) {
	var e recipes.Experiment
	if err := readJSON(folder, sweepFile, &e); err != nil {
		return e, err
	}
	if !e.Sweep() {
		return e, fmt.Errorf("reading %q: it is no sweep", filepath.Join(folder, sweepFile))
	}
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("reading %q: %w", filepath.Join(folder, sweepFile), err)
	}
	for _, label := range e.Labels() {
		if filepath.Base(label) != label || !filepath.IsLocal(label) {
			return e, fmt.Errorf("reading %q: the label %q is no folder's name", filepath.Join(folder, sweepFile), label)
		}
	}
	return e, nil
}

// ReadRun reads a run folder. A damaged one is an error, which wraps
// [fs.ErrNotExist] where the run has not begun. Of one that was broken off while
// it wrote, the whole lines of the metrics count.
func ReadRun(folder string) (FolderRun, error) {
	var r record
	var run FolderRun
	if err := readJSON(folder, recordFile, &r); err != nil {
		return run, err
	}
	if err := readJSON(folder, recipeFile, &run.Recipe); err != nil {
		return run, fmt.Errorf("reading its recipe: %v", err) //nolint:errorlint // not begun is said by run.json alone
	}
	var err error
	if run.Metrics, err = wholeMetrics(folder); err != nil {
		return run, err
	}
	run.Status, run.Seed = r.Status, r.Seed
	run.Data, run.Manifest = r.Data.Path, r.Data.ManifestSHA256
	run.Size, run.Train, run.Validation = r.Data.Size, r.Data.Train, r.Data.Validation
	run.Backend, run.Device, run.Versions = r.Backend.Name, r.Backend.Description, r.Versions
	run.Parameters, run.CriticParameters = r.Parameters, r.CriticParameters
	if r.Init != nil {
		run.Init = r.Init.Path
	}
	run.Precision = string(r.Backend.Precision)
	run.Seconds = seconds(folder)
	run.Result = resultSoFar(r, run.Metrics)
	return run, nil
}

// resultSoFar returns the recorded result, or what the metrics say of a run that
// has none.
func resultSoFar(r record, lines []Metric) Result {
	if r.Result != nil {
		result := *r.Result
		result.Status = r.Status
		return result
	}
	result := Result{Status: r.Status}
	for _, m := range lines {
		result.Steps = max(result.Steps, m.Step)
		if m.Kind != MetricEpoch {
			continue
		}
		result.Epochs = m.Epoch
		if m.L1 != nil {
			result.TrainL1 = *m.L1
		}
		if m.Validation != nil {
			result.Validation = m.Validation
		}
	}
	return result
}

// wholeMetrics reads metrics.jsonl but for a last line that was not finished.
func wholeMetrics(folder string) ([]Metric, error) {
	name := filepath.Join(folder, metricsFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it has begun, and no step is done
	}
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	var lines []Metric
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var m Metric
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("reading line %d of %q: %w", len(lines)+1, name, err)
		}
		lines = append(lines, m)
	}
	return lines, nil
}

// seconds adds up timings.jsonl. Nothing depends on it, so what cannot be read of
// it is left out.
func seconds(folder string) float64 {
	data, err := os.ReadFile(filepath.Join(folder, timingsFile))
	if err != nil {
		return 0
	}
	var sum float64
	for line := range bytes.Lines(data) {
		var t timing
		if json.Unmarshal(line, &t) == nil {
			sum += t.FirstStepSeconds + t.TrainSeconds + t.ValidationSeconds + t.SaveSeconds
		}
	}
	return sum
}

// SampleGrid is the grid of samples of one epoch: the same pictures three times.
type SampleGrid struct {
	Epoch                 int
	Gray, Generated, True []*pixel.RGB
}

// ReadSamples returns the last grid of samples that a run folder has, of pictures
// with the given side in pixels. The error wraps [fs.ErrNotExist] where it has none.
func ReadSamples(folder string, side int) (SampleGrid, error) {
	var grid SampleGrid
	names, err := fs.Glob(os.DirFS(filepath.Join(folder, samplesDir)), samplePattern)
	if err != nil {
		return grid, fmt.Errorf("reading samples: %w", err)
	}
	last := ""
	for _, name := range names {
		var epoch int
		if _, err := fmt.Sscanf(name, "epoch-%d.png", &epoch); err == nil && epoch > grid.Epoch {
			grid.Epoch, last = epoch, name
		}
	}
	if last == "" {
		return grid, fmt.Errorf("reading samples in %q: %w", folder, fs.ErrNotExist)
	}
	cells, err := readGrid(folder, last, side)
	grid.Gray, grid.Generated, grid.True = cells[rowGray], cells[rowGenerated], cells[rowTrue]
	return grid, err
}

// Outcome says in sentences what the run measured, as its own page does.
func (r FolderRun) Outcome() []string { return outcome(r.Recipe, r.Result, r.Metrics).Paragraphs }

// Divergence returns where and why a run diverged: false where it did not.
func (r FolderRun) Divergence() (where, why string, diverged bool) {
	if r.Status != StatusDiverged {
		return "", "", false
	}
	where = fmt.Sprintf("by step %s", report.Grouped(r.Result.Steps))
	at := slices.IndexFunc(r.Metrics, func(m Metric) bool { return m.Kind == MetricDiverged })
	if at >= 0 {
		m := r.Metrics[at]
		where = fmt.Sprintf("by step %s, in epoch %d (%s)", report.Grouped(m.Step), m.Epoch, m.Stage)
	}
	return where, r.Result.Cause, true
}

// ScoreTable compares the scores of runs at their ends and marks the best of those
// that came to it, if there are two or more. The columns are run, status, epochs,
// steps and the scores.
func ScoreTable(runs []SweepRun) report.Table { return scoreTable(runs) }

// SweepOutcome says in sentences which run of a sweep was best in what, beside what
// the report says.
func SweepOutcome(e recipes.Experiment, runs []SweepRun) []string { return sweepOutcome(e, runs, 0) }

// BestRun returns the place of the run that is best by the score that decides, and
// that score's name: validation L1, or training L1 where nothing was validated. It
// is -1 where none has come to its end.
func BestRun(runs []SweepRun) (at int, by string) {
	first := scoreColumns(runs)[0]
	return first.best(runs), first.long
}
