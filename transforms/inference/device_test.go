// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// painted returns what each picture of the list is coloured to when nothing
// fails.
func painted(t *testing.T, list []*Task) map[any][]byte {
	t.Helper()
	want := map[any][]byte{}
	for _, r := range all(t.Context(), New(&fake{size: 8, batch: 1}, settings()), list) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		want[r.Task.Value] = r.Data
	}
	return want
}

// wantPainted checks that every picture is there, in order, with its own colours.
func wantPainted(t *testing.T, results []*Result, want map[any][]byte) {
	t.Helper()
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, r := range results {
		if r.Err != nil || r.Task.Value != i || string(r.Data) != string(want[i]) {
			t.Errorf("result %d: picture %v, right colours: %v, error %v", i, r.Task.Value, string(r.Data) == string(want[i]), r.Err)
		}
	}
}

// count is the number of pictures of the fake's size.
func (f *fake) count(gray []float32) int { return len(gray) / (f.size * f.size) }

// TestOutOfMemoryHalvesTheBatch: a device that takes at most k pictures gets at
// most k, without a picture failing, and the job goes on with that number.
func TestOutOfMemoryHalvesTheBatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		k, most int
		halved  int64
	}{{8, 8, 0}, {7, 4, 1}, {3, 2, 2}, {1, 1, 3}} {
		t.Run(fmt.Sprint(tt.k), func(t *testing.T) {
			t.Parallel()
			list := tasks(t, 64, 12)
			f := &fake{size: 8, batch: 8}
			f.fail = func(gray []float32) error {
				if n := f.count(gray); n > tt.k {
					return fmt.Errorf("RESOURCE_EXHAUSTED: Out of memory while trying to allocate %d bytes", n<<20)
				}
				return nil
			}
			s := settings()
			s.MemoryBudget += int64(1 + tt.k) // its own: budgets are shared by size
			e := New(f, s)
			results := all(t.Context(), e, list)
			wantPainted(t, results, painted(t, list))
			stats := e.Stats()
			if most, _ := e.steps.now(); most != tt.most || stats.Halved != tt.halved || stats.FailedBatches != 0 || stats.Inferences != 64 {
				t.Errorf("at most %d pictures after %d halvings and %d failed batches, %d in all, want %d, %d, 0, 64",
					most, stats.Halved, stats.FailedBatches, stats.Inferences, tt.most, tt.halved)
			}
			for i, r := range results {
				if r.Halved != (tt.halved > 0) {
					t.Errorf("result %d says halved: %v", i, r.Halved)
				}
			}
			wantIdle(t, e)
		})
	}
}

func TestOutOfMemoryForOnePicture(t *testing.T) {
	t.Parallel()
	f := &fake{size: 8, batch: 4, fail: func([]float32) error { return fmt.Errorf("colouring: %w", model.ErrDeviceMemory) }}
	s := settings()
	s.MemoryBudget += 10 // its own
	e := New(f, s)
	var failed, ended int
	for _, r := range all(t.Context(), e, tasks(t, 40, 8)) {
		switch _, bad := errors.AsType[*fault.PictureError](r.Err); {
		case bad:
			failed++
		case errors.Is(r.Err, ErrDevice) && errors.Is(r.Err, model.ErrDeviceMemory):
			ended++
		}
	}
	if failed != maxFailures-1 || ended != 40-failed {
		t.Errorf("%d pictures failed and %d say that the device is dead", failed, ended)
	}
	wantIdle(t, e)
}

// shrinking is a fake that computes its batch in steps, as model.Colorizer does.
type shrinking struct {
	fake

	step, fits int
}

func (s *shrinking) Colorize(ctx context.Context, gray []float32) ([]float32, error) {
	if s.step > s.fits {
		return nil, model.ErrDeviceMemory
	}
	return s.fake.Colorize(ctx, gray)
}

func (s *shrinking) Shrink() (int, error) {
	if s.step == 1 {
		return 0, model.ErrDeviceMemory
	}
	s.step /= 2
	return s.step, nil
}

func TestNetworkShrinksItself(t *testing.T) {
	t.Parallel()
	list := tasks(t, 32, 12)
	s := &shrinking{fake: fake{size: 8, batch: 8}, step: 8, fits: 2}
	e := New(s, settings())
	wantPainted(t, all(t.Context(), e, list), painted(t, list))
	if got := e.Stats(); s.step != 2 || got.Halved != 2 || got.Batches != 4 {
		t.Errorf("step %d after %d halvings in %d batches, want 2, 2, 4", s.step, got.Halved, got.Batches)
	}
	s.fits = 0
	for i, r := range all(t.Context(), e, list[:4]) {
		if !errors.Is(r.Err, model.ErrDeviceMemory) {
			t.Errorf("picture %d on a full device: %v", i, r.Err)
		}
	}
}

