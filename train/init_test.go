// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestInit starts a run with a critic from the generator of one without.
func TestInit(t *testing.T) {
	b := goBackend(t)
	base, data := t.TempDir(), dataset(t, 24, 5, 2)
	r := tinyEverything()
	alone := tinyRecipe()
	alone.Size, alone.Filters = r.Size, r.Filters
	first := Options{Recipe: alone, Data: data, Output: filepath.Join(base, "first"), Backend: b}
	donor := mustRun(t, first)
	var want *Scores
	for _, line := range metricsOf(t, first.Output) {
		if line.Kind == MetricEpoch && line.Epoch == donor.BestEpoch {
			want = line.Validation
		}
	}

	o := Options{Recipe: r, Data: data, Output: filepath.Join(base, "second"), Backend: b, Init: first.Output}
	tr := startTrainer(t, o)
	got, err := tr.validate(t.Context())
	must(t, err)
	if diff := cmp.Diff(want.Quality, got.scores.Quality); diff != "" {
		t.Errorf("validation before the first step (-best of the first run +got):\n%s", diff)
	}
	for _, v := range trainable(tr.work.store.Scope(model.GeneratorScope)) {
		if average := tr.work.store.GetVariable(averagePath(v)); !average.MustValue().Equal(v.MustValue()) {
			t.Errorf("the average of %s does not start at its value", v.Path())
		}
	}
	breakOffStarted(t, tr, 4)
	var rec record
	must(t, readJSON(o.Output, recordFile, &rec))
	if rec.Init == nil || rec.Init.Path != first.Output || len(rec.Init.SHA256) != 64 {
		t.Errorf("run.json says it started from %+v", rec.Init)
	}

	o.Resume = true
	other := filepath.Join(base, "other")
	alone.Seed++
	mustRun(t, Options{Recipe: alone, Data: data, Output: other, Backend: b})
	refused := o
	refused.Init = other
	if _, err := Run(t.Context(), refused); !fault.IsRequest(err) || !strings.Contains(err.Error(), "started from other weights") {
		t.Errorf("resumed with another init: %v, want a request error", err)
	}
	o.Init = "" // it goes on from its own checkpoint, wherever the other run is
	must(t, os.Rename(first.Output, first.Output+"-moved"))
	if got := mustRun(t, o); got.Steps != 11 {
		t.Errorf("resumed it ends after %d steps, want 11", got.Steps)
	}
	if !strings.Contains(string(readFile(t, o.Output, reportFile)), rec.Init.SHA256) {
		t.Error("report.html does not name the network that the run started from")
	}
}

// TestInitRefuses starts from what does not fit. Nothing is written.
func TestInitRefuses(t *testing.T) {
	b := goBackend(t)
	data := dataset(t, 16, 5, 2)
	donor := filepath.Join(t.TempDir(), "donor")
	r := tinyRecipe()
	r.Epochs = 1
	mustRun(t, Options{Recipe: r, Data: data, Output: donor, Backend: b})
	damaged := filepath.Join(t.TempDir(), "damaged")
	must(t, os.CopyFS(damaged, os.DirFS(donor)))
	damages()[6].change(t, filepath.Join(damaged, model.CheckpointsDir, weightFiles(t, damaged)[0]))
	empty := t.TempDir()
	must(t, model.WriteModelConfig(empty, r.Generator()))
	tests := []struct {
		name   string
		init   string
		change func(*recipes.Recipe)
		want   string
	}{
		{"wider", donor, func(r *recipes.Recipe) { r.Filters *= 2 }, "init must hold a generator as the recipe's"},
		{"deeper", donor, func(r *recipes.Recipe) { r.Downs++ }, "init must hold a generator as the recipe's"},
		{"another norm", donor, func(r *recipes.Recipe) { r.Norm = model.NormInstance }, "norm (batch there, instance asked for)"},
		{"chroma", donor, func(r *recipes.Recipe) { r.OutChannels = 2 }, "init must hold a generator as the recipe's"},
		{"no run", filepath.Join(donor, "nowhere"), func(*recipes.Recipe) {}, "nowhere"},
		{"a run without weights", empty, func(*recipes.Recipe) {}, "last.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Recipe: r, Data: data, Output: filepath.Join(t.TempDir(), "run"), Backend: b, Init: tt.init}
			tt.change(&o.Recipe)
			if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a request error with %q", err, tt.want)
			}
			if _, err := os.Stat(o.Output); err == nil {
				t.Error("the run folder was made")
			}
		})
	}
	t.Run("damaged", func(t *testing.T) {
		o := Options{Recipe: r, Data: data, Output: filepath.Join(t.TempDir(), "run"), Backend: b, Init: damaged}
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the file is damaged") {
			t.Errorf("got %v, want an error that says it is damaged", err)
		}
	})
	t.Run("itself", func(t *testing.T) {
		before := list(t, donor, model.CheckpointsDir)
		o := Options{Recipe: r, Data: data, Output: donor, Backend: b, Init: donor + "/.", Overwrite: true}
		if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), "init must be another run") {
			t.Errorf("got %v, want a request error", err)
		}
		if diff := cmp.Diff(before, list(t, donor, model.CheckpointsDir)); diff != "" {
			t.Errorf("checkpoints (-before +after):\n%s", diff)
		}
	})
	t.Run("another size", func(t *testing.T) { // convolutions fit any
		o := Options{Recipe: r, Data: dataset(t, 32, 4, 0), Output: filepath.Join(t.TempDir(), "run"), Backend: b, Init: donor}
		o.Recipe.Size = 32
		mustRun(t, o)
	})
}
