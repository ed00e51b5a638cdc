// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// verdicts is one row for each experiment: a sweep's is that of its best run.
func (o *Overview) verdicts() report.Table {
	var scores []train.SweepRun
	var rows []Run
	for _, e := range o.Experiments {
		r := e.chosen()
		name := e.Name
		if r.short() != r.Name {
			name = r.Name
		}
		scores, rows = append(scores, r.score(name)), append(rows, r)
	}
	t := scoreTable(scores, rows)
	t.Title = "Where each experiment ended"
	t.Note = "Over the validation split, at the end of the run; of a sweep its best run by L1. " + truth(rows) +
		"Distance is the critic's score of true pictures less that of generated ones."
	t.Caption = "Final scores of every experiment"
	if !samePictures(rows) {
		t.Best = nil
		t.Note += " The runs are not of the same validation pictures, so none is marked as best."
	}
	return t
}

// samePictures tells whether the runs that ended measured the same pictures.
func samePictures(rows []Run) bool {
	var first *Used
	for _, r := range rows {
		if !r.readable() || !r.ended() {
			continue
		}
		if first == nil {
			first = r.Used
		}
		if r.Used.Manifest != first.Manifest || r.Used.Validation != first.Validation {
			return false
		}
	}
	return true
}

// truth says what the colourfulness is to be held against.
func truth(rows []Run) string {
	var values []string
	for _, r := range rows {
		if r.Result == nil || r.Result.Validation == nil || r.Result.Validation.TrueColorfulness == 0 {
			continue
		}
		if v := fmt.Sprintf("%.1f", r.Result.Validation.TrueColorfulness); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "The true pictures have a colourfulness of " + strings.Join(values, " or ") + ". "
}

// scoreTable is package train's table of scores with the training's own L1 and the
// minutes.
func scoreTable(scores []train.SweepRun, rows []Run) report.Table {
	t := train.ScoreTable(scores)
	t.RowHeads = true
	training := slices.ContainsFunc(t.Columns, func(c report.Column) bool { return c.Name == "training L1" })
	if !training {
		t.Columns = append(t.Columns, report.Column{Name: "training L1", Numeric: true})
	}
	t.Columns = append(t.Columns, report.Column{Name: "minutes", Numeric: true})
	for i, r := range rows {
		for len(t.Rows[i]) < len(t.Columns)-2 {
			t.Rows[i] = append(t.Rows[i], "")
		}
		if !training {
			text := ""
			if r.ended() && r.Result.TrainL1 > 0 {
				text = fmt.Sprintf("%.4f", r.Result.TrainL1)
			}
			t.Rows[i] = append(t.Rows[i], text)
		}
		text := ""
		if r.Seconds > 0 {
			text = minutes(r.Seconds)
		}
		t.Rows[i] = append(t.Rows[i], text)
	}
	return t
}

// minutes prints a time; a tenth of a minute is fine enough where machines are shared.
func minutes(seconds float64) string {
	switch m := seconds / 60; {
	case m >= 99.95:
		return report.Grouped(int64(m + 0.5))
	case m > 0 && m < 0.05:
		return "< 0.1"
	default:
		return fmt.Sprintf("%.1f", m)
	}
}
