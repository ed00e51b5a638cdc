// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

// mustRun trains to the end.
func mustRun(t testing.TB, o Options) Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunLearns(t *testing.T) {
	data := dataset(t, 16, 12, 4)
	r := tinyRecipe()
	r.Epochs = 40
	run := filepath.Join(t.TempDir(), "run")
	got := mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t)})
	if got.Status != StatusDone || got.Epochs != 40 || got.Steps != 240 {
		t.Errorf("ended as %+v, want done after 40 epochs and 240 steps", got)
	}
	lines, err := ReadMetrics(filepath.Join(run, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	first := *lines[0].L1
	t.Logf("L1 went from %.3f to %.3f in training, %.3f in validation", first, got.TrainL1, got.ValL1)
	if got.TrainL1 > first/2 || got.ValL1 > first*0.7 {
		t.Errorf("L1 went from %.3f to %.3f in training, %.3f in validation; want it halved", first, got.TrainL1, got.ValL1)
	}
}

// TestResume breaks a run off after every possible number of steps and
// compares what it leaves with an unbroken run.
func TestResume(t *testing.T) {
	data := dataset(t, 16, 7, 3)
	onBackends(t, func(t *testing.T, b *model.Backend) {
		r := tinyRecipe()
		base := t.TempDir()
		whole := Options{Recipe: r, Data: data, Output: filepath.Join(base, "whole"), Backend: b, CacheBytes: 1}
		want := mustRun(t, whole)
		first, stride := int64(1), int64(1)
		if b.Name != model.BackendGo {
			first, stride = 5, want.Steps // each run compiles anew: one break in the middle
		}
		for at := first; at <= want.Steps; at += stride {
			o := whole
			o.Resume = true
			o.Output = filepath.Join(base, "broken-"+string(rune('a'+at)))
			ctx, cancel := context.WithCancel(t.Context())
			o.Progress = func(p Progress) {
				if p.Step == at {
					cancel()
				}
			}
			if _, err := Run(ctx, o); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("interrupted after step %d: %v", at, err)
			}
			o.Progress, o.CacheBytes = nil, 0
			got := mustRun(t, o)
			want.Report, got.Report = "", ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("result after a break at step %d (-want +got):\n%s", at, diff)
			}
			if diff := cmp.Diff(string(readFile(t, whole.Output, metricsFile)), string(readFile(t, o.Output, metricsFile))); diff != "" {
				t.Errorf("metrics after a break at step %d (-want +got):\n%s", at, diff)
			}
			if !bytes.Equal(lastWeights(t, whole.Output), lastWeights(t, o.Output)) {
				t.Errorf("weights, moments or state differ after a break at step %d", at)
			}
		}
	})
}
