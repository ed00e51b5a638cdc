// SPDX-License-Identifier: Apache-2.0

package train

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/store"
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
		Sections: []report.Section{about(t.o.Recipe), outcome(t.o.Recipe, r, lines), curves(lines)},
		Footer:   "chromabeam " + t.o.ToolVersion,
	}
	if t.val.n > 0 && r.Epochs > 0 {
		samples, err := timeline(t.o.Output, r.Epochs, t.val.size)
		if err != nil {
			return err
		}
		extremes, err := extremesGalleries(t.o.Output, t.val.size)
		if err != nil {
			return err
		}
		page.Sections = append(append(page.Sections, samples), extremes...)
	}
	page.Sections = append(page.Sections, recipeTable(t.o.Recipe))
	page.Sections = append(page.Sections, changes(t.o.Recipe)...)
	page.Sections = append(page.Sections, recordTable(t.record))
	err = store.PublishFile(t.o.Output, reportFile, func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return fmt.Errorf("writing the run's report: %w", err)
	}
	return nil
}

// facts lists what is known: a run may have ended before its first epoch did.
func facts(r Result, rec record) []report.Fact {
	var list []report.Fact
	if r.TrainL1 > 0 {
		list = append(list, report.Fact{
			Label: "training L1", Value: fmt.Sprintf("%.4f", r.TrainL1), Note: "mean over the last epoch, on [-1, 1]",
		})
	}
	if v := r.Validation; v != nil {
		list = append(list,
			report.Fact{
				Label: "validation L1", Value: fmt.Sprintf("%.4f", v.L1),
				Note: fmt.Sprintf("best %.4f in epoch %d", r.BestL1, r.BestEpoch),
			},
			report.Fact{Label: "validation PSNR", Value: fmt.Sprintf("%.2f dB", v.PSNR), Note: "mean over pictures"},
			report.Fact{Label: "SSIM", Value: fmt.Sprintf("%.3f", v.SSIM), Note: "validation, 1 is equal"},
			report.Fact{Label: "CIEDE2000", Value: fmt.Sprintf("%.2f", v.CIEDE2000), Note: "validation, 0 is equal"},
			report.Fact{Label: "colourfulness", Value: fmt.Sprintf("%.1f", v.Colorfulness), Note: colorNote(*v)})
	}
	weights := report.Fact{Label: "weights", Value: report.Grouped(rec.Parameters), Note: "of the generator"}
	if rec.CriticParameters > 0 {
		weights.Note += fmt.Sprintf(", and %s of the critic", report.Grouped(rec.CriticParameters))
	}
	return append(list,
		report.Fact{
			Label: "pictures", Value: report.Grouped(int64(rec.Data.Train)),
			Note: fmt.Sprintf("and %s for validation", report.Grouped(int64(rec.Data.Validation))),
		}, weights)
}

func colorNote(v Scores) string {
	if v.TrueColorfulness == 0 { // not recorded
		return "validation, of what was generated"
	}
	return fmt.Sprintf("validation; the true pictures have %.1f", v.TrueColorfulness)
}

// recipeTable lists the effective recipe under the report's names.
func recipeTable(r recipes.Recipe) report.Table {
	table := report.Table{
		Title: "Configuration", Note: "Values marked as ours are not in the report that the recipe follows.",
		Columns: []report.Column{{Name: "key"}, {Name: "value", Numeric: true}, {Name: ""}},
	}
	for _, key := range recipes.Keys() {
		value, _ := r.Value(key)
		mark := ""
		if slices.Contains(r.Ours, key) {
			mark = "ours"
		}
		table.Rows = append(table.Rows, []string{key, fmt.Sprint(value), mark})
	}
	return table
}

// changes lists what settings, a trial or another size changed in a recipe of
// ours, and what follows for the networks. It is empty where nothing was.
func changes(r recipes.Recipe) []report.Section {
	from, ok := recipes.Original(r)
	if !ok {
		return nil
	}
	lines := recipes.Changes(from, r)
	if len(lines) == 0 {
		return nil
	}
	table := report.Table{
		Title: "Changes to recipe " + from.Name, Note: recipes.Caveat(r), Columns: []report.Column{{Name: "from the recipe to here"}},
	}
	for _, line := range lines {
		table.Rows = append(table.Rows, []string{line})
	}
	return []report.Section{table}
}

// recordRows lists what else the numbers depend on.
func recordRows(r record) [][]string {
	rows := [][]string{
		{"data set", r.Data.Path},
		{"data set's manifest, SHA-256", r.Data.ManifestSHA256},
		{"backend", r.Backend.Name},
		{"device", r.Backend.Description},
		{"multiply-adds a picture", report.Grouped(r.MultiplyAdds)},
	}
	if r.Init != nil {
		rows = append(rows, []string{"started from", r.Init.Path}, []string{"its SHA-256", r.Init.SHA256})
	}
	for _, name := range []string{"chromabeam", "go", "gomlx", "compute", "go-xla"} {
		if v, ok := r.Versions[name]; ok {
			rows = append(rows, []string{name, v})
		}
	}
	return rows
}

func recordTable(r record) report.Table { return environment(recordRows(r)) }

func environment(rows [][]string) report.Table {
	return report.Table{Title: "Environment", Columns: []report.Column{{Name: "what"}, {Name: "value"}}, Rows: rows}
}

// environments lists the same of several runs: once what they share, and for
// each run what they do not.
func environments(runs []compared) report.Table {
	var names []string
	values := make([]map[string]string, len(runs))
	for i, run := range runs {
		values[i] = make(map[string]string)
		for _, row := range recordRows(run.record) {
			values[i][row[0]] = row[1]
			if !slices.Contains(names, row[0]) {
				names = append(names, row[0])
			}
		}
	}
	var rows [][]string
	for _, name := range names {
		first := values[0][name]
		if !slices.ContainsFunc(values, func(v map[string]string) bool { return v[name] != first }) {
			rows = append(rows, []string{name, first})
			continue
		}
		for i, run := range runs {
			rows = append(rows, []string{name + ", " + run.Label, cmp.Or(values[i][name], "none")})
		}
	}
	return environment(rows)
}

func about(r recipes.Recipe) report.Text {
	return report.Text{Title: "What the run checks", Paragraphs: []string{"Hypothesis: " + r.Hypothesis, "Expected: " + r.Expected}}
}
