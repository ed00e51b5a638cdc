// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// tinySweep varies the weight of L1 in a recipe of a second.
func tinySweep() recipes.Experiment {
	r := tinyRecipe()
	r.Epochs = 2
	return recipes.Experiment{Recipe: r, Vary: recipes.Vary{Key: "l1_weight", Values: []string{"1", "10", "100"}}}
}

func sweepOptions(t testing.TB, data string) SweepOptions {
	t.Helper()
	return SweepOptions{
		Options:    Options{Data: data, Output: filepath.Join(t.TempDir(), "sweep"), Backend: goBackend(t)},
		Experiment: tinySweep(),
	}
}

// TestSweep trains a sweep and compares its runs with the same ones trained
// each by itself: executables are shared, numbers are not.
func TestSweep(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	o := sweepOptions(t, data)
	var started []string
	o.Started = func(label string, place, of int, _ bool) {
		if place != len(started)+1 || of != 3 {
			t.Errorf("%s is run %d of %d, want %d of 3", label, place, of, len(started)+1)
		}
		started = append(started, label)
	}
	got, err := Sweep(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"l1_weight=1", "l1_weight=10", "l1_weight=100"}
	if diff := cmp.Diff(labels, started); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	best := SweepRun{}
	for i, run := range o.Experiment.Runs() {
		alone := filepath.Join(t.TempDir(), "alone")
		want := mustRun(t, Options{Recipe: run.Recipe, Data: data, Output: alone, Backend: o.Backend})
		for _, name := range []string{metricsFile, recipeFile, "model.json"} {
			if diff := cmp.Diff(string(readFile(t, alone, name)), string(readFile(t, o.Output, run.Label, name))); diff != "" {
				t.Errorf("%s, %s (-alone +in the sweep):\n%s", run.Label, name, diff)
			}
		}
		if got.Runs[i].Label != run.Label || got.Runs[i].Result.ValL1 != want.ValL1 || got.Runs[i].Result.Status != StatusDone {
			t.Errorf("run %d of the result is %+v, want %s with L1 %v", i, got.Runs[i], run.Label, want.ValL1)
		}
		if best.Label == "" || want.ValL1 < best.Result.ValL1 {
			best = SweepRun{Label: run.Label, Result: want}
		}
	}
	if got.Best != best.Label {
		t.Errorf("best is %q, want %q", got.Best, best.Label)
	}
	page := string(readFile(t, o.Output, reportFile))
	for _, want := range append(labels, "Sweep tiny", "CIEDE2000", "data:image/png", "but for l1_weight") {
		if !strings.Contains(page, want) {
			t.Errorf("the sweep's page lacks %q", want)
		}
	}
}

// TestSweepResumes interrupts a sweep in its second run and goes on.
func TestSweepResumes(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	whole := sweepOptions(t, data)
	if _, err := Sweep(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	o := sweepOptions(t, data)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	label := ""
	o.Started = func(l string, _, _ int, _ bool) { label = l }
	o.Progress = func(p Progress) {
		if label == "l1_weight=10" && p.Step == 4 {
			cancel()
		}
	}
	got, err := Sweep(ctx, o)
	if !errors.Is(err, ErrInterrupted) {
		t.Fatalf("interrupted it gives %v, want ErrInterrupted", err)
	}
	if len(got.Runs) != 2 || got.Runs[1].Result.Status != StatusInterrupted || got.Best != "l1_weight=1" {
		t.Errorf("interrupted it stands at %+v", got)
	}
	o.Progress, o.Started, o.Resume = nil, nil, true
	if got, err = Sweep(t.Context(), o); err != nil || len(got.Runs) != 3 {
		t.Fatalf("resumed it ends with %+v, %v", got, err)
	}
	for _, name := range append([]string{"."}, o.Experiment.Labels()...) {
		for _, file := range []string{metricsFile, reportFile} {
			if name == "." && file == metricsFile {
				continue
			}
			if diff := cmp.Diff(string(readFile(t, whole.Output, name, file)), string(readFile(t, o.Output, name, file))); diff != "" {
				t.Errorf("%s/%s (-unbroken +resumed):\n%s", name, file, diff)
			}
		}
	}
}

// TestSweepOnly trains one run, and later another in the same folder.
func TestSweepOnly(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	o := sweepOptions(t, data)
	for i, label := range []string{"l1_weight=100", "l1_weight=1"} {
		o.Only = label
		got, err := Sweep(t.Context(), o)
		if err != nil || len(got.Runs) != i+1 {
			t.Fatalf("%s: %+v, %v, want %d runs", label, got, err, i+1)
		}
	}
	if _, err := os.Stat(filepath.Join(o.Output, "l1_weight=10")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run that was not asked for has a folder: %v", err)
	}
}
