// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
)

// TestGood looks at sums of losses over four steps.
func TestGood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		at   loss
		sum  float64
		want bool
	}{
		{lossL1, 0, true}, {lossL1, math.NaN(), false}, {lossGeneratorGradient, math.Inf(1), false},
		{lossDistance, 4e6, true}, {lossAdversarial, -4e6, true},
		{lossAdversarial, -4.1e6, false}, {lossDistance, 4.1e6, false}, {lossDistance, math.Inf(-1), false},
		// The penalty and the loss that it is a part of, which come down again,
		// and norms that clipping deals with.
		{lossCritic, 4.1e6, true}, {lossPenalty, 4.1e6, true}, {lossNorm, 4.1e6, true}, {lossGeneratorGradient, 4.1e6, true}, {lossCriticGradient, 4.1e6, true},
	}
	for _, tt := range tests {
		var v lossVector
		v[tt.at] = tt.sum
		if got := v.good(4); got != tt.want {
			t.Errorf("loss %d at %g: good is %v, want %v", tt.at, tt.sum, got, tt.want)
		}
	}
}

// TestDiverges trains a critic at an absurd rate with next to no penalty, as far
// as it goes: the scores leave all bounds while they are still numbers. The generator's stage before is
// what is left of the run.
func TestDiverges(t *testing.T) {
	r := tinyGAN()
	r.CriticEpochs, r.Epochs, r.CriticRate, r.PenaltyWeight, r.LogEach = 0, 20, 1, 1e-12, 1
	r.CriticNorm = model.NormNone // a norm would hold the scores back
	o := Options{Recipe: r, Data: dataset(t, r.Size, 5, 2), Output: filepath.Join(t.TempDir(), "run"), Backend: goBackend(t)}
	got := mustRun(t, o)
	if got.Status != StatusDiverged || got.Epochs < 1 || got.Epochs > 3 {
		t.Errorf("ended as %+v, want diverged soon after the first epoch", got)
	}
	lines := metricsOf(t, o.Output)
	last := lines[len(lines)-1]
	if last.Kind != MetricDiverged || last.Step != got.Steps || last.Critic != nil {
		t.Errorf("the last line is %+v, want diverged at step %d without losses", last, got.Steps)
	}
	for _, line := range lines {
		if line.Distance != nil && math.Abs(*line.Distance) > divergedAt {
			t.Errorf("a line at step %d has distance %g", line.Step, *line.Distance)
		}
	}
	page := string(readFile(t, o.Output, reportFile))
	for _, want := range []string{"It diverged by step", "<svg", "data:image/png"} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
	var rec record
	must(t, readJSON(o.Output, recordFile, &rec))
	if rec.Status != StatusDiverged || rec.Result == nil || rec.Result.Status != StatusDiverged {
		t.Errorf("run.json: %+v", rec)
	}
	onlyNumbers(t, o.Output)
}

// onlyNumbers looks at all weight files of a run.
func onlyNumbers(t *testing.T, run string) {
	t.Helper()
	files := weightFiles(t, run)
	if len(files) == 0 {
		t.Error("no weight file is left")
	}
	for _, file := range files {
		list, _, err := model.LoadSafetensors(filepath.Join(run, model.CheckpointsDir, file))
		must(t, err)
		for _, one := range list {
			for _, x := range tensors.MustCopyFlatData[float32](one.Tensor) {
				if !finite(float64(x)) {
					t.Fatalf("%s has %v in %s", file, x, one.Name)
				}
			}
		}
	}
}

