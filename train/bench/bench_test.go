// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func goBackend(t *testing.T) *model.Backend {
	t.Helper()
	b, err := model.OpenBackend(model.BackendGo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// once measures two repetitions after one.
func once() Common { return Common{Version: "test", Repeat: train.Repeat{Warmup: 1, Count: 2}} }

// tinyRecipe is a 16-px recipe of moments.
func tinyRecipe(t *testing.T) recipes.Recipe {
	t.Helper()
	r, err := train.TimedRecipe(train.TimedL1, 16, 2)
	if err != nil {
		t.Fatal(err)
	}
	r.Filters, r.Downs = 2, 3
	return r
}

// plausible checks what all rows have in common.
func plausible(t *testing.T, s Spread, rates ...float64) {
	t.Helper()
	if s.Count != 2 || s.Min <= 0 || s.Min > s.P10 || s.P10 > s.Median || s.Median > s.P90 {
		t.Errorf("the spread %+v is not that of two times", s)
	}
	for _, r := range rates {
		if r <= 0 {
			t.Errorf("a rate is %g, want more than 0", r)
		}
	}
}

func TestTrain(t *testing.T) {
	t.Parallel()
	o := TrainOptions{Common: once(), Recipe: tinyRecipe(t), Batches: []int{1, 3}, Backend: goBackend(t)}
	var rows []string
	o.Progress = func(what string, done, total int64) {
		if done == total {
			rows = append(rows, what)
		}
	}
	got, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"warm-up of batch 1", "batch 1", "warm-up of batch 3", "batch 3"}, rows); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if got.Bench != "train" || got.Recipe != "l1" || got.Stage != recipes.StageGenerator || got.Size != 16 || got.Convolutions != "auto" {
		t.Errorf("the result's head is %+v", got)
	}
	if m := got.Machine; m.Backend != "go" || m.Precision != "float32" || m.Version != "test" || m.MaxProcs != runtime.GOMAXPROCS(0) {
		t.Errorf("the machine is %+v", m)
	}
	if len(got.Rows) != 2 || got.Rows[0].Batch != 1 || got.Rows[1].Batch != 3 {
		t.Fatalf("rows %+v, want one for each batch size", got.Rows)
	}
	for _, row := range got.Rows {
		plausible(t, row.Spread, row.PicturesPerSecond, row.FLOPS, row.First, row.L1)
		if row.Device != 0 {
			t.Errorf("the go backend has %d bytes of a device's memory", row.Device)
		}
		if want := float64(row.Batch) * 1000 / row.Median; row.PicturesPerSecond != want {
			t.Errorf("batch %d: %g pictures a second, want %g", row.Batch, row.PicturesPerSecond, want)
		}
	}
	if a, b := got.Rows[0].FLOPs, got.Rows[1].FLOPs; b != 3*a || a != train.StepFLOPs(o.Recipe, recipes.StageGenerator)/2 {
		t.Errorf("%d and %d FLOPs a step, want three times as many for three pictures", a, b)
	}
}

