// SPDX-License-Identifier: Apache-2.0

package train

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// compared is a run of a sweep as its folder tells of it.
type compared struct {
	SweepRun
	record record
	lines  []Metric
}

// compareSweep reads the runs that the folder has and writes the page that shows
// them side by side.
func compareSweep(o SweepOptions) (SweepResult, error) {
	result := SweepResult{Report: filepath.Join(o.Output, reportFile)}
	var runs []compared
	for _, label := range o.Experiment.Labels() {
		run, err := readCompared(filepath.Join(o.Output, label), label)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has not begun
		}
		if err != nil {
			return result, fmt.Errorf("comparing runs: %w", err)
		}
		runs = append(runs, run)
		result.Runs = append(result.Runs, run.SweepRun)
	}
	result.Best = bestRun(result.Runs)
	page, err := sweepPage(o, runs, result.Best)
	if err != nil {
		return result, fmt.Errorf("comparing runs: %w", err)
	}
	err = shard.Publish(o.Output, reportFile, func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return result, fmt.Errorf("comparing runs: %w", err)
	}
	return result, nil
}

// final returns the last validation of a run that has ended, nil where there is
// none: what another is half way through cannot be compared.
func (c compared) final() *Scores {
	if c.Result.Status != StatusDone && c.Result.Status != StatusDiverged {
		return nil
	}
	return c.Result.Validation
}

func readCompared(folder, label string) (compared, error) {
	run := compared{SweepRun: SweepRun{Label: label, Folder: folder}}
	if err := readJSON(folder, recordFile, &run.record); err != nil {
		return run, err
	}
	if run.record.Result != nil {
		run.Result = *run.record.Result
	}
	run.Result.Status = run.record.Status
	var err error
	run.lines, err = ReadMetrics(filepath.Join(folder, metricsFile))
	return run, err
}

// bestRun returns the label of the run that came out best.
func bestRun(runs []SweepRun) string {
	ended := slices.DeleteFunc(slices.Clone(runs), func(r SweepRun) bool {
		return r.Result.Status != StatusDone || r.Result.Epochs == 0
	})
	if len(ended) == 0 {
		return ""
	}
	return slices.MinFunc(ended, func(a, b SweepRun) int { return cmp.Compare(a.Result.BestL1, b.Result.BestL1) }).Label
}

// sweepPage lays out the comparison.
func sweepPage(o SweepOptions, runs []compared, best string) (report.Page, error) {
	e := o.Experiment
	page := report.Page{
		Title:  "Sweep " + e.Name,
		Lead:   fmt.Sprintf("%s. %d of %d runs have begun.", e.Title, len(runs), len(e.Labels())),
		Footer: "chromabeam " + o.ToolVersion,
	}
	if best != "" {
		page.Facts = append(page.Facts, report.Fact{
			Label: "lowest validation L1", Value: best, Note: "of the runs that came to their end",
		})
	}
	page.Sections = append(page.Sections, about(e.Recipe), scoreTable(runs), sweepCurves(runs))
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
	if len(runs) > 0 {
		page.Sections = append(page.Sections, recordTable(runs[len(runs)-1].record))
	}
	return page, nil
}

// scoreColumn is a column of a comparison: a score of the last validation.
type scoreColumn struct {
	name, format string
	value        func(Scores) *float64
	// lower and higher tell which values are better; neither of them is where
	// both are false.
	lower, higher bool
}

func scoreColumns() []scoreColumn {
	return []scoreColumn{
		{"L1", "%.4f", func(s Scores) *float64 { return &s.L1 }, true, false},
		{"PSNR, dB", "%.2f", func(s Scores) *float64 { return &s.PSNR }, false, true},
		{"SSIM", "%.3f", func(s Scores) *float64 { return &s.SSIM }, false, true},
		{"CIEDE2000", "%.2f", func(s Scores) *float64 { return &s.CIEDE2000 }, true, false},
		{"colourfulness", "%.1f", func(s Scores) *float64 { return &s.Colorfulness }, false, false},
		{"distance", "%.3g", func(s Scores) *float64 { return s.Distance }, false, false},
	}
}

// scoreTable compares the last validations.
func scoreTable(runs []compared) report.Table {
	table := report.Table{
		Title: "Validation at the end",
		Note:  "Best figures stand out. Distance is the critic's score of true pictures less that of generated ones.",
		Columns: []report.Column{
			{Name: "run"}, {Name: "status"}, {Name: "epochs", Numeric: true}, {Name: "steps", Numeric: true},
		},
	}
	first := len(table.Columns)
	for _, run := range runs {
		r := run.Result
		table.Rows = append(table.Rows, []string{run.Label, string(r.Status), fmt.Sprint(r.Epochs), grouped(r.Steps)})
	}
	for at, column := range scoreColumns() {
		table.Columns = append(table.Columns, report.Column{Name: column.name, Numeric: true})
		best, bestAt := 0.0, -1
		for i, run := range runs {
			text := ""
			if v := run.final(); v != nil {
				if x := column.value(*v); x != nil {
					text = fmt.Sprintf(column.format, *x)
					if bestAt < 0 || column.lower && *x < best || column.higher && *x > best {
						best, bestAt = *x, i
					}
				}
			}
			table.Rows[i] = append(table.Rows[i], text)
		}
		if bestAt >= 0 && (column.lower || column.higher) && len(runs) > 1 {
			table.Best = append(table.Best, report.Cell{Row: bestAt, Column: first + at})
		}
	}
	return table
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
		if run.Result.Epochs == 0 || run.record.Data.Validation == 0 {
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
