// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestOverfit learns one batch by heart, which a network with a wrong gradient
// anywhere cannot.
func TestOverfit(t *testing.T) {
	data := dataset(t, 16, 2, 1)
	// One norm shows that a backend learns; package model compares the others'
	// gradients.
	tests := []struct {
		backend func(testing.TB) *model.Backend
		name    string
		norm    model.Norm
	}{
		{goBackend, "go", model.NormNone},
		{goBackend, "go", model.NormBatch},
		{goBackend, "go", model.NormInstance},
		{xlaBackend, "xla_cpu", model.NormBatch},
	}
	for _, tt := range tests {
		t.Run(tt.name+"/"+string(tt.norm), func(t *testing.T) {
			r := tinyRecipe()
			r.Filters, r.Epochs, r.LogEach, r.Norm, r.GeneratorRate = 8, 150, 50, tt.norm, 1e-2
			got := mustRun(t, Options{Recipe: r, Data: data, Output: filepath.Join(t.TempDir(), "run"), Backend: tt.backend(t)})
			if got.TrainL1 > 0.05 {
				t.Errorf("L1 of a batch seen %d times is %.3f, want at most 0.05", got.Steps, got.TrainL1)
			}
		})
	}
}

// TestSeed trains three times; TestResume shows the same of xla:cpu.
func TestSeed(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	b := goBackend(t)
	metrics := func(seed uint64, name string) string {
		r := tinyRecipe()
		r.Seed = seed
		run := filepath.Join(t.TempDir(), name)
		mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: b})
		return string(readFile(t, run, metricsFile))
	}
	first := metrics(7, "first")
	if diff := cmp.Diff(first, metrics(7, "again")); diff != "" {
		t.Errorf("the same seed gives other metrics:\n%s", diff)
	}
	if metrics(8, "other") == first {
		t.Error("another seed gives the same metrics")
	}
}

// TestBackendsAgree compares what two backends write after some steps.
func TestBackendsAgree(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	last := func(b *model.Backend) Metric {
		run := filepath.Join(t.TempDir(), "run")
		mustRun(t, Options{Recipe: tinyRecipe(), Data: data, Output: run, Backend: b})
		lines, err := ReadMetrics(filepath.Join(run, metricsFile))
		if err != nil {
			t.Fatal(err)
		}
		return lines[len(lines)-1]
	}
	want, got := last(goBackend(t)), last(xlaBackend(t))
	if math.Abs(*want.L1-*got.L1) > 1e-2 || math.Abs(want.Validation.L1-got.Validation.L1) > 1e-2 {
		t.Errorf("after %d steps go has L1 %.4f and %.4f in validation, xla:cpu %.4f and %.4f",
			want.Step, *want.L1, want.Validation.L1, *got.L1, got.Validation.L1)
	}
}

// TestSampleGrid compares a run's last grid with a picture made before.
func TestSampleGrid(t *testing.T) {
	data := dataset(t, 16, 6, 3)
	golden := filepath.Join("testdata", "samples.png")
	onBackends(t, func(t *testing.T, b *model.Backend) {
		r := tinyRecipe()
		r.Filters, r.Epochs = 8, 12
		run := filepath.Join(t.TempDir(), "run")
		mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: b})
		got := readFile(t, run, samplesDir, sampleName(r.Epochs))
		if *update && b.Name == model.BackendGo {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v; make it with go test ./train -run TestSampleGrid -update", err)
		}
		a, c := decode(t, want), decode(t, got)
		if a.Width != c.Width || a.Height != c.Height {
			t.Fatalf("the grid is %dx%d, want %dx%d", c.Width, c.Height, a.Width, a.Height)
		}
		// Rounding differs between backends and machines; a mixed-up row or
		// channel is far beyond.
		if off := pixel.L1(a, c) * 127.5; off > 4 {
			path := filepath.Join(t.ArtifactDir(), "samples-got.png")
			t.Errorf("the grid is %.1f levels off on average, want at most 4; go test -artifacts keeps %s", off, path)
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Error(err)
			}
		}
		cells, err := readGrid(run, sampleName(r.Epochs), r.Size)
		if err != nil {
			t.Fatal(err)
		}
		p := openSplit(t, data, shard.Val)
		for i := range p.n {
			one, err := p.pair(i)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(cells[rowTrue][i].Pix, one.color) || !bytes.Equal(cells[rowGray][i].Pix, grayToRGB(one.gray)) {
				t.Errorf("column %d does not show picture %d of the validation split", i, i)
			}
		}
	})
}

func decode(t testing.TB, data []byte) *pixel.RGB {
	t.Helper()
	p, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p.RGB()
}

