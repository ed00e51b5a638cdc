// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// TestStructureOf puts recipes that may share executables together, and others
// apart.
func TestStructureOf(t *testing.T) {
	t.Parallel()
	name := func(r recipes.Recipe) string {
		t.Helper()
		s, err := structureOf(r)
		must(t, err)
		return s
	}
	for _, sweep := range []string{"6.7", "6.8", "6.9"} {
		e, err := recipes.FindExperiment(sweep)
		must(t, err)
		runs := e.Runs()
		if len(runs) < 2 {
			t.Fatalf("%s has %d runs, want a sweep", sweep, len(runs))
		}
		for _, run := range runs {
			if got, want := name(run.Recipe), name(runs[0].Recipe); got != want {
				t.Errorf("%s %s has structure %s, %s has %s", sweep, run.Label, got, runs[0].Label, want)
			}
		}
	}
	base := tinyEverything()
	tests := []struct {
		name   string
		change func(*recipes.Recipe)
		shared bool
	}{
		{"seed", func(r *recipes.Recipe) { r.Seed++ }, true},
		{"rates", func(r *recipes.Recipe) { r.GeneratorRate, r.JointCriticRate, r.RateSchedule = 1, 1, recipes.RateLinear }, true},
		{"weights", func(r *recipes.Recipe) { r.PenaltyWeight, r.L1Weight = 1, 1 }, true},
		{"epochs", func(r *recipes.Recipe) { r.Epochs, r.GeneratorEpochs, r.CriticEpochs = 9, 9, 9 }, true},
		{"about", func(r *recipes.Recipe) { r.Name = "other" }, true},
		{"batch size", func(r *recipes.Recipe) { r.TrainBatchSize, r.ValBatchSize = 1, 1 }, true},
		{"norm", func(r *recipes.Recipe) { r.Norm = model.NormInstance }, false},
		{"critic's norm", func(r *recipes.Recipe) { r.CriticNorm = model.NormNone }, false},
		{"reduction", func(r *recipes.Recipe) { r.PenaltyReduction = model.GPMean }, false},
		{"loss", func(r *recipes.Recipe) { r.Adversary = model.AdversaryVanilla }, false},
		{"conditional", func(r *recipes.Recipe) { r.CriticConditional = false }, false},
		{"flip", func(r *recipes.Recipe) { r.Flip = false }, false},
		{"clip", func(r *recipes.Recipe) { r.ClipNorm = 0 }, false},
		{"clip further", func(r *recipes.Recipe) { r.ClipNorm *= 2 }, false},
		{"average", func(r *recipes.Recipe) { r.EMADecay = 0.9 }, false},
		{"beta1", func(r *recipes.Recipe) { r.Beta1 = 0.9 }, false},
		{"filters", func(r *recipes.Recipe) { r.Filters++ }, false},
		{"channels", func(r *recipes.Recipe) { r.OutChannels = 2 }, false},
		{"size", func(r *recipes.Recipe) { r.Size = 32 }, false},
	}
	for _, tt := range tests {
		r := base
		tt.change(&r)
		if got := name(r) == name(base); got != tt.shared {
			t.Errorf("another %s: one structure is %v, want %v", tt.name, got, tt.shared)
		}
	}
}

// TestWorkspaceReuse trains one recipe after the other in one workspace. Each run
// must be what it is in a workspace of its own: nothing of the run before may be
// left, neither weights, moments, sums nor average.
func TestWorkspaceReuse(t *testing.T) {
	first := tinyEverything()
	second := first // shares everything
	second.Seed, second.L1Weight, second.CriticSteps, second.GeneratorRate = 8, 10, 1, 1e-3
	third := first // shares nothing
	third.Norm, third.EMADecay = model.NormInstance, 0
	fourth := first // is the first again
	fourth.TrainBatchSize = 3
	data := dataset(t, first.Size, 5, 2)
	options := Options{Data: data, Backend: goBackend(t)}
	shared := sharing(t, options)
	base := t.TempDir()
	for i, r := range []recipes.Recipe{first, second, third, fourth, first} {
		o := options
		o.Recipe = r
		o.Output = filepath.Join(base, "own", string(rune('a'+i)))
		mustRun(t, o)
		own := o.Output
		o.Output = filepath.Join(base, "shared", string(rune('a'+i)))
		must(t, shared(t.Context(), o))
		compareRuns(t, own, o.Output)
	}
}
