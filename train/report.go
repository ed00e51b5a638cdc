// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// writeReport publishes the run's page: what it was, its curves, its samples.
// It is made from the run folder alone.
func (t *trainer) writeReport(r Result) error {
	lines, err := ReadMetrics(filepath.Join(t.o.Output, metricsFile))
	if err != nil {
		return err
	}
	page := report.Page{
		Title: fmt.Sprintf("Training run %s", t.o.Recipe.Name), Lead: t.o.Recipe.Title + ". " + ending(r),
		Facts:    facts(r, t.record),
		Sections: []report.Section{curves(lines)},
		Footer:   "chromabeam " + t.o.ToolVersion,
	}
	gallery, err := t.gallery(r.Epochs)
	if err != nil {
		return err
	}
	if gallery != nil {
		page.Sections = append(page.Sections, *gallery)
	}
	page.Sections = append(page.Sections, recipeTable(t.o.Recipe), recordTable(t.record), about(t.o.Recipe))
	err = shard.Publish(t.o.Output, reportFile, func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return fmt.Errorf("writing the run's report: %w", err)
	}
	return nil
}

// ending says in a sentence how the run stands.
func ending(r Result) string {
	switch r.Status {
	case StatusDiverged:
		return fmt.Sprintf("It diverged at step %d: the loss is no longer a number.", r.Steps)
	case StatusInterrupted:
		return fmt.Sprintf("It was interrupted at step %d and can be resumed.", r.Steps)
	default:
		return fmt.Sprintf("It ran to its end: %d epochs, %d steps.", r.Epochs, r.Steps)
	}
}

// facts lists what is known: a run may have ended before its first epoch did.
func facts(r Result, rec record) []report.Fact {
	var list []report.Fact
	if r.Epochs > 0 {
		list = append(list, report.Fact{
			Label: "training L1", Value: fmt.Sprintf("%.4f", r.TrainL1), Note: "mean over the last epoch, on [-1, 1]",
		})
	}
	if r.Epochs > 0 && rec.Data.Validation > 0 {
		list = append(list,
			report.Fact{
				Label: "validation L1", Value: fmt.Sprintf("%.4f", r.ValL1),
				Note: fmt.Sprintf("best %.4f in epoch %d", r.BestL1, r.BestEpoch),
			},
			report.Fact{Label: "validation PSNR", Value: fmt.Sprintf("%.2f dB", r.ValPSNR), Note: "mean over pictures"})
	}
	return append(list,
		report.Fact{
			Label: "pictures", Value: grouped(int64(rec.Data.Train)),
			Note: fmt.Sprintf("and %s for validation", grouped(int64(rec.Data.Validation))),
		},
		report.Fact{Label: "weights", Value: grouped(rec.Parameters), Note: "of the generator"})
}

// grouped prints a count with a comma before every three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// curves draws the losses by step.
func curves(lines []Metric) report.Curves {
	step, pass := report.Series{Name: "step", Muted: true}, report.Series{Name: "training"}
	val, ratio := report.Series{Name: "validation"}, report.Series{Name: "validation"}
	for _, l := range lines {
		x := float64(l.Step)
		switch l.Kind {
		case MetricStep:
			step.X, step.Y = append(step.X, x), append(step.Y, *l.L1)
		case MetricEpoch:
			pass.X, pass.Y = append(pass.X, x), append(pass.Y, *l.L1)
			if l.Validation != nil {
				val.X, val.Y = append(val.X, x), append(val.Y, l.Validation.L1)
				ratio.X, ratio.Y = append(ratio.X, x), append(ratio.Y, l.Validation.PSNR)
			}
		case MetricDiverged:
		}
	}
	charts := []report.Chart{{
		Title: "L1", XLabel: "step", YLabel: "mean absolute error", Series: []report.Series{step, pass, val},
	}}
	if len(ratio.X) > 0 {
		charts = append(charts, report.Chart{Title: "PSNR", XLabel: "step", YLabel: "dB", Series: []report.Series{ratio}})
	}
	return report.Curves{
		Title: "Learning curves", Charts: charts,
		Note: "L1 on the scale [-1, 1]. Training: batch statistics, mean over an epoch. Validation: inference mode, whole split.",
	}
}

// gallery shows the validation pictures over the epochs, nil where there are
// none.
func (t *trainer) gallery(epochs int) (*report.Gallery, error) {
	if t.val.n == 0 || epochs == 0 {
		return nil, nil //nolint:nilnil // no samples is no fault
	}
	g := &report.Gallery{
		Title: "Samples", Note: "The first pictures of the validation split, which the network does not learn from.",
	}
	var shown []int
	for _, epoch := range []int{1, (epochs + 1) / 4, epochs} {
		if epoch >= 1 && (len(shown) == 0 || epoch > shown[len(shown)-1]) {
			shown = append(shown, epoch)
		}
	}
	for _, epoch := range shown {
		cells, err := readSamples(t.o.Output, epoch, t.val.size)
		if err != nil {
			return nil, err
		}
		if err := addSamples(g, cells, epoch, epoch == shown[0], epoch == shown[len(shown)-1]); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// addSamples appends an epoch's pictures to each item; the first epoch brings
// the gray ones, the last the true ones.
func addSamples(g *report.Gallery, cells [rowCount][]*pixel.RGB, epoch int, first, last bool) error {
	for i := range cells[rowGenerated] {
		if first {
			g.Items = append(g.Items, report.Item{})
		}
		add := func(label string, rgb *pixel.RGB) error {
			var buf bytes.Buffer
			err := pixel.EncodePNG(&buf, rgb)
			g.Items[i].Pictures = append(g.Items[i].Pictures, report.Picture{Label: label, Data: buf.Bytes()})
			return err
		}
		if first {
			if err := add("gray", cells[rowGray][i]); err != nil {
				return err
			}
		}
		if err := add(fmt.Sprintf("epoch %d", epoch), cells[rowGenerated][i]); err != nil {
			return err
		}
		if last {
			if err := add("true", cells[rowTrue][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// recipeTable lists the effective recipe under the report's names.
func recipeTable(r recipes.Recipe) report.Table {
	table := report.Table{Title: "Recipe", Columns: []report.Column{{Name: "key"}, {Name: "value", Numeric: true}}}
	for _, key := range recipes.Keys() {
		value, _ := r.Value(key)
		table.Rows = append(table.Rows, []string{key, fmt.Sprint(value)})
	}
	return table
}

// recordTable lists what else the numbers depend on.
func recordTable(r record) report.Table {
	rows := [][]string{
		{"data set", r.Data.Path},
		{"data set's manifest, SHA-256", r.Data.ManifestSHA256},
		{"backend", r.Backend.Name},
		{"device", r.Backend.Description},
		{"multiply-adds a picture", grouped(r.MultiplyAdds)},
	}
	for _, name := range []string{"chromabeam", "go", "gomlx", "compute", "go-xla"} {
		if v, ok := r.Versions[name]; ok {
			rows = append(rows, []string{name, v})
		}
	}
	return report.Table{Title: "Run", Columns: []report.Column{{Name: "what"}, {Name: "value"}}, Rows: rows}
}

func about(r recipes.Recipe) report.Text {
	return report.Text{Title: "What the run checks", Paragraphs: []string{"Hypothesis: " + r.Hypothesis, "Expected: " + r.Expected}}
}
