// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// scoreColumn is a column of a comparison: a score at the end of a run.
type scoreColumn struct {
	// name heads the column, long names the score in a sentence, and superlative
	// what is best in it.
	name, long, superlative string
	format                  string
	value                   func(SweepRun) *float64
	// cost is what is lowest where the score is best, nil where no value is
	// better than another.
	cost func(SweepRun) *float64
}

// scoreColumns lists the scores, first the one that decides which run is best:
// validation L1, or training L1 where nothing was validated.
func scoreColumns(runs []SweepRun) []scoreColumn {
	of := func(get func(Scores) *float64) func(SweepRun) *float64 {
		return func(r SweepRun) *float64 {
			if v := r.Final(); v != nil {
				return get(*v)
			}
			return nil
		}
	}
	negative := func(x float64) *float64 { x = -x; return &x }
	l1 := of(func(s Scores) *float64 { return &s.L1 })
	deltaE := of(func(s Scores) *float64 { return &s.CIEDE2000 })
	validation := []scoreColumn{
		{"L1", "validation L1", "lowest", "%.4f", l1, l1},
		{"PSNR, dB", "PSNR", "highest", "%.2f", of(func(s Scores) *float64 { return &s.PSNR }),
			of(func(s Scores) *float64 { return negative(s.PSNR) })},
		{"SSIM", "SSIM", "highest", "%.3f", of(func(s Scores) *float64 { return &s.SSIM }),
			of(func(s Scores) *float64 { return negative(s.SSIM) })},
		{"CIEDE2000", "CIEDE2000", "lowest", "%.2f", deltaE, deltaE},
		{"colourfulness", "colourfulness", "truest", "%.1f", of(func(s Scores) *float64 { return &s.Colorfulness }),
			of(func(s Scores) *float64 {
				if s.TrueColorfulness == 0 {
					return nil // not recorded
				}
				x := math.Abs(s.Colorfulness - s.TrueColorfulness)
				return &x
			})},
		{"distance", "distance", "", "%.3g", of(func(s Scores) *float64 { return s.Distance }), nil},
	}
	ended := slices.ContainsFunc(runs, func(r SweepRun) bool { return r.Result.Status == StatusDone })
	if !ended || slices.ContainsFunc(runs, func(r SweepRun) bool { return r.Final() != nil }) {
		return validation
	}
	training := func(r SweepRun) *float64 {
		if r.Result.Status != StatusDone && r.Result.Status != StatusDiverged || r.Result.TrainL1 == 0 {
			return nil
		}
		return &r.Result.TrainL1
	}
	return []scoreColumn{{"training L1", "training L1", "lowest", "%.4f", training, training}}
}

// best returns the place of the best run among those that came to their end, -1
// where there is none: what a run had before it diverged does not count.
func (c scoreColumn) best(runs []SweepRun) int {
	if c.cost == nil {
		return -1
	}
	at, lowest := -1, 0.0
	for i, run := range runs {
		if run.Result.Status != StatusDone {
			continue
		}
		if x := c.cost(run); x != nil && (at < 0 || *x < lowest) {
			at, lowest = i, *x
		}
	}
	return at
}

// text prints a run's score, empty where it has none.
func (c scoreColumn) text(run SweepRun) string {
	if x := c.value(run); x != nil {
		return fmt.Sprintf(c.format, *x)
	}
	return ""
}

// doneRuns counts the runs that came to their end: of one nothing is best.
func doneRuns(runs []SweepRun) int {
	n := 0
	for _, run := range runs {
		if run.Result.Status == StatusDone {
			n++
		}
	}
	return n
}

// scoreTable compares the runs' scores at their ends.
func scoreTable(runs []SweepRun) report.Table {
	table := report.Table{
		Title: "Scores at the end",
		Note: "Over the validation split. Of the runs that came to their end the best figures stand out: colourfulness is best " +
			"near that of the true pictures. Distance is the critic's score of true pictures less that of generated ones.",
		Columns: []report.Column{
			{Name: "run"}, {Name: "status"}, {Name: "epochs", Numeric: true}, {Name: "steps", Numeric: true},
		},
	}
	columns := scoreColumns(runs)
	if len(columns) == 1 {
		table.Note = "The data set has no pictures for validation: L1 is that of training, a mean over the last epoch."
	}
	first := len(table.Columns)
	for _, run := range runs {
		r := run.Result
		row := []string{run.Label, string(r.Status), "", ""}
		if r.Report != "" { // there is a result: a run that was broken off has none
			row[2], row[3] = fmt.Sprint(r.Epochs), report.Grouped(r.Steps)
		}
		table.Rows = append(table.Rows, row)
	}
	for at, column := range columns {
		table.Columns = append(table.Columns, report.Column{Name: column.name, Numeric: true})
		for i, run := range runs {
			table.Rows[i] = append(table.Rows[i], column.text(run))
		}
		if best := column.best(runs); best >= 0 && doneRuns(runs) > 1 {
			table.Best = append(table.Best, report.Cell{Row: best, Column: first + at})
		}
	}
	return table
}