// TestDivergedNetworks spoils a weight of either network where no loss of a
// later step tells: in the last step of a stage's epoch, without validation,
// and right before an interruption. No checkpoint may hold it.
func TestDivergedNetworks(t *testing.T) {
	r := tinyGAN()
	r.LogEach = 1000
	data := dataset(t, r.Size, 5, 0)
	for _, network := range []string{model.GeneratorScope, model.CriticScope} {
		for _, tt := range []struct {
			at        int64 // step after which the weight is spoilt
			interrupt bool
			kept      int64 // step of the last checkpoint
		}{{5, true, 3}, {6, false, 3}, {8, true, 6}, {9, false, 6}} {
			t.Run(fmt.Sprintf("%s/%d", network, tt.at), func(t *testing.T) {
				t.Parallel()
				run := filepath.Join(t.TempDir(), "run")
				tr := startTrainer(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t)})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				tr.o.Progress = func(p Progress) {
					if p.Step != tt.at {
						return
					}
					v := trainable(tr.work.store.Scope(network))[0]
					tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) { flat[1] = float32(math.Inf(1)) })
					if tt.interrupt {
						cancel()
					}
				}
				got, err := tr.run(ctx)
				if err != nil || got.Status != StatusDiverged || got.Steps != tt.at {
					t.Errorf("ended as %+v, %v, want diverged at step %d", got, err, tt.at)
				}
				if ref, err := model.ReadCheckpointRef(run, model.CheckpointLast); err != nil || ref.Step != tt.kept {
					t.Errorf("last checkpoint %+v, %v, want that of step %d", ref, err, tt.kept)
				}
				onlyNumbers(t, run)
			})
		}
	}
}

// TestDiverged spoils a weight: the run must end there, say so, and keep its
// last good checkpoint.
func TestDiverged(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	run := filepath.Join(t.TempDir(), "run")
	o := Options{Recipe: tinyRecipe(), Data: data, Output: run, Backend: goBackend(t)}
	tr := startTrainer(t, o)
	spoilt := false
	tr.o.Progress = func(p Progress) {
		if p.Step == 3 && !spoilt { // in the second epoch
			spoilt = true
			spoil(tr)
		}
	}
	got, err := tr.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != StatusDiverged || got.Epochs != 1 {
		t.Errorf("ended as %+v, want diverged after one whole epoch", got)
	}
	var rec record
	if err := readJSON(run, recordFile, &rec); err != nil || rec.Status != StatusDiverged {
		t.Errorf("run.json says %q, %v, want diverged", rec.Status, err)
	}
	lines, err := ReadMetrics(filepath.Join(run, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	if last := lines[len(lines)-1]; last.Kind != MetricDiverged || last.L1 != nil || last.Step != 4 {
		t.Errorf("the last line is %+v, want diverged at step 4 without a loss", last)
	}
	if ref, err := model.ReadCheckpointRef(run, model.CheckpointLast); err != nil || ref.Epoch != 1 {
		t.Errorf("last checkpoint %+v, %v, want that of the first epoch", ref, err)
	}
	o.Resume = true
	if again := mustRun(t, o); again.Status != StatusDiverged || again.Steps != got.Steps {
		t.Errorf("resumed it ends as %+v, want what it was: %+v", again, got)
	}
}

// TestDivergedUnseen spoils a weight where no loss can tell: right before the
// run is interrupted, and in the last step of an epoch without validation. No
// checkpoint may hold it.
func TestDivergedUnseen(t *testing.T) {
	tests := []struct {
		name      string
		val       int
		at        int64 // step after which the weight is spoilt
		interrupt bool
		wait      bool // for a step with the spoilt weight
	}{
		{"interrupted after the step", 2, 4, true, false},
		{"interrupted with the loss unread", 2, 4, true, true},
		{"end of an epoch without validation", 0, 6, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			r := tinyRecipe()
			r.LogEach = 1000
			o := Options{Recipe: r, Data: dataset(t, 16, 6, tt.val), Output: run, Backend: goBackend(t)}
			tr := startTrainer(t, o)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tr.o.Progress = func(p Progress) {
				if p.Step == tt.at {
					spoil(tr)
				}
				if tt.interrupt && (p.Step > tt.at || p.Step == tt.at && !tt.wait) {
					cancel()
				}
			}
			got, err := tr.run(ctx)
			if err != nil || got.Status != StatusDiverged || got.Epochs != 1 {
				t.Errorf("ended as %+v, %v, want diverged after one whole epoch", got, err)
			}
			if ref, err := model.ReadCheckpointRef(run, model.CheckpointLast); err != nil || ref.Epoch != 1 || ref.Step != 3 {
				t.Errorf("last checkpoint %+v, %v, want that of the first epoch", ref, err)
			}
		})
	}
}

// spoil sets one element of each weight to no number.
func spoil(tr *trainer) {
	for _, v := range trainable(tr.work.store.Scope(model.GeneratorScope)) {
		tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) { flat[0] = float32(math.NaN()) })
	}
}
