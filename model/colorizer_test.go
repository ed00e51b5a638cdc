// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
)

// grays returns n different pictures.
func grays(n, size int) []float32 {
	pix := make([]float32, n*size*size)
	for i := range pix {
		pix[i] = float32((i*2654435761)%2001)/1000 - 1
	}
	return pix
}

func backends(t *testing.T) map[string]*model.Backend {
	t.Helper()
	m := make(map[string]*model.Backend)
	for _, name := range []string{model.BackendGo, model.BackendCPU} {
		b, err := model.OpenBackend(name)
		if err != nil {
			if name == model.BackendGo || os.Getenv("CHROMABEAM_REQUIRE_XLA") == "1" {
				t.Fatal(err)
			}
			t.Logf("without %v", err)
			continue
		}
		t.Cleanup(b.Finalize)
		m[name] = b
	}
	return m
}

// bfloat16 returns xla:cpu in bfloat16.
func bfloat16(t *testing.T) *model.Backend {
	t.Helper()
	b, err := model.OpenBackendWith(model.BackendCPU, model.BackendOptions{Precision: model.PrecisionBFloat16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

func open(t *testing.T, b *model.Backend, run string, batch int) *model.Colorizer {
	t.Helper()
	c, err := model.OpenColorizer(b, run, model.ColorizerOptions{Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestColorizerNeighbours: a picture's values are the same bits wherever it
// lies in a batch, whatever lies beside it, and in a short batch.
func TestColorizerNeighbours(t *testing.T) {
	t.Parallel()
	config := modeltest.TinyConfig()
	config.Downs, config.InChannels = 4, 3 // down to one pixel
	tiny := modeltest.Write(t, config, 3)
	config.Size, config.Downs, config.Filters = 64, 6, 24
	larger := modeltest.Write(t, config, 3)
	all := backends(t)
	if _, ok := all[model.BackendCPU]; ok {
		all["xla:cpu, bfloat16"] = bfloat16(t)
	}
	for name, b := range all {
		run := tiny
		if name != model.BackendGo {
			run = larger // so that its matrix products split their work
		}
		t.Run(name, func(t *testing.T) {
			const batch = 5
			c := open(t, b, run, batch)
			size := c.Size()
			in, out := size*size, size*size*3
			pictures := grays(batch, size)
			colorize := func(order ...int) []float32 {
				var gray []float32
				for _, i := range order {
					gray = append(gray, pictures[i*in:(i+1)*in]...)
				}
				color, err := c.Colorize(context.Background(), gray)
				if err != nil {
					t.Fatal(err)
				}
				if len(color) != len(order)*out {
					t.Fatalf("got %d values, want %d", len(color), len(order)*out)
				}
				return color
			}
			want := colorize(0, 1, 2, 3, 4)
			if slices.Equal(want[:out], want[out:2*out]) {
				t.Error("two pictures have the same colours")
			}
			for _, order := range [][]int{{4, 3, 2, 1, 0}, {2, 2, 2, 2, 2}, {1}, {3, 0}, {0, 4, 1}} {
				got := colorize(order...)
				for at, i := range order {
					if !slices.Equal(got[at*out:(at+1)*out], want[i*out:(i+1)*out]) {
						t.Errorf("order %v: picture %d is not the same at place %d", order, i, at)
					}
				}
			}
		})
	}
}

func TestColorizerConcurrent(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	c := open(t, b, modeltest.Tiny(t), 2)
	gray := grays(2, c.Size())
	want, err := c.Colorize(context.Background(), gray)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := c.Colorize(context.Background(), gray)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("another result, error %v", err)
			}
		})
	}
	wg.Wait()
}

func TestColorizerInput(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	c := open(t, b, modeltest.Tiny(t), 2)
	for _, n := range []int{0, 1, 16*16 - 1, 16*16 + 1, 3 * 16 * 16} {
		if _, err := c.Colorize(context.Background(), make([]float32, n)); err == nil {
			t.Errorf("%d values were taken", n)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Colorize(ctx, grays(1, 16)); err == nil {
		t.Error("a cancelled call went on")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Colorize(context.Background(), grays(1, 16)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
}

func TestColorizerHash(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	first, second := open(t, b, modeltest.Tiny(t), 1).Hash(), open(t, b, modeltest.Tiny(t), 3).Hash()
	if first != second || len(first) != 64 {
		t.Errorf("the same weights have hashes %s and %s", first, second)
	}
	if other := open(t, b, modeltest.Write(t, modeltest.TinyConfig(), 9), 1).Hash(); other == first {
		t.Error("other weights have the same hash")
	}
}

// TestOpenColorizerErrors damages a run folder in each way a user meets.
func TestOpenColorizerErrors(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(path string) {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	other := modeltest.TinyConfig()
	other.Filters = 4
	deeper := modeltest.TinyConfig()
	deeper.Downs = 4
	shallower := modeltest.TinyConfig()
	shallower.Downs = 2
	chroma := modeltest.TinyConfig()
	chroma.OutChannels = 2
	tests := []struct {
		name, want string
		damage     func(run string)
		options    model.ColorizerOptions
	}{
		{"missing", "finding the run folder", func(run string) { remove(run) }, model.ColorizerOptions{}},
		{"a file", "not a folder", func(run string) { remove(run); write(run, "") }, model.ColorizerOptions{}},
		{"empty", "model.json", func(run string) { remove(filepath.Join(run, "model.json")) }, model.ColorizerOptions{}},
		{"malformed", `decoding "`, func(run string) { write(filepath.Join(run, "model.json"), "{") }, model.ColorizerOptions{}},
		{"unknown field", `unknown field "colour"`, func(run string) { write(filepath.Join(run, "model.json"), `{"format":1,"colour":2}`) }, model.ColorizerOptions{}},
		{"later format", "format must be 1, got 2", func(run string) { write(filepath.Join(run, "model.json"), `{"format":2}`) }, model.ColorizerOptions{}},
		{"impossible", "num_downs must be in", func(run string) {
			write(filepath.Join(run, "model.json"), `{"format":1,"generator":{"size":16,"in_channels":1,"out_channels":3,"num_downs":5,"filters":8,"norm":"batch"}}`)
		}, model.ColorizerOptions{}},
		{"no checkpoint", "last.json", func(run string) { remove(filepath.Join(run, "checkpoints")) }, model.ColorizerOptions{}},
		{"no best", "best.json", func(run string) { remove(filepath.Join(run, "checkpoints", "best.json")) }, model.ColorizerOptions{Checkpoint: model.CheckpointBest}},
		{"outside", "file must be a name inside", func(run string) {
			write(filepath.Join(run, "checkpoints", "best.json"), `{"file":"../../w.safetensors","step":1,"epoch":1}`)
		}, model.ColorizerOptions{}},
		{"no weights", "reading weights", func(run string) { remove(filepath.Join(run, "checkpoints", "step-00000001.safetensors")) }, model.ColorizerOptions{}},
		{"damaged weights", "reading weights", func(run string) { write(filepath.Join(run, "checkpoints", "step-00000001.safetensors"), "damaged") }, model.ColorizerOptions{}},
		{"no average", "holds no moving average", func(string) {}, model.ColorizerOptions{Checkpoint: model.CheckpointEMA}},
		{"other width", "another recipe", func(run string) { rewrite(t, run, other) }, model.ColorizerOptions{}},
		{"deeper", "another recipe", func(run string) { rewrite(t, run, deeper) }, model.ColorizerOptions{}},
		{"shallower", "another recipe", func(run string) { rewrite(t, run, shallower) }, model.ColorizerOptions{}},
		{"chroma", "another recipe", func(run string) { rewrite(t, run, chroma) }, model.ColorizerOptions{}},
		{"unknown checkpoint", "checkpoint must be last, best or ema", func(string) {}, model.ColorizerOptions{Checkpoint: "first"}},
		{"size", "render size must be a multiple of 8 in [8, 4096], since the network halves pictures 3 times, got 20", func(string) {}, model.ColorizerOptions{Size: 20}},
		{"size below", "got 4", func(string) {}, model.ColorizerOptions{Size: 4}},
		{"size above", "got 8192", func(string) {}, model.ColorizerOptions{Size: 8192}},
		{"batch", "batch must be in", func(string) {}, model.ColorizerOptions{Batch: -1}},
	}
	for _, tt := range tests {
		run := modeltest.Tiny(t)
		tt.damage(run)
		c, err := model.OpenColorizer(b, run, tt.options)
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			_ = c.Close()
			continue
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %q, want %q in it", tt.name, err, tt.want)
		}
	}
}

// rewrite changes a run's configuration but not its weights.
func rewrite(t *testing.T, run string, c model.GeneratorConfig) {
	t.Helper()
	if err := model.WriteModelConfig(run, c); err != nil {
		t.Fatal(err)
	}
}

// TestColorizerFallsBackToLast: a run stopped before its first validation has
// no best checkpoint.
func TestColorizerFallsBackToLast(t *testing.T) {
	t.Parallel()
	run := modeltest.Tiny(t)
	if err := os.Remove(filepath.Join(run, "checkpoints", "best.json")); err != nil {
		t.Fatal(err)
	}
	open(t, backends(t)[model.BackendGo], run, 1)
}

// TestColorizerSize: a network colours at other sizes than that of its training,
// with every norm, down to its downsampling factor, and about alike: the mean
// colour of a smooth picture at twice and half the size stays near.
func TestColorizerSize(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	for _, norm := range []model.Norm{model.NormBatch, model.NormInstance, model.NormLayer, model.NormNone} {
		config := modeltest.TinyConfig()
		config.Size, config.Norm = 32, norm
		run := modeltest.Write(t, config, 1)
		means := map[int][3]float64{}
		for _, size := range []int{8, 16, 24, 32, 64} {
			c, err := model.OpenColorizer(b, run, model.ColorizerOptions{Size: size})
			if err != nil {
				t.Fatalf("%s norm at %d px: %v", norm, size, err)
			}
			gray := make([]float32, size*size)
			for i := range gray {
				gray[i] = float32(i%size+i/size)/float32(size) - 1
			}
			color, err := c.Colorize(context.Background(), gray)
			if err != nil || c.Size() != size || len(color) != 3*size*size {
				t.Fatalf("%s norm at %d px: size %d, %d values, %v", norm, size, c.Size(), len(color), err)
			}
			var mean [3]float64
			for i, v := range color {
				mean[i%3] += 3 * float64(v) / float64(len(color))
			}
			means[size] = mean
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, size := range []int{16, 64} {
			for i := range 3 {
				if d := means[size][i] - means[32][i]; d < -0.1 || d > 0.1 {
					t.Errorf("%s norm: mean colour %v at %d px, %v at 32 px", norm, means[size], size, means[32])
					break
				}
			}
		}
	}
}

// TestColorizerShrink: a Colorizer that computes fewer pictures at a time takes
// as many as before and gives the same colours but for rounding.
func TestColorizerShrink(t *testing.T) {
	t.Parallel()
	for name, b := range backends(t) {
		steps := []int{8, 1} // whole vectors, or one
		if name == model.BackendGo {
			steps = nil
		}
		t.Run(name, func(t *testing.T) {
			c := open(t, b, modeltest.Tiny(t), 12)
			gray := grays(12, c.Size())
			want, err := c.Colorize(context.Background(), gray)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				if got, err := c.Shrink(); err != nil || got != step || c.Batch() != 12 {
					t.Fatalf("got %d pictures at a time of %d, %v, want %d of 12", got, c.Batch(), err, step)
				}
				got, err := c.Colorize(context.Background(), gray)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if d := got[i] - want[i]; d < -1e-4 || d > 1e-4 {
						t.Fatalf("value %d is %g, was %g", i, got[i], want[i])
					}
				}
			}
			if n, err := c.Shrink(); !errors.Is(err, model.ErrDeviceMemory) {
				t.Errorf("one picture at a time was halved to %d: %v", n, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if _, err := c.Shrink(); err == nil || errors.Is(err, model.ErrDeviceMemory) {
				t.Errorf("a closed model: %v", err)
			}
		})
	}
}
