// SPDX-License-Identifier: Apache-2.0

package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// TestAverage compares a run's moving average with the formula in float64 over
// the weights after every step, and looks at what comes of it.
func TestAverage(t *testing.T) {
	const decay = 0.8
	r := tinyRecipe()
	r.EMADecay = decay
	data := dataset(t, r.Size, 5, 2)
	run := filepath.Join(t.TempDir(), "run")
	tr := startTrainer(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t)})
	network := tr.work.store.Scope(model.GeneratorScope)
	want := make(map[string][]float64)
	statistics := 0
	follow := func() {
		for v := range network.IterVariables() {
			name := model.EMAScope + v.Path()
			values := tensors.MustCopyFlatData[float32](v.MustValue())
			old, ok := want[name]
			if !ok {
				old = make([]float64, len(values))
				want[name] = old
			}
			for i, x := range values {
				if ok {
					old[i] = decay*old[i] + (1-decay)*float64(x)
				} else {
					old[i] = float64(x)
				}
			}
			if !v.Trainable {
				statistics++
			}
		}
	}
	follow()
	tr.o.Progress = func(Progress) { follow() }
	result, err := tr.run(t.Context())
	must(t, err)
	if statistics == 0 || result.Steps < 5 {
		t.Fatalf("%d statistics, %d steps", statistics, result.Steps)
	}
	saved := tensorsOf(t, run)
	for name, values := range want {
		got, away := saved[name], 0.0
		if len(got) != len(values) {
			t.Fatalf("the checkpoint has %d values of %s, want %d", len(got), name, len(values))
		}
		for i, x := range values {
			if math.Abs(float64(got[i])-x) > 1e-5 {
				t.Fatalf("%s[%d] is %v, want %v", name, i, got[i], x)
			}
			away = max(away, math.Abs(x-float64(saved[strings.TrimPrefix(name, model.EMAScope+"/")][i])))
		}
		if away == 0 {
			t.Errorf("%s is the network's own, want it to lag behind", name)
		}
	}
	checkAverageIsUsed(t, run, data)
}

// checkAverageIsUsed scores the last network and its average.
func checkAverageIsUsed(t *testing.T, run, data string) {
	t.Helper()
	scores := make(map[string]Evaluation)
	for _, checkpoint := range []string{model.CheckpointLast, model.CheckpointEMA} {
		e, err := Evaluate(t.Context(), EvaluateOptions{
			Model: run, Data: data, Split: shard.Val, Checkpoint: checkpoint, Backend: goBackend(t),
		})
		must(t, err)
		scores[checkpoint] = e
	}
	last, average := scores[model.CheckpointLast], scores[model.CheckpointEMA]
	lines := metricsOf(t, run)
	line := lines[len(lines)-1]
	if line.Average == nil || math.Abs(line.Average.L1-average.Raw.L1) > 1e-3 || math.Abs(line.Validation.L1-last.Raw.L1) > 1e-3 {
		t.Errorf("metrics say the average scores %+v, evaluate says %+v", line.Average, average.Raw)
	}
	if last.Raw == average.Raw || last.Model == average.Model {
		t.Errorf("last and average score the same: %+v, %+v", last, average)
	}
	// The network that the average stands for, put in the place of the last one.
	list, _, err := model.LoadSafetensors(lastPath(t, run))
	must(t, err)
	var moved []model.NamedTensor
	for _, one := range list {
		if name, ok := strings.CutPrefix(one.Name, model.EMAScope+"/"); ok {
			moved = append(moved, model.NamedTensor{Name: name, Tensor: one.Tensor})
		}
	}
	must(t, model.SaveSafetensors(lastPath(t, run), moved, nil))
	e, err := Evaluate(t.Context(), EvaluateOptions{
		Model: run, Data: data, Split: shard.Val, Checkpoint: model.CheckpointLast, Backend: goBackend(t),
	})
	must(t, err)
	if e.Raw != average.Raw {
		t.Errorf("the average's weights score %+v, checkpoint ema scores %+v", e.Raw, average.Raw)
	}
}

func lastPath(t *testing.T, run string) string {
	t.Helper()
	ref, err := model.ReadCheckpointRef(run, model.CheckpointLast)
	must(t, err)
	return ref.Path(run)
}
