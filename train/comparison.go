// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// compared is a run of a sweep as its folder tells of it.
type compared struct {
	SweepRun
	record record
	lines  []Metric
}

// compareSweep reads the runs that the folder has and writes the page that shows
// them side by side. Manifest is the hash of the data set, failed the label of a
// run that has just failed, if one did.
func compareSweep(o SweepOptions, manifest, failed string) (SweepResult, error) {
	result := SweepResult{Report: filepath.Join(o.Output, reportFile)}
	var runs []compared
	for _, planned := range o.Experiment.Runs() {
		run, err := readCompared(o, planned, manifest)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has not begun
		}
		if err != nil {
			reason := strings.ReplaceAll(err.Error(), "\n", "; ")
			result.LeftOut = append(result.LeftOut, fmt.Sprintf("%s is left out: %s.", planned.Label, reason))
			continue
		}
		if len(runs) > 0 && !sameStart(runs[0].record.Init, run.record.Init) {
			result.LeftOut = append(result.LeftOut,
				fmt.Sprintf("%s is left out: it started from other weights than %s.", run.Label, runs[0].Label))
			continue
		}
		if run.Label == failed {
			run.Result.Status = StatusFailed
		}
		runs = append(runs, run)
		result.Runs = append(result.Runs, run.SweepRun)
	}
	first := scoreColumns(result.Runs)[0]
	if at := first.best(result.Runs); at >= 0 {
		result.Best, result.BestBy = result.Runs[at].Label, first.long
	}
	result.Outcome = sweepOutcome(o.Experiment, result.Runs, len(result.LeftOut))
	page, err := sweepPage(o, runs, result)
	if err != nil {
		return result, fmt.Errorf("comparing runs: %w", err)
	}
	err = store.PublishFile(o.Output, reportFile, func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return result, fmt.Errorf("comparing runs: %w", err)
	}
	return result, nil
}

// readCompared reads a run. One that is not what the sweep trains is an error:
// the folder may have it from another sweep, or from another data set.
func readCompared(o SweepOptions, planned recipes.Run, manifest string) (compared, error) {
	folder := filepath.Join(o.Output, planned.Label)
	run := compared{SweepRun: SweepRun{Label: planned.Label, Folder: folder}}
	if err := readJSON(folder, recordFile, &run.record); err != nil {
		return run, err
	}
	var recipe recipes.Recipe
	if err := readJSON(folder, recipeFile, &recipe); err != nil {
		// Not wrapped: one that is missing does not mean that nothing has begun.
		return run, fmt.Errorf("reading its recipe: %v", err) //nolint:errorlint // see above
	}
	if err := errors.Join(
		sameRecipe(folder, recipe, planned.Recipe),
		sameData(folder, run.record.Data, dataRecord{Path: o.Data, ManifestSHA256: manifest}),
	); err != nil {
		return run, err
	}
	if run.record.Result != nil {
		run.Result = *run.record.Result
	}
	run.Result.Status = run.record.Status
	var err error
	if run.lines, err = ReadMetrics(filepath.Join(folder, metricsFile)); err != nil {
		return run, fmt.Errorf("%v", err) //nolint:errorlint // not wrapped, as above
	}
	return run, nil
}

