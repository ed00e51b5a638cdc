// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/tfevents"
)

// point is a number of a series.
type point struct {
	step  int64
	value float32
}

// series reads the run's event files as TensorBoard does: in the order of their
// names, and where a file says that it restarts at a step, what came before from
// that step on is forgotten.
func series(t *testing.T, run string) (map[string][]point, int) {
	t.Helper()
	files, err := tfevents.Files(filepath.Join(run, eventsDir))
	must(t, err)
	out, images := make(map[string][]point), make(map[int64]bool)
	for _, name := range files {
		file, err := os.Open(name)
		must(t, err)
		for e, err := range tfevents.Read(file) {
			must(t, err)
			if e.Restart {
				for tag, list := range out {
					keep := list[:0]
					for _, p := range list {
						if p.step < e.Step {
							keep = append(keep, p)
						}
					}
					out[tag] = keep
				}
			}
			for _, s := range e.Scalars {
				out[s.Tag] = append(out[s.Tag], point{e.Step, float32(s.Value)})
			}
			for range e.Images {
				images[e.Step] = true
			}
		}
		must(t, file.Close())
	}
	return out, len(images)
}

// expected returns the series that the lines of the metrics say there are.
func expected(lines []Metric) map[string][]point {
	out := make(map[string][]point)
	add := func(tag string, step int64, value *float64) {
		if value != nil {
			out[tag] = append(out[tag], point{step, float32(*value)})
		}
	}
	for _, m := range lines {
		if m.Kind == MetricStep {
			add("l1/train", m.Step, m.L1)
			add("critic/distance", m.Step, m.Distance)
			add("critic/penalty_norm", m.Step, m.PenaltyNorm)
			add("gradient/critic", m.Step, m.CriticGradient)
			if m.Pictures != nil {
				add("ssim/train", m.Step, &m.Pictures.SSIM)
			}
		}
		if m.Validation != nil {
			add("l1/validation", m.Step, &m.Validation.L1)
			add("critic/loss_validation", m.Step, m.Validation.Critic)
		}
	}
	return out
}

// TestEvents reads back what runs write for TensorBoard: an unbroken one, one
// that was interrupted, and one that was broken off after lines which no
// checkpoint knows of.
func TestEvents(t *testing.T) {
	r := tinyEverything()
	r.LogEach = 1
	data := dataset(t, r.Size, 5, 2)
	tests := []struct {
		name  string
		first func(t *testing.T, o Options)
		files int
	}{
		{"unbroken", func(*testing.T, Options) {}, 1},
		{"interrupted", func(t *testing.T, o Options) {
			t.Helper()
			breakOff(t, o, 5)
		}, 2},
		{"lost", func(t *testing.T, o Options) {
			t.Helper()
			// The lines of steps 4 and 5 are written, but the checkpoint is that
			// of step 3: as a killed run leaves it.
			tr := startTrainer(t, o)
			tr.o.Progress = func(p Progress) {
				if p.Step == 5 {
					panic("broken off")
				}
			}
			func() {
				defer func() { _ = recover() }()
				_, err := tr.run(t.Context())
				t.Errorf("the run went on: %v", err)
			}()
			tr.close()
			tr.log, tr.events, tr.supply = nil, nil, nil
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Recipe: r, Data: data, Output: filepath.Join(t.TempDir(), "run"), Backend: goBackend(t)}
			tt.first(t, o)
			o.Resume = true
			mustRun(t, o)
			got, images := series(t, o.Output)
			want := expected(metricsOf(t, o.Output))
			if len(want) != 7 || len(want["l1/train"]) != 8 {
				t.Fatalf("the metrics have %d series, %d lines of L1", len(want), len(want["l1/train"]))
			}
			for tag, list := range want {
				if diff := cmp.Diff(list, got[tag], cmp.AllowUnexported(point{})); diff != "" {
					t.Errorf("%s (-metrics +events):\n%s", tag, diff)
				}
			}
			for tag := range got {
				if strings.HasPrefix(tag, "/") || len(got[tag]) == 0 {
					t.Errorf("series %q has %d points", tag, len(got[tag]))
				}
			}
			if images != 4 {
				t.Errorf("%d epochs have samples, want 4", images)
			}
			if files := list(t, o.Output, eventsDir); len(files) != tt.files {
				t.Errorf("event files %v, want %d", files, tt.files)
			}
		})
	}
}
