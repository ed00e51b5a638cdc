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

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestSweepOverwrite puts another sweep in the place of one, is interrupted, and
// goes on: at no time the old runs are compared with the new.
func TestSweepOverwrite(t *testing.T) {
	o := sweepOptions(t, dataset(t, 16, 4, 2))
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, name := range []string{"notes.txt", "l1_weight=1/letter.txt", "l1_weight=10/checkpoints/exported.safetensors"} {
		kept = append(kept, filepath.Join(o.Output, name))
		must(t, os.WriteFile(kept[len(kept)-1], []byte("keep me"), 0o644))
	}
	o.Overwrite = true
	o.Experiment.Vary.Values, o.Experiment.Seed = []string{"10", "100", "1000"}, 8
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = func(p Progress) {
		if p.Step == 3 {
			cancel()
		}
	}
	got, err := Sweep(ctx, o)
	if !errors.Is(err, ErrInterrupted) || len(got.Runs) != 1 || len(got.LeftOut) > 0 || got.Best != "" {
		t.Errorf("interrupted it stands at %+v, %v, want the first run alone", got, err)
	}
	for _, label := range []string{"l1_weight=1", "l1_weight=100"} {
		for _, name := range []string{recipeFile, recordFile, metricsFile, reportFile} {
			if _, err := os.Stat(filepath.Join(o.Output, label, name)); err == nil {
				t.Errorf("%s of the old %s is still there", name, label)
			}
		}
	}
	o.Overwrite, o.Resume, o.Progress = false, true, nil
	if got, err = Sweep(t.Context(), o); err != nil || len(got.Runs) != 3 {
		t.Errorf("resumed it ends with %+v, %v, want three runs", got, err)
	}
	for _, path := range kept {
		if text := string(readFile(t, path)); text != "keep me" {
			t.Errorf("%s holds %q", path, text)
		}
	}
}

// TestSweepOverwriteKept: where what is not ours lies in the folder of a run that
// is replaced, the run finds its place nevertheless.
func TestSweepOverwriteKept(t *testing.T) {
	o := sweepOptions(t, dataset(t, 16, 4, 2))
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(o.Output, "l1_weight=100", model.CheckpointsDir, "exported.safetensors")
	must(t, os.WriteFile(kept, []byte("keep me"), 0o644))
	must(t, os.WriteFile(filepath.Join(o.Output, sweepFile), []byte("{"), 0o644)) // damaged, too
	o.Overwrite = true
	got, err := Sweep(t.Context(), o)
	if err != nil || len(got.Runs) != 3 || got.Runs[2].Result.Status != StatusDone {
		t.Errorf("overwritten it ends with %+v, %v, want three runs", got, err)
	}
	if text := string(readFile(t, kept)); text != "keep me" {
		t.Errorf("%s holds %q", kept, text)
	}
}

// TestSweepOverwriteOne replaces one run of a sweep, then one on another data set:
// the others stay, but runs on different pictures are not compared.
func TestSweepOverwriteOne(t *testing.T) {
	o := sweepOptions(t, dataset(t, 16, 4, 2))
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	other := tree(t, filepath.Join(o.Output, "l1_weight=1"))
	o.Overwrite, o.Only = true, "l1_weight=10"
	got, err := Sweep(t.Context(), o)
	if err != nil || len(got.Runs) != 3 || len(got.LeftOut) > 0 {
		t.Errorf("with one run replaced it is %+v, %v, want three runs", got, err)
	}
	o.Data = dataset(t, 16, 5, 2)
	got, err = Sweep(t.Context(), o)
	if err != nil || len(got.Runs) != 1 || len(got.LeftOut) != 2 || got.Best != "l1_weight=10" {
		t.Fatalf("with one run on other data it is %+v, %v, want that run alone", got, err)
	}
	for _, text := range []string{got.LeftOut[0], string(readFile(t, o.Output, reportFile))} {
		if !strings.Contains(text, "l1_weight=1 is left out: the run in") || !strings.Contains(text, "has another data set") {
			t.Errorf("the run on other data is not said to be left out: %.300q", text)
		}
	}
	if diff := cmp.Diff(other, tree(t, filepath.Join(o.Output, "l1_weight=1"))); diff != "" {
		t.Errorf("a run that was not asked for (-before +after):\n%s", diff)
	}
}

// TestSweepInitResumes goes on with a sweep that began from another run's weights: the
// runs that have not begun must start there too.
func TestSweepInitResumes(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	donor := filepath.Join(t.TempDir(), "donor")
	mustRun(t, Options{Recipe: tinyRecipe(), Data: data, Output: donor, Backend: goBackend(t)})
	o := sweepOptions(t, data)
	o.Init, o.Only = donor, "l1_weight=1"
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Init, o.Only, o.Resume = "", "", true
	if _, err := Sweep(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), donor) {
		t.Errorf("resumed without init: %v, want a request error naming %s", err, donor)
	}
	o.Init = donor
	got, err := Sweep(t.Context(), o)
	if err != nil || len(got.Runs) != 3 || len(got.LeftOut) != 0 {
		t.Errorf("resumed with init: %+v, %v, want three runs", got, err)
	}
	// One of them from random weights is no longer comparable.
	o.Init, o.Only, o.Resume, o.Overwrite = "", "l1_weight=100", false, true
	if got, err = Sweep(t.Context(), o); err != nil || len(got.Runs) != 2 || len(got.LeftOut) != 1 {
		t.Errorf("with one run replaced: %+v, %v, want two runs and one left out", got, err)
	}
}

// TestSweepForeignFile overwrites a sweep whose run holds a file that is not
// ours with another sweep, and back: the file stays, and nothing is refused.
func TestSweepForeignFile(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	o := sweepOptions(t, data)
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	letter := filepath.Join(o.Output, "l1_weight=1", "letter.txt")
	must(t, os.WriteFile(letter, []byte("mine"), 0o644))
	o.Overwrite = true
	other := o
	other.Experiment.Vary.Values = []string{"10", "100", "1000"}
	for _, next := range []SweepOptions{other, o} {
		if got, err := Sweep(t.Context(), next); err != nil || len(got.Runs) != 3 {
			t.Errorf("%v: %+v, %v, want three runs", next.Experiment.Vary.Values, got, err)
		}
	}
	if got := string(readFile(t, letter)); got != "mine" {
		t.Errorf("the letter holds %q now", got)
	}
}

// TestSweepDamagedOnly replaces one run of a sweep whose sweep.json is damaged:
// the others stay.
func TestSweepDamagedOnly(t *testing.T) {
	o := sweepOptions(t, dataset(t, 16, 4, 2))
	if _, err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	must(t, os.WriteFile(filepath.Join(o.Output, sweepFile), []byte("{"), 0o644))
	o.Only, o.Overwrite = "l1_weight=10", true
	if got, err := Sweep(t.Context(), o); err != nil || len(got.Runs) != 3 {
		t.Errorf("%+v, %v, want all three runs", got, err)
	}
	must(t, os.Remove(filepath.Join(o.Output, "l1_weight=1", metricsFile)))
	o.Only, o.Overwrite, o.Resume = "", false, true
	got, err := compareSweep(o, manifest(t, o.Data), "")
	if err != nil || len(got.Runs) != 2 || len(got.LeftOut) != 1 || !strings.Contains(got.LeftOut[0], metricsFile) {
		t.Errorf("with a run's metrics gone: %+v, %v, want it left out and named", got, err)
	}
}