// sweepPage lays out the comparison.
func sweepPage(o SweepOptions, runs []compared, result SweepResult) (report.Page, error) {
	e := o.Experiment
	page := report.Page{
		Title:  "Sweep " + e.Name,
		Lead:   fmt.Sprintf("%s. %d of %d runs are compared.", e.Title, len(runs), len(e.Labels())),
		Footer: "chromabeam " + o.ToolVersion,
	}
	if result.Best != "" {
		page.Facts = append(page.Facts, report.Fact{
			Label: "lowest " + result.BestBy, Value: result.Best, Note: "of the runs that came to their end",
		})
	}
	outcome := report.Text{Title: "Outcome", Paragraphs: slices.Concat(result.Outcome, result.LeftOut)}
	page.Sections = append(page.Sections, about(e.Recipe), outcome, scoreTable(result.Runs), sweepCurves(runs))
	samples, err := sweepSamples(runs)
	if err != nil {
		return page, err
	}
	if samples != nil {
		page.Sections = append(page.Sections, *samples)
	}
	common := recipeTable(e.Recipe)
	common.Title = "Configuration of all runs but for " + e.Vary.Key
	common.Rows = slices.DeleteFunc(common.Rows, func(row []string) bool { return row[0] == e.Vary.Key })
	page.Sections = append(page.Sections, common)
	page.Sections = append(page.Sections, changes(e.Recipe)...)
	if len(runs) > 0 {
		page.Sections = append(page.Sections, environments(runs))
	}
	return page, nil
}

// sweepCurves draws one curve for each run in each chart.
func sweepCurves(runs []compared) report.Curves {
	training := func(title, unit string, get func(Metric) *float64) chart {
		return chart{title: title + ", training", unit: unit, curves: []curve{onEpoch("", get)}}
	}
	validation := func(title, unit string, get func(Scores) *float64) chart {
		return chart{title: title + ", validation", unit: unit, curves: []curve{onValidation("", get)}}
	}
	criticLoss := training("Critic", "loss", func(m Metric) *float64 { return m.Critic })
	criticLoss.stage = recipes.StageJoint
	out := report.Curves{
		Title: "Learning curves",
		Note:  "One curve for each run. Training: mean over an epoch. Validation: whole split.",
	}
	for _, c := range []chart{
		validation("L1", "mean absolute error", func(s Scores) *float64 { return &s.L1 }),
		training("L1", "mean absolute error", func(m Metric) *float64 { return m.L1 }),
		training("Generator", "adversarial loss", func(m Metric) *float64 { return m.Adversarial }),
		criticLoss,
		validation("Distance", "difference of scores", func(s Scores) *float64 { return s.Distance }),
		validation("PSNR", "dB", func(s Scores) *float64 { return &s.PSNR }),
		validation("CIEDE2000", "colour difference", func(s Scores) *float64 { return &s.CIEDE2000 }),
		validation("Colourfulness", "Hasler and Süsstrunk", func(s Scores) *float64 { return &s.Colorfulness }),
	} {
		one := report.Chart{Title: c.title, XLabel: "step", YLabel: c.unit}
		for _, run := range runs {
			if s, ok := c.curves[0].draw(run.lines, c.stage); ok {
				s.Name = run.Label
				one.Series = append(one.Series, s)
			}
		}
		if len(one.Series) > 0 {
			out.Charts = append(out.Charts, one)
		}
	}
	return out
}

// sweepSamples shows the same validation pictures under each run, nil where no
// run has any.
func sweepSamples(runs []compared) (*report.Comparison, error) {
	c := &report.Comparison{
		Title: "Samples", Note: "The first pictures of the validation split, after the last epoch of each run.",
	}
	for _, run := range runs {
		c.Columns = append(c.Columns, run.Label)
	}
	for column, run := range runs {
		// One that was broken off may lack the pictures of its last epoch.
		if run.record.Result == nil || run.Result.Epochs == 0 || run.record.Data.Validation == 0 {
			continue
		}
		cells, err := readGrid(run.Folder, sampleName(run.Result.Epochs), run.record.Data.Size)
		if err != nil {
			return nil, err
		}
		for i := range cells[rowGenerated] {
			if len(c.Rows) <= i {
				row, err := sharedRow(cells[rowGray][i], cells[rowTrue][i], len(runs))
				if err != nil {
					return nil, err
				}
				c.Rows = append(c.Rows, row)
			}
			if c.Rows[i].Pictures[column], err = encoded("", cells[rowGenerated][i]); err != nil {
				return nil, err
			}
		}
	}
	if len(c.Rows) == 0 {
		return nil, nil //nolint:nilnil // no samples is no fault
	}
	return c, nil
}
