// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	type row struct {
		Label, Name, Command string
		Value                any
	}
	rows := func(e Experiment, key string) (out []row) {
		for _, run := range e.Runs() {
			value, _ := run.Recipe.Value(key)
			out = append(out, row{run.Label, run.Recipe.Name, run.Recipe.Command, value})
		}
		return out
	}
	trial, err := batchSize().Smoke().Apply("epochs_num=1", "size=32")
	if err != nil {
		t.Fatal(err)
	}
	const batch = "chromabeam train -recipe 6.8 -smoke -set epochs_num=1 -set size=32 -only train_batch_size="
	tests := []struct {
		name string
		got  []row
		want []row
	}{
		{"single", rows(single(baseline()), "d_coef"), []row{{"", "6.1", baseline().Command, 0}}},
		{"sweep", rows(l1Weight(), "l1_weight")[:2], []row{
			{"l1_weight=10", "6.7 l1_weight=10", "chromabeam train -recipe 6.7 -only l1_weight=10 -data data/pokemon -output runs/6.7", 10.0},
			{"l1_weight=25", "6.7 l1_weight=25", "chromabeam train -recipe 6.7 -only l1_weight=25 -data data/pokemon -output runs/6.7", 25.0},
		}},
		{"trial", rows(trial, "train_batch_size"), []row{
			{"train_batch_size=4", "6.8 train_batch_size=4", batch + "4 -data data/pokemon -output runs/6.8", 1},
			{"train_batch_size=8", "6.8 train_batch_size=8", batch + "8 -data data/pokemon -output runs/6.8", 2},
			{"train_batch_size=16", "6.8 train_batch_size=16", batch + "16 -data data/pokemon -output runs/6.8", 3},
			{"train_batch_size=32", "6.8 train_batch_size=32", batch + "32 -data data/pokemon -output runs/6.8", 4},
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, run := range trial.Runs() {
		if run.Recipe.Epochs != 1 || run.Recipe.Size != 32 {
			t.Errorf("%s: %d epochs at %d px, want 1 at 32 px: what was set after -smoke", run.Label, run.Recipe.Epochs, run.Recipe.Size)
		}
	}
}

// TestOnly names the runs there are where it finds none.
func TestOnly(t *testing.T) {
	t.Parallel()
	run, err := l1Weight().Only("l1_weight=50")
	if err != nil || run.Recipe.L1Weight != 50 {
		t.Errorf("l1_weight=50 has %g, %v", run.Recipe.L1Weight, err)
	}
	if run, err := single(baseline()).Only(""); err != nil || run.Recipe.Name != "6.1" {
		t.Errorf("the single run of 6.1: %q, %v", run.Recipe.Name, err)
	}
	for want, e := range map[string]Experiment{
		`recipe 6.7 has no run called "l1_weight=3"; there are l1_weight=10, l1_weight=25`: l1Weight(),
		`recipe 6.1 is a single run, and has none called "l1_weight=3"`:                    single(baseline()),
	} {
		if _, err := e.Only("l1_weight=3"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestApplyToSweep(t *testing.T) {
	t.Parallel()
	_, err := l1Weight().Apply("l1_weight=33", "d_coef=many")
	for _, want := range []string{
		`l1_weight is what recipe 6.7 varies, so it cannot be set; got "l1_weight=33"`, `d_coef must be in [0, 1000], got "many"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	got := criticSteps().Smoke()
	want := Vary{
		Key: "d_coef", Values: []string{"1", "2", "2", "2", "2", "2"},
		Labels: []string{"d_coef=1", "d_coef=2", "d_coef=3", "d_coef=4", "d_coef=5", "d_coef=6"},
	}
	if diff := cmp.Diff(want, got.Vary); diff != "" {
		t.Errorf("6.9's trial varies (-want +got):\n%s", diff)
	}
	for _, e := range All() {
		for _, run := range e.Smoke().Runs() {
			r := run.Recipe
			if r.Size > 64 || r.Filters > 8 || r.CriticFilters > 8 || r.CriticSteps > 2 || r.TrainLimit != 8 || r.ValLimit != 4 ||
				r.TrainBatchSize > 4 || r.ValBatchSize > 4 || r.Epochs > 2 || r.GeneratorEpochs > 1 || r.CriticEpochs > 1 || r.LogEach != 1 {
				t.Errorf("the trial of %s is large: %+v", r.Name, r)
			}
			whole, err := e.Only(run.Label)
			if err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
			if got, want := len(r.Stages()), len(whole.Recipe.Stages()); got != want {
				t.Errorf("the trial of %s has %d stages, want %d", r.Name, got, want)
			}
		}
	}
	limited := baseline()
	limited.TrainLimit, limited.Size = 3, 32
	if r := limited.Smoke(); r.TrainLimit != 3 || r.Size != 32 {
		t.Errorf("a recipe of 3 pictures of 32 px became one of %d of %d px", r.TrainLimit, r.Size)
	}
}