// TestResultJSON holds the keys that scripts read.
func TestResultJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(TrainResult{Bench: "train", Rows: []TrainRow{{Batch: 8, Spread: Spread{Median: 2}, Memory: Memory{Peak: 3}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"bench":"train"`, `"machine":{`, `"gomaxprocs":`, `"rows":[{"batch":8,`, `"pictures_per_second":`, `"ms_median":2`,
		`"ms_p10":`, `"flops_per_second":`, `"first_step_seconds":`, `"peak_memory_bytes":3`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if strings.Contains(string(text), "device_memory_bytes") {
		t.Errorf("%s has a figure that is not known", text)
	}
}

func TestInfer(t *testing.T) {
	t.Parallel()
	b := goBackend(t)
	trained, err := model.OpenSource(modeltest.Tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		o     InferOptions
		model string
		size  int
		lanes int
	}{
		{"made up", InferOptions{Generator: modeltest.TinyConfig(), Name: "demo"}, "demo", 16, 1},
		{"trained, larger, two lanes", InferOptions{Source: &trained, Size: 24, Lanes: 2}, trained.Name(), 24, 2},
		{"alone", InferOptions{Source: &trained, Resident: true, Convolutions: "taps"}, trained.Name(), 16, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Common, tt.o.Batches, tt.o.Backend = once(), []int{1, 2}, b
			got, err := Infer(t.Context(), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Model != tt.model || got.Size != tt.size || got.Resident != tt.o.Resident || len(got.Rows) != 2 {
				t.Errorf("the result is %+v", got)
			}
			for i, row := range got.Rows {
				plausible(t, row.Spread, row.PicturesPerSecond, row.FLOPS, row.First)
				c := modeltest.TinyConfig()
				c.Size = tt.size
				if want := 2 * int64(i+1) * c.MultiplyAdds(); row.FLOPs != want || row.Lanes != tt.lanes {
					t.Errorf("batch %d: %d FLOPs in %d lanes, want %d in %d", row.Batch, row.FLOPs, row.Lanes, want, tt.lanes)
				}
			}
		})
	}
}

// TestInferClearsUp looks for what a network that was made up leaves behind.
func TestInferClearsUp(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	o := InferOptions{Common: once(), Generator: modeltest.TinyConfig(), Batches: []int{1}, Backend: goBackend(t)}
	if _, err := Infer(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := Shards(t.Context(), ShardsOptions{Common: once(), Size: 16, Pictures: 3}); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left, error %v", left, err)
	}
}

func TestCodec(t *testing.T) {
	t.Parallel()
	got, err := Codec(t.Context(), CodecOptions{Common: once(), Width: 96, Height: 64, Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	var ways []string
	for _, row := range got.Rows {
		ways = append(ways, row.Way)
		plausible(t, row.Spread, row.PicturesPerSecond, row.BytesPerSecond, row.Decode, row.Resize, row.Encode)
		if row.Bytes < 500 {
			t.Errorf("%s: the file has %d bytes, which is too little for 6,144 pixels", row.Way, row.Bytes)
		}
	}
	var want []string
	for _, way := range []string{"jpeg-kept", "jpeg", "png", "prepare"} {
		for range coreCounts() {
			want = append(want, way)
		}
	}
	if diff := cmp.Diff(want, ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
}

// TestStageSums leaves the warm-up's pictures out of the means.
func TestStageSums(t *testing.T) {
	t.Parallel()
	sums := stageSums{skip: 1}
	for _, took := range []time.Duration{900 * time.Millisecond, time.Millisecond, 3 * time.Millisecond} {
		var s stopwatch
		s.parts[1] = took
		sums.add(s)
	}
	if decode, resize, encode := sums.means(); decode != 0 || resize != 2 || encode != 0 {
		t.Errorf("means %g, %g and %g ms, want 0, 2 and 0", decode, resize, encode)
	}
}

func TestShards(t *testing.T) {
	t.Parallel()
	got, err := Shards(t.Context(), ShardsOptions{Common: once(), Size: 16, Pictures: 20})
	if err != nil {
		t.Fatal(err)
	}
	var ways []string
	for _, row := range got.Rows {
		ways = append(ways, row.Way)
		plausible(t, row.Spread, row.PicturesPerSecond, row.BytesPerSecond)
		if row.Bytes < 20*3*512 {
			t.Errorf("%s: the shard has %d bytes, less than its headers", row.Way, row.Bytes)
		}
	}
	want := []string{"write", "read", "random"}
	for range coreCounts() {
		want = append(want, "decode")
	}
	if diff := cmp.Diff(want, ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
}

// TestMachine wants the device's name without the paths of this machine.
func TestMachine(t *testing.T) {
	t.Parallel()
	b := &model.Backend{Name: model.BackendCUDA, Description: "NVIDIA H200, tf32, plugin /home/me/pjrt/x.so", Precision: model.PrecisionTF32}
	m := ReadMachine("v1", b)
	if m.Backend != "xla:cuda" || m.Device != "NVIDIA H200, tf32" || m.Precision != "tf32" || m.Cores < 1 || m.Go != runtime.Version() {
		t.Errorf("the machine is %+v", m)
	}
	if m := ReadMachine("v1", nil); m.Backend != "" || m.Device != "" || m.Precision != "" {
		t.Errorf("without a backend the machine is %+v", m)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	bad := Common{Repeat: train.Repeat{Count: -1}}
	recipe := tinyRecipe(t)
	recipe.Downs = 9
	trained, err := model.OpenSource(modeltest.Tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		run  func(context.Context) error
		want []string
	}{
		{"train", func(ctx context.Context) error {
			_, err := Train(ctx, TrainOptions{Common: bad, Recipe: recipe, Batches: []int{0}, Convolutions: "fourier"})
			return err
		}, []string{"num_downs", "batch must be at least 1, got 0", `"fourier"`, "warm-up must be", "steps must be"}},
		{"infer", func(ctx context.Context) error {
			_, err := Infer(ctx, InferOptions{Common: bad, Size: -1, Lanes: -1, Batches: []int{-2}, Convolutions: "taps"})
			return err
		}, []string{"in_channels", "batch must be at least 1, got -2", "size must be", "lanes must be", "convolutions must be auto", "warm-up must be"}},
		{"infer of another size", func(ctx context.Context) error {
			_, err := Infer(ctx, InferOptions{Common: once(), Source: &trained, Batches: []int{1}, Size: 20})
			return err
		}, []string{"size must be a multiple of"}},
		{"infer of weights that are not there", func(ctx context.Context) error {
			_, err := Infer(ctx, InferOptions{Common: once(), Source: &trained, Batches: []int{1}, Checkpoint: "first"})
			return err
		}, []string{"opening model"}},
		{"infer without a backend", func(ctx context.Context) error {
			_, err := Infer(ctx, InferOptions{Common: once(), Source: &trained, Batches: []int{1}})
			return err
		}, []string{"backend must be open"}},
		{"infer nothing", func(ctx context.Context) error {
			_, err := Infer(ctx, InferOptions{Common: once(), Generator: modeltest.TinyConfig(), Resident: true, Lanes: 2})
			return err
		}, []string{"there must be a batch", "lanes must be 1"}},
		{"codec", func(ctx context.Context) error {
			_, err := Codec(ctx, CodecOptions{Common: bad, Width: 8, Height: 64})
			return err
		}, []string{"pixels must be at least 16x16, got 8x64", "size must be in", "warm-up must be"}},
		{"codec of too many", func(ctx context.Context) error {
			_, err := Codec(ctx, CodecOptions{Common: once(), Width: 20_000, Height: 20_000, Size: 64})
			return err
		}, []string{"pixels must be at most 100000000"}},
		{"shards", func(ctx context.Context) error {
			_, err := Shards(ctx, ShardsOptions{Common: bad, Size: 4})
			return err
		}, []string{"size must be in", "pictures must be in [1, 100000], got 0", "warm-up must be"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.run(t.Context())
			if !fault.IsRequest(err) {
				t.Fatalf("error %v is no request error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not say %q", err, want)
				}
			}
		})
	}
}

// TestInterrupted ends each measurement in the middle of a row that has no end.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		run  func(ctx context.Context, c Common) error
	}{
		{"train", func(ctx context.Context, c Common) error {
			_, err := Train(ctx, TrainOptions{Common: c, Recipe: tinyRecipe(t), Backend: goBackend(t)})
			return err
		}},
		{"infer", func(ctx context.Context, c Common) error {
			_, err := Infer(ctx, InferOptions{Common: c, Generator: modeltest.TinyConfig(), Batches: []int{1}, Backend: goBackend(t)})
			return err
		}},
		{"codec", func(ctx context.Context, c Common) error {
			_, err := Codec(ctx, CodecOptions{Common: c, Width: 32, Height: 32, Size: 16})
			return err
		}},
		{"shards", func(ctx context.Context, c Common) error {
			_, err := Shards(ctx, ShardsOptions{Common: c, Size: 16, Pictures: 2})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := Common{Repeat: train.Repeat{Warmup: 1, Least: time.Hour}}
			c.Progress = func(what string, done, _ int64) {
				if !strings.HasPrefix(what, "warm-up") && done > 1 {
					cancel()
				}
			}
			if err := tt.run(ctx, c); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
		})
	}
}

func TestMadeUpPictureIsStable(t *testing.T) {
	t.Parallel()
	a, b := drawPicture(40, 24), drawPicture(40, 24)
	if diff := cmp.Diff(a.Pix, b.Pix); diff != "" {
		t.Error("two pictures of one size differ")
	}
}
