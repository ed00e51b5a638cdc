// SPDX-License-Identifier: Apache-2.0

package train

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// TestEvaluate scores a random network; batches must not matter, and the means
// must be those of the pictures.
func TestEvaluate(t *testing.T) {
	const count = 5
	data := dataset(t, 16, 2, count)
	run := modeltest.Tiny(t)
	onBackends(t, func(t *testing.T, b *model.Backend) {
		evaluate := func(batch int) Evaluation {
			e, err := Evaluate(t.Context(), EvaluateOptions{
				Model: run, Data: data, Split: "val", Batch: batch, Backend: b, PerPicture: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		got := evaluate(0)
		if got.Pictures != count || len(got.Items) != count || got.Split != "val" ||
			got.Mode != "inference with running statistics" || got.Model == "" {
			t.Errorf("evaluation %+v", got)
		}
		var sum pixel.Quality
		for _, item := range got.Items {
			sum.Add(item.Raw)
			if item.Key == "" || item.Source == "" {
				t.Errorf("a picture has no name: %+v", item)
			}
		}
		sum.Divide(count)
		if math.Abs(sum.L1-got.Raw.L1) > 1e-12 || math.Abs(sum.PSNR-got.Raw.PSNR) > 1e-9 {
			t.Errorf("the mean is %+v, the pictures' mean %+v", got.Raw, sum)
		}
		// With the true luma a random network is nearer to the truth.
		if got.Recombined.L1 >= got.Raw.L1 || got.Recombined.PSNR <= got.Raw.PSNR {
			t.Errorf("recombined %+v, raw %+v, want the recombined ones nearer to the truth", got.Recombined, got.Raw)
		}
		// A random network's colours are none, which is gray.
		if got.Gray.Colorfulness > 1 || got.Gray.L1 > got.Recombined.L1*1.1 || got.Gray.SSIM > 0.999 {
			t.Errorf("gray %+v, recombined %+v", got.Gray, got.Recombined)
		}
		if got.TrueColorfulness < 20 || got.Raw.Colorfulness >= got.TrueColorfulness {
			t.Errorf("colourfulness %.1f raw, %.1f true", got.Raw.Colorfulness, got.TrueColorfulness)
		}
		for i, item := range evaluate(2).Items {
			if math.Abs(item.Raw.L1-got.Items[i].Raw.L1) > 1e-4 {
				t.Errorf("picture %d has L1 %v in batches of 2, %v in one batch", i, item.Raw.L1, got.Items[i].Raw.L1)
			}
		}
	})
}

// TestEvaluateAgreesWithValidation compares the two ways to the same number.
func TestEvaluateAgreesWithValidation(t *testing.T) {
	data := dataset(t, 16, 6, 3)
	b := goBackend(t)
	run := t.TempDir()
	trained := mustRun(t, Options{Recipe: tinyRecipe(), Data: data, Output: run, Backend: b})
	e, err := Evaluate(t.Context(), EvaluateOptions{Model: run, Data: data, Split: "val", Checkpoint: model.CheckpointLast, Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	// Evaluate rounds to 8 bits first.
	if math.Abs(e.Raw.L1-trained.ValL1) > 0.5/127.5 || math.Abs(e.Raw.PSNR-trained.ValPSNR) > 0.1 {
		t.Errorf("evaluate finds L1 %.4f and %.2f dB, validation %.4f and %.2f dB",
			e.Raw.L1, e.Raw.PSNR, trained.ValL1, trained.ValPSNR)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	data := dataset(t, 16, 2, 0)
	run := modeltest.Tiny(t)
	good := EvaluateOptions{Model: run, Data: data, Split: "train", Backend: goBackend(t)}
	tests := []struct {
		name   string
		change func(*EvaluateOptions)
		want   string
	}{
		{"empty split", func(o *EvaluateOptions) { o.Split = "val" }, `split "val"`},
		{"unknown split", func(o *EvaluateOptions) { o.Split = "dev" }, `split must be train, val or test, got "dev"`},
		{"size", func(o *EvaluateOptions) { o.Data = dataset(t, 32, 1, 0) }, "the network has 16 px"},
		{"checkpoint", func(o *EvaluateOptions) { o.Checkpoint = "first" }, `checkpoint must be last, best or ema, got "first"`},
		{"no average", func(o *EvaluateOptions) { o.Checkpoint = model.CheckpointEMA }, "holds no moving average"},
		{"batch", func(o *EvaluateOptions) { o.Batch = -1 }, "batch must be at least 0, got -1"},
		{"nothing", func(o *EvaluateOptions) { *o = EvaluateOptions{} }, "model must name a run folder"},
		{"no checkpoint", func(o *EvaluateOptions) {
			o.Model = t.TempDir()
			if err := model.WriteModelConfig(o.Model, tinyRecipe().Generator()); err != nil {
				t.Fatal(err)
			}
		}, "opening the network"},
		{"damaged configuration", func(o *EvaluateOptions) {
			o.Model = t.TempDir()
			if err := os.WriteFile(filepath.Join(o.Model, model.ModelFile), []byte("{"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "model.json"},
		{"foreign checkpoint", func(o *EvaluateOptions) { o.Model = foreignCheckpoint(t) }, "is it of another recipe?"},
		{"no run", func(o *EvaluateOptions) { o.Model = data }, "model.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			if _, err := Evaluate(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a request error with %q", err, tt.want)
			}
		})
	}
}

// foreignCheckpoint returns a run folder whose weights are those of a wider
// network than its model.json says.
func foreignCheckpoint(t *testing.T) string {
	t.Helper()
	run := t.TempDir()
	config := tinyRecipe().Generator()
	if err := model.WriteModelConfig(run, config); err != nil {
		t.Fatal(err)
	}
	config.Filters *= 2
	store := ml.NewStore()
	defer store.Finalize()
	if err := model.InitGenerator(store, model.GeneratorScope, config, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(run, model.CheckpointsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := saveCheckpoint(run, store, state{Format: stateFormat, Step: 1}, 2); err != nil {
		t.Fatal(err)
	}
	return run
}
