// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// shrunk is a recipe with its kinds of networks, losses and stages, made so
// small that the go backend learns by heart in seconds. The rates are higher:
// there are few steps.
func shrunk(t *testing.T, name string, size int) recipes.Recipe {
	t.Helper()
	e, err := recipes.FindExperiment(name)
	must(t, err)
	r := e.Resize(size)
	r.Downs, r.Filters, r.CriticFilters = 3, 8*32/size, min(r.CriticFilters, 4)
	r.CriticSteps = min(r.CriticSteps, 2)
	r.TrainBatchSize, r.LogEach = 4, 1
	r.GeneratorEpochs, r.CriticEpochs, r.Epochs = min(r.GeneratorEpochs, 1), min(r.CriticEpochs, 1), 28
	r.GeneratorRate, r.RateSchedule = 1e-2, recipes.RateCosine
	if r.JointGeneratorRate > 0 {
		r.JointGeneratorRate = r.GeneratorRate
	}
	must(t, r.Validate())
	return r
}

// TestOverfitFamilies learns eight pictures by heart with each kind of recipe
// but 6.3, whose losses diverge: no critic may keep the generator from it.
func TestOverfitFamilies(t *testing.T) {
	const most = 0.5 // of the L1 at step 0
	tests := []struct {
		recipe string
		size   int
		critic model.CriticKind
	}{
		{"6.1", 32, model.CriticNone},
		{"6.2", 64, model.CriticConv}, // takes no smaller pictures
		{"6.4", 64, model.CriticConv},
		{"6.5", 32, model.CriticPatchGAN},
		{"6.6", 32, model.CriticPatchGAN},
		{"6.7", 32, model.CriticPatchGAN},
		{"photos", 32, model.CriticPatchGAN},
	}
	for _, tt := range tests {
		t.Run(tt.recipe, func(t *testing.T) {
			r := shrunk(t, tt.recipe, tt.size)
			if r.Critic != tt.critic {
				t.Fatalf("the critic is %s, want %s", r.Critic, tt.critic)
			}
			run := filepath.Join(t.TempDir(), "run")
			got := mustRun(t, Options{Recipe: r, Data: dataset(t, r.Size, 8, 0), Output: run, Backend: goBackend(t)})
			first := *metricsOf(t, run)[0].L1
			t.Logf("L1 went from %.3f to %.3f, %.2f of it, in %d steps", first, got.TrainL1, got.TrainL1/first, got.Steps)
			if got.Status != StatusDone || !(got.TrainL1 <= most*first) {
				t.Errorf("ended %s, L1 went from %.3f to %.3f, want %.2f of it at the most", got.Status, first, got.TrainL1, most)
			}
		})
	}
}
