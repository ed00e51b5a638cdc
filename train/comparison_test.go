// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// ended is a run of a comparison with the L1, PSNR, SSIM, CIEDE2000 and
// colourfulness of its last validation; that of the true pictures is 30.
func ended(label string, status Status, l1, psnr, ssim, deltaE, colorful float64) SweepRun {
	return SweepRun{Label: label, Result: Result{
		Status: status, Epochs: 2, Steps: 1234, TrainL1: l1 / 2, Report: "report.html", BestL1: l1 / 4,
		Validation: &Scores{TrueColorfulness: 30, Quality: pixel.Quality{
			L1: l1, PSNR: psnr, SSIM: ssim, CIEDE2000: deltaE, Colorfulness: colorful,
		}},
	}}
}

// threeEnded has a best run for each score; the first one diverged, the last one
// is half way, and both are best in all.
func threeEnded() []SweepRun {
	return []SweepRun{
		ended("l1_weight=10", StatusDiverged, 0.01, 99, 0.99, 1, 30),
		ended("l1_weight=25", StatusDone, 0.125, 21, 0.80, 9, 40),
		ended("l1_weight=50", StatusDone, 0.120, 20, 0.82, 11, 12),
		ended("l1_weight=75", StatusDone, 0.130, 22, 0.81, 10, 31),
		ended("l1_weight=100", StatusInterrupted, 0.01, 99, 0.99, 1, 30),
	}
}

// TestScoreTable marks the best of the runs that came to their end.
func TestScoreTable(t *testing.T) {
	t.Parallel()
	table := scoreTable(threeEnded())
	want := [][]string{
		{"l1_weight=10", "diverged", "2", "1,234", "0.0100", "99.00", "0.990", "1.00", "30.0", ""},
		{"l1_weight=25", "done", "2", "1,234", "0.1250", "21.00", "0.800", "9.00", "40.0", ""},
		{"l1_weight=50", "done", "2", "1,234", "0.1200", "20.00", "0.820", "11.00", "12.0", ""},
		{"l1_weight=75", "done", "2", "1,234", "0.1300", "22.00", "0.810", "10.00", "31.0", ""},
		{"l1_weight=100", "interrupted", "2", "1,234", "", "", "", "", "", ""},
	}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	best := []report.Cell{{Row: 2, Column: 4}, {Row: 3, Column: 5}, {Row: 2, Column: 6}, {Row: 1, Column: 7}, {Row: 3, Column: 8}}
	if diff := cmp.Diff(best, table.Best); diff != "" {
		t.Errorf("marked cells (-want +got):\n%s", diff)
	}
	if got := scoreTable(threeEnded()[:2]).Best; len(got) > 0 {
		t.Errorf("marked cells %v where one run came to its end, want none", got)
	}
	running := scoreTable([]SweepRun{{Label: "a", Result: Result{Status: StatusRunning}}})
	if diff := cmp.Diff([]string{"a", "running", "", "", "", "", "", "", "", ""}, running.Rows[0]); diff != "" {
		t.Errorf("a run that was broken off (-want +got):\n%s", diff)
	}
}

// TestScoreTableOfTraining has nothing but training L1 to go by, and says so.
func TestScoreTableOfTraining(t *testing.T) {
	t.Parallel()
	runs := threeEnded()[:4]
	for i := range runs {
		runs[i].Result.Validation = nil
	}
	table := scoreTable(runs)
	if name := table.Columns[len(table.Columns)-1].Name; name != "training L1" || len(table.Columns) != 5 {
		t.Errorf("the columns are %+v, want training L1 as the one score", table.Columns)
	}
	if diff := cmp.Diff([]report.Cell{{Row: 2, Column: 4}}, table.Best); diff != "" {
		t.Errorf("marked cells (-want +got):\n%s", diff)
	}
}

