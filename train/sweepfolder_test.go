// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// tree returns the files of a folder with what they hold, nil where there is no
// such folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	files := make(map[string]string)
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[path] = string(readFile(t, path))
		}
		return err
	}))
	return files
}

// TestSweepRefuses asks for what cannot work, be it in the last of the runs. It
// is refused before the first one, and nothing is written.
func TestSweepRefuses(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	write := func(t *testing.T, o *SweepOptions, name, text string) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(o.Output, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(o.Output, name), []byte(text), 0o644))
	}
	one := func(t *testing.T, o *SweepOptions, label string) {
		t.Helper()
		first := *o
		first.Only, first.Progress, first.Started = label, nil, nil
		if _, err := Sweep(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(*testing.T, *SweepOptions)
		want   string
	}{
		{"single run", func(_ *testing.T, o *SweepOptions) { o.Experiment.Vary = recipes.Vary{} }, `experiment must be a sweep, got recipe "tiny"`},
		{"unknown run", func(_ *testing.T, o *SweepOptions) { o.Only = "l1_weight=2" }, "there are l1_weight=1, l1_weight=10, l1_weight=100"},
		{"bad value", func(_ *testing.T, o *SweepOptions) { o.Experiment.Vary.Values[1] = "-1" }, "l1_weight must be in"},
		{"bad recipe", func(_ *testing.T, o *SweepOptions) { o.Experiment.LogEach = 0 }, "log_each must be in"},
		{"no backend", func(_ *testing.T, o *SweepOptions) { o.Backend = nil }, "backend must be open"},
		{"no data set", func(t *testing.T, o *SweepOptions) { o.Data = t.TempDir() }, "data set"},
		{"no data set, overwriting", func(t *testing.T, o *SweepOptions) {
			one(t, o, "l1_weight=1")
			o.Data, o.Overwrite = t.TempDir(), true
			o.Experiment.Vary.Values[0] = "2"
		}, "data set"},
		{"another size", func(_ *testing.T, o *SweepOptions) { o.Experiment.Size = 32 }, "size must be that of the data set"},
		{"few pictures for the last", func(_ *testing.T, o *SweepOptions) {
			o.Experiment.Vary = recipes.Vary{Key: "train_batch_size", Values: []string{"1", "2", "5"}}
		}, "run train_batch_size=5: train_batch_size must be at most the number of training pictures, 4"},
		{"no init", func(t *testing.T, o *SweepOptions) { o.Init = t.TempDir() }, "opening the network to start from"},
		{"init of another width for the last", func(t *testing.T, o *SweepOptions) {
			o.Init = t.TempDir()
			r := o.Experiment.Recipe
			r.Epochs = 1
			mustRun(t, Options{Recipe: r, Data: data, Output: o.Init, Backend: o.Backend})
			o.Experiment.Vary = recipes.Vary{Key: "filters", Values: []string{"4", "8"}}
		}, "run filters=8: init must hold a generator as the recipe's"},
		{"init among what goes", func(t *testing.T, o *SweepOptions) {
			one(t, o, "l1_weight=1")
			o.Overwrite, o.Init = true, filepath.Join(o.Output, "l1_weight=1")
			o.Experiment.Vary.Values[0] = "2"
		}, "init must be another run than those that are replaced"},
		{"foreign folder", func(t *testing.T, o *SweepOptions) { write(t, o, "letters/a", "") }, "is not empty and holds no sweep"},
		{"foreign sweep.json", func(t *testing.T, o *SweepOptions) {
			write(t, o, sweepFile, `{"program": "sweeper.py"}`)
			o.Overwrite = true
		}, "no sweep of ours"},
		{"damaged sweep.json", func(t *testing.T, o *SweepOptions) { write(t, o, sweepFile, `{"about":`) }, "the sweep is damaged"},
		{"a run's folder", func(t *testing.T, o *SweepOptions) {
			mustRun(t, Options{Recipe: o.Experiment.Recipe, Data: o.Data, Output: o.Output, Backend: o.Backend})
			o.Overwrite = true
		}, "holds no sweep, but a"},
		{"foreign run folder", func(t *testing.T, o *SweepOptions) {
			write(t, o, "l1_weight=100/recipe.json", `{"ingredients": []}`)
			o.Overwrite = true
		}, "run l1_weight=100: output"},
		{"another sweep", func(t *testing.T, o *SweepOptions) {
			other := tinySweep()
			other.Vary.Values, other.Filters = []string{"3", "4"}, 2
			must(t, os.MkdirAll(o.Output, 0o755))
			must(t, writeJSON(o.Output, sweepFile, other))
		}, `holds another sweep, of recipe "tiny"; it differs in filters (2 there, 4 asked for), ` +
			"the values of l1_weight (3 4 there, 1 10 100 asked for)"},
		{"another key", func(t *testing.T, o *SweepOptions) {
			other := tinySweep()
			other.Vary = recipes.Vary{Key: "filters", Values: []string{"2", "4"}}
			must(t, os.MkdirAll(o.Output, 0o755))
			must(t, writeJSON(o.Output, sweepFile, other))
			o.Resume = true
		}, "what it varies (filters there, l1_weight asked for)"},
		{"the last run is there", func(t *testing.T, o *SweepOptions) { one(t, o, "l1_weight=100") }, "resume it, or overwrite it"},
		{"another data set", func(t *testing.T, o *SweepOptions) {
			one(t, o, "l1_weight=100")
			o.Data, o.Resume = dataset(t, 16, 5, 2), true
		}, "run l1_weight=100: the run in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := sweepOptions(t, data)
			o.Progress = func(Progress) { t.Error("a step was taken") }
			o.Started = func(label string, _, _ int, _ bool) { t.Errorf("%s was begun", label) }
			tt.change(t, &o)
			before := tree(t, o.Output)
			if _, err := Sweep(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a request error with %q", err, tt.want)
			}
			if diff := cmp.Diff(before, tree(t, o.Output)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

// TestReplacedLabels keeps names from a file inside the folder.
func TestReplacedLabels(t *testing.T) {
	t.Parallel()
	there := tinySweep()
	there.Vary.Labels = []string{"../mine", "..", "l1_weight=2"}
	got := replacedLabels(SweepOptions{Experiment: tinySweep()}, &there)
	if want := append(tinySweep().Labels(), "l1_weight=2"); !slices.Equal(got, want) {
		t.Errorf("replaced are %q, want %q", got, want)
	}
}

// TestSweepInit starts all runs from one network although its own run goes on
// meanwhile, with what it would be by itself.
func TestSweepInit(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	o := sweepOptions(t, data)
	base := t.TempDir()
	donor := Options{Recipe: tinyRecipe(), Data: data, Output: filepath.Join(base, "donor"), Backend: o.Backend}
	mustRun(t, donor)
	kept := filepath.Join(base, "kept")
	must(t, os.CopyFS(kept, os.DirFS(donor.Output)))
	o.Init = donor.Output
	o.Started = func(_ string, place, _ int, _ bool) {
		if place == 2 {
			donor.Overwrite, donor.Recipe.Seed = true, 99
			mustRun(t, donor)
		}
	}
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, run := range o.Experiment.Runs() {
		alone := filepath.Join(base, run.Label)
		mustRun(t, Options{Recipe: run.Recipe, Data: data, Output: alone, Backend: o.Backend, Init: kept})
		var a, b record
		must(t, readJSON(alone, recordFile, &a))
		must(t, readJSON(filepath.Join(o.Output, run.Label), recordFile, &b))
		if b.Init == nil || a.Init.SHA256 != b.Init.SHA256 {
			t.Errorf("%s started from %+v, want %+v", run.Label, b.Init, a.Init)
		}
		if diff := cmp.Diff(string(readFile(t, alone, metricsFile)), string(readFile(t, o.Output, run.Label, metricsFile))); diff != "" {
			t.Errorf("%s (-alone +in the sweep):\n%s", run.Label, diff)
		}
	}
}
