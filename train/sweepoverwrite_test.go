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
