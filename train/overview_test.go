// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// jointMetrics are so many epochs of a joint stage, of three logged steps each.
func jointMetrics(epochs int, diverged bool) []Metric {
	value := func(x float64) *float64 { return &x }
	var lines []Metric
	step := int64(0)
	for epoch := 1; epoch <= epochs; epoch++ {
		for range 3 {
			step += 5
			lines = append(lines, Metric{Kind: MetricStep, Stage: recipes.StageJoint, Epoch: epoch, Step: step, L1: value(0.5), Critic: value(2)})
		}
		lines = append(lines, Metric{
			Kind: MetricEpoch, Stage: recipes.StageJoint, Epoch: epoch, Step: step, L1: value(0.5), Critic: value(2),
			Validation: &Scores{Quality: pixel.Quality{L1: 0.6, Colorfulness: 30}, Critic: value(3)},
		})
	}
	if diverged {
		lines = append(lines, Metric{Kind: MetricDiverged, Stage: recipes.StageJoint, Epoch: epochs + 1, Step: step + 2})
	}
	return lines
}

// drawn lists a chart's series, faint ones in brackets and dashed ones with a dash.
func drawn(c report.Chart) string {
	var names []string
	for _, s := range c.Series {
		name := s.Name
		if s.Muted {
			name = "(" + name + ")"
		}
		if s.Dashed {
			name = "-" + name
		}
		if math.IsNaN(s.Y[len(s.Y)-1]) {
			name += " x"
		}
		names = append(names, name)
	}
	return c.Title + ": " + strings.Join(names, " ")
}

func TestOverviewCurves(t *testing.T) {
	t.Parallel()
	whole, gone := jointMetrics(4, false), jointMetrics(1, true)
	tests := []struct {
		name string
		runs []NamedMetrics
		want []string
	}{
		{"one", []NamedMetrics{{"a", whole}}, []string{
			"L1: (step) training -validation", "Critic's loss: (step) training -validation", "Colourfulness, validation: validation",
		}},
		{"two", []NamedMetrics{{"a", whole}, {"b", whole}}, []string{
			"L1: (step) a, training -a, validation (step) b, training -b, validation",
			"Critic's loss: (step) a, training -a, validation (step) b, training -b, validation",
			"Colourfulness, validation: a, validation b, validation",
		}},
		{"one that diverged early", []NamedMetrics{{"a", gone}}, []string{
			"L1: training by step x -validation x", "Critic's loss: training by step x -validation x", "Colourfulness, validation: validation x",
		}},
		{"four", []NamedMetrics{{"a", whole}, {"b", whole}, {"c", gone}, {"d", nil}}, []string{
			"L1, validation: a b c x", "L1, training: a b c x", "Critic's loss, training: a b c x", "Colourfulness, validation: a b c x",
		}},
		{"none has begun", []NamedMetrics{{"a", nil}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range OverviewCurves(tt.runs).Charts {
				got = append(got, drawn(c))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("charts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadRun reads what a training left, and what a broken one leaves.
func TestReadRun(t *testing.T) {
	o := Options{
		Recipe: tinyRecipe(), Data: dataset(t, 16, 4, 3), Output: filepath.Join(t.TempDir(), "run"), Backend: goBackend(t), ToolVersion: "v1",
	}
	result, err := Run(t.Context(), o)
	must(t, err)
	got, err := ReadRun(o.Output)
	must(t, err)
	if diff := cmp.Diff(result, got.Result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if got.Status != StatusDone || got.Recipe.Name != "tiny" || got.Train != 4 || got.Validation != 3 || got.Size != 16 ||
		got.Manifest != manifest(t, o.Data) || got.Seconds <= 0 || got.Versions["chromabeam"] != "v1" || got.Backend == "" {
		t.Errorf("got %+v", got)
	}
	samples, err := ReadSamples(o.Output, 16)
	must(t, err)
	if samples.Epoch != 3 || len(samples.Gray) != 3 || len(samples.Generated) != 3 || len(samples.True) != 3 {
		t.Errorf("samples are %+v, want three pictures after epoch 3", samples)
	}
	if !IsRun(o.Output) || IsSweep(o.Output) || IsRun(t.TempDir()) {
		t.Error("folders are not told apart")
	}
	if _, err := ReadRun(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run that has not begun gives %v", err)
	}
	if _, err := ReadSamples(t.TempDir(), 16); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run without samples gives %v", err)
	}
	// One that is not over: its record has no result, and its last line is half.
	must(t, writeJSON(o.Output, recordFile, record{Status: StatusRunning, Recipe: "tiny"}))
	data := readFile(t, o.Output, metricsFile)
	must(t, os.WriteFile(filepath.Join(o.Output, metricsFile), data[:len(data)-5], 0o644))
	got, err = ReadRun(o.Output)
	must(t, err)
	if got.Status != StatusRunning || got.Result.Epochs != 2 || got.Result.Validation == nil || got.Result.Steps == 0 {
		t.Errorf("a run that is not over stands at %+v, want two epochs", got.Result)
	}
}