// TestFit: a network is opened for the largest batch that the device has memory
// for, and another fault is no reason to try a smaller one.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		k    int
		err  error
		want []int
		ok   bool
	}{
		{9, model.ErrDeviceMemory, []int{9}, true},
		{3, errors.New("RESOURCE_EXHAUSTED: out of memory"), []int{9, 5, 3}, true},
		{0, model.ErrDeviceMemory, []int{9, 5, 3, 2, 1}, false},
		{0, errors.New("no such device"), []int{9}, false},
	} {
		var tried []int
		c, halved, err := fit(9, func(n int) (*fake, error) {
			if tried = append(tried, n); n > tt.k {
				return nil, tt.err
			}
			return &fake{batch: n}, nil
		})
		last := tt.want[len(tt.want)-1]
		if diff := cmp.Diff(tt.want, tried); diff != "" || (err == nil) != tt.ok || tt.ok && (c.batch != last || halved != (last < 9)) {
			t.Errorf("memory for %d: tried %v, want %v; halved %v, error %v", tt.k, tried, tt.want, halved, err)
		}
	}
}

// TestFailingBatches: what fails as a batch is done picture by picture; with that
// the device counts as alive, however many batches fail.
func TestFailingBatches(t *testing.T) {
	t.Parallel()
	for name, batches := range map[string]int32{"one": 1, "ten": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := tasks(t, 80, 12)
			var left atomic.Int32
			left.Store(batches)
			f := &fake{size: 8, batch: 4}
			f.fail = func(gray []float32) error {
				if f.count(gray) > 1 && left.Add(-1) >= 0 {
					return errors.New("launch failed")
				}
				return nil
			}
			e := New(f, settings())
			results := all(t.Context(), e, list)
			wantPainted(t, results, painted(t, list))
			marked := 0
			for _, r := range results {
				if r.BatchFailed {
					marked++
				}
			}
			if got := e.Stats(); got.FailedBatches != int64(batches) || marked != int(batches) || got.Halved != 0 {
				t.Errorf("%d failed batches, %d marked, %d halvings, want %d, %[4]d, 0", got.FailedBatches, marked, got.Halved, batches)
			}
		})
	}
}

// TestDeviceFailsForAWhile: pictures that fail beside others that do not are the
// pictures' fault, and the job goes on.
func TestDeviceFailsForAWhile(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	f := &fake{size: 8, batch: 4, fail: func([]float32) error {
		if n := calls.Add(1); n > 3 && n <= 8 { // one batch and its pictures
			return errors.New("launch failed")
		}
		return nil
	}}
	s := settings()
	s.Workers = 1
	var bad int
	for i, r := range all(t.Context(), New(f, s), tasks(t, 40, 12)) {
		if p, ok := errors.AsType[*fault.PictureError](r.Err); ok && p.Stage == fault.StageInfer && p.Transient {
			bad++
		} else if r.Err != nil {
			t.Errorf("picture %d: %v", i, r.Err)
		}
	}
	if bad != 4 {
		t.Errorf("%d pictures failed, want 4", bad)
	}
}

// TestTwoJobs: two engines, as two jobs in one process have, share the budget and
// do not mix their pictures.
func TestTwoJobs(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget = 1<<20 + 5
	list := tasks(t, 40, 60)
	want := painted(t, list)
	engines := []*Engine{New(&fake{size: 8, batch: 3}, s), New(&fake{size: 8, batch: 5}, s)}
	done := make(chan []*Result, 4)
	for i := range 4 {
		go func() { done <- all(t.Context(), engines[i%2], list) }()
	}
	for range 4 {
		wantPainted(t, <-done, want)
	}
	for _, e := range engines {
		wantIdle(t, e)
	}
	got := engines[0].Stats()
	got.Since, got.DeviceBusy, got.CodecBusy, got.ReadBusy, got.StoreBusy, got.Batches = engines[0].since, 0, 0, 0, 0, 0
	wantStats := Stats{Since: engines[0].since, DeviceLanes: 1, Workers: 3, Inferences: 80, PNG: 80, BudgetBytes: s.MemoryBudget}
	if diff := cmp.Diff(wantStats, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