// TestSweepBest holds what the result, the page's table and its headline call
// best against the runs' last L1.
func TestSweepBest(t *testing.T) {
	for name, val := range map[string]int{"validation L1": 2, "training L1": 0} {
		t.Run(name, func(t *testing.T) {
			o := sweepOptions(t, dataset(t, 16, 5, val))
			// Under Adam the weight of L1 alone would change next to nothing.
			o.Experiment.Vary = recipes.Vary{Key: "g_lr", Values: []string{"0.0001", "0.01", "0.001"}, Best: "0.001"}
			got, err := Sweep(t.Context(), o)
			must(t, err)
			last := func(r SweepRun) float64 {
				if val > 0 {
					return r.Result.ValL1
				}
				return r.Result.TrainL1
			}
			want := slices.MinFunc(got.Runs, func(a, b SweepRun) int {
				if last(a) < last(b) {
					return -1
				}
				return 1
			})
			if got.Best != want.Label || got.BestBy != name {
				t.Errorf("best is %q by %s, want %q by %s", got.Best, got.BestBy, want.Label, name)
			}
			page := string(readFile(t, o.Output, reportFile))
			for _, text := range []string{"lowest " + name, want.Label + " has the lowest " + name, "The report calls g_lr=0.001 best"} {
				if !strings.Contains(page, text) {
					t.Errorf("the page lacks %q", text)
				}
			}
		})
	}
}

// TestSweepFails lets the second run fail. The first is compared nevertheless.
func TestSweepFails(t *testing.T) {
	o := sweepOptions(t, dataset(t, 16, 4, 2))
	label := ""
	o.Started = func(l string, _, _ int, _ bool) { label = l }
	o.Progress = func(p Progress) {
		if label == "l1_weight=10" && p.Step == 2 {
			must(t, os.RemoveAll(filepath.Join(o.Output, label, samplesDir)))
		}
	}
	got, err := Sweep(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "training l1_weight=10: ") {
		t.Errorf("got %v, want the error of l1_weight=10", err)
	}
	if len(got.Runs) != 2 || got.Runs[1].Result.Status != StatusFailed || got.Best != "l1_weight=1" {
		t.Errorf("it stands at %+v, want one run done and one failed", got)
	}
	page := string(readFile(t, o.Output, reportFile))
	for _, want := range []string{"2 of 3 runs are compared", ">failed<", "That is of 1 of 3 runs"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// A panic is a failure of the run, too.
	o.Output = filepath.Join(t.TempDir(), "panics")
	o.Progress = func(Progress) {
		if label == "l1_weight=10" {
			panic("the device is gone")
		}
	}
	got, err = Sweep(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "the device is gone") || len(got.Runs) != 2 || got.Runs[1].Result.Status != StatusFailed {
		t.Errorf("where a run panics it is %+v, %v, want one run done and one failed", got, err)
	}
}

// TestSweepPage looks at a sweep of the report's at another size.
func TestSweepPage(t *testing.T) {
	t.Parallel()
	e, err := recipes.FindExperiment("6.7")
	must(t, err)
	e, err = e.Apply("size=64")
	must(t, err)
	runs := make([]compared, 2)
	for i, label := range []string{"l1_weight=10", "l1_weight=25"} {
		runs[i].SweepRun = ended(label, StatusDone, 0.1, 20, 0.8, 9, 30)
		runs[i].record.Backend.Name = []string{"cpu", "cuda"}[i]
		runs[i].record.Versions = map[string]string{"go": "go1.26"}
	}
	page, err := sweepPage(SweepOptions{Experiment: e}, runs, SweepResult{Outcome: []string{"a", recipes.Caveat(e.Recipe)}})
	must(t, err)
	tables := make(map[string]report.Table)
	for _, s := range page.Sections {
		if table, ok := s.(report.Table); ok {
			tables[table.Title] = table
		}
	}
	changed := tables["Changes to recipe 6.7"]
	if len(changed.Rows) != 5 || changed.Rows[0][0] != "size 256 -> 64" || !strings.Contains(changed.Note, "need not carry over") {
		t.Errorf("the changes are %+v, want five with a caveat", changed)
	}
	for _, row := range tables["Configuration of all runs but for l1_weight"].Rows {
		if row[0] == "l1_weight" {
			t.Error("the configuration of all runs has what they differ in")
		}
	}
	environment := tables["Environment"].Rows
	for _, want := range [][]string{{"backend, l1_weight=10", "cpu"}, {"backend, l1_weight=25", "cuda"}, {"go", "go1.26"}} {
		if !slices.ContainsFunc(environment, func(row []string) bool { return slices.Equal(row, want) }) {
			t.Errorf("the environment %q lacks %q", environment, want)
		}
	}
}