// startTrainer opens a run without taking a step.
func startTrainer(t *testing.T, o Options) *trainer {
	t.Helper()
	set, err := shard.Open(t.Context(), o.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	work := newWorkspace(o.Backend)
	t.Cleanup(work.close)
	tr, err := newTrainer(o, set, work)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.close)
	if _, err := tr.start(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestBestOfStage closes epochs of two stages, the second with higher errors.
func TestBestOfStage(t *testing.T) {
	t.Parallel()
	stages := []recipes.Stage{{Kind: recipes.StageGenerator, Epochs: 2}, {Kind: recipes.StageGenerator, Epochs: 3}}
	tr := &trainer{schedule: schedule{stages: stages, pictures: 4, batch: 2}}
	var got []best
	for i, l1 := range []float64{0.1, 0.2, 0.9, 0.7, 0.8} {
		tr.state.Step += 2
		tr.closeEpoch(Metric{Epoch: i + 1, L1: new(float64), Validation: &Scores{Quality: pixel.Quality{L1: l1}}})
		got = append(got, *tr.state.Best)
	}
	first := best{File: weightFile(2), Stage: 0, Step: 2, Epoch: 1, L1: 0.1}
	last := best{File: weightFile(8), Stage: 1, Step: 8, Epoch: 4, L1: 0.7}
	want := []best{first, first, {File: weightFile(6), Stage: 1, Step: 6, Epoch: 3, L1: 0.9}, last, last}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("best after each epoch (-want +got):\n%s", diff)
	}
}

// TestRunFolder looks at what a run leaves, with and without validation.
func TestRunFolder(t *testing.T) {
	b := goBackend(t)
	for name, val := range map[string]int{"with validation": 2, "without": 0} {
		t.Run(name, func(t *testing.T) {
			data := dataset(t, 16, 4, val)
			run := filepath.Join(t.TempDir(), "run")
			r := tinyRecipe()
			r.Epochs = 6
			var seen []Progress
			got := mustRun(t, Options{
				Recipe: r, Data: data, Output: run, Backend: b, ToolVersion: "1.2.3",
				Progress: func(p Progress) { seen = append(seen, p) },
			})
			if len(seen) != 12 || seen[11].Step != 12 || seen[11].Steps != 12 || seen[11].Pictures != 24 ||
				seen[11].TotalPictures != 24 || seen[11].Epoch != 6 || seen[11].Epochs != 6 || seen[11].ImagesPerSecond <= 0 {
				t.Errorf("progress ends with %+v after %d calls", seen[len(seen)-1], len(seen))
			}
			weights, err := filepath.Glob(filepath.Join(run, model.CheckpointsDir, "*.safetensors"))
			if err != nil || len(weights) < 2 || len(weights) > defaultKeep+1 {
				t.Errorf("weight files %v, %v, want the last %d and the best", weights, err, defaultKeep)
			}
			for _, pointer := range []string{model.CheckpointLast, model.CheckpointBest} {
				c, err := model.OpenColorizer(b, run, model.ColorizerOptions{Checkpoint: pointer})
				if err != nil {
					t.Errorf("opening the %s network: %v", pointer, err)
					continue
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			if ref, err := model.ReadCheckpointRef(run, model.CheckpointBest); err != nil || ref.Epoch != got.BestEpoch {
				t.Errorf("best.json has epoch %d, %v, want %d", ref.Epoch, err, got.BestEpoch)
			}
			page := string(readFile(t, run, reportFile))
			for _, want := range []string{"<svg", "l1_weight", "chromabeam 1.2.3", manifest(t, data)} {
				if !strings.Contains(page, want) {
					t.Errorf("report.html lacks %q", want)
				}
			}
			if strings.Contains(page, "data:image/png") != (val > 0) {
				t.Errorf("report.html has samples: %v, want %v", val == 0, val > 0)
			}
			var rec record
			if err := readJSON(run, recordFile, &rec); err != nil {
				t.Fatal(err)
			}
			if rec.Status != StatusDone || rec.Data.Train != 4 || rec.Data.Validation != val ||
				rec.Backend.Name != b.Name || rec.Versions["chromabeam"] != "1.2.3" || rec.Versions["go"] == "" {
				t.Errorf("run.json: %+v", rec)
			}
			checkTimings(t, run, r.Epochs)
		})
	}
}

func checkTimings(t *testing.T, run string, want int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(readFile(t, run, timingsFile))), "\n")
	if len(lines) != want {
		t.Fatalf("timings.jsonl has %d lines, want %d", len(lines), want)
	}
	for i, line := range lines {
		var one timing
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if one.Epoch != i+1 || (one.FirstStepSeconds > 0) != (i == 0) || one.TrainSeconds <= 0 || one.Ended.IsZero() {
			t.Errorf("line %d of timings.jsonl is %+v", i+1, one)
		}
	}
}
