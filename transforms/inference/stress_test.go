// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// mixture is a task of one of seven kinds, and whether its picture is at fault.
func mixture(files [][]byte, i int) (task *Task, bad bool) {
	kind := i % 7
	task = &Task{Format: FormatPNG, Value: i, Load: func(context.Context) ([]byte, error) {
		if kind == 6 {
			return nil, fault.Picture(fault.StageRead, "gone")
		}
		return files[kind], nil
	}}
	if kind < 6 {
		task.Size = int64(len(files[kind]))
	}
	if kind == 3 {
		task.Format = FormatJPEG
	}
	if i%2 == 0 {
		task.Store = func(context.Context, *Result) error { return nil }
	}
	return task, kind >= 5
}

// TestEverythingAtOnce: streams that share too small a budget, some of which are
// abandoned, on a device whose memory is too small and which fails now and then.
// Nothing hangs, nothing stays behind, and no picture suffers for another.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MemoryBudget, s.SkipColor = 3<<20+21, true // its own: budgets are shared by size
	var calls atomic.Int32
	f := &fake{size: 8, batch: 4}
	f.fail = func(gray []float32) error {
		switch n := f.count(gray); {
		case n > 3:
			return errors.New("RESOURCE_EXHAUSTED: out of memory")
		case n > 1 && calls.Add(1)%3 == 0:
			return errors.New("launch failed")
		}
		return nil
	}
	e := New(f, s)
	files := [][]byte{
		flat(t, 40, 1), flat(t, 250, 2), flat(t, 900, 3), // small, large, more than the budget
		jpegOf(t, slope(300, 200)), pngOf(t, twoColors(90, 90)), []byte("no picture"),
	}
	var work sync.WaitGroup
	for i := range 6 {
		work.Go(func() {
			for round := range 2 {
				if i%2 == 1 {
					abandon(t, e, files, 3*i+round)
					continue
				}
				var list []*Task
				for j := range 42 {
					task, _ := mixture(files, i+j)
					list = append(list, task)
				}
				for j, r := range all(t.Context(), e, list) {
					if _, bad := mixture(files, i+j); bad != (r.Err != nil) {
						t.Errorf("stream %d, round %d, picture %d: error %v", i, round, j, r.Err)
					}
				}
			}
		})
	}
	work.Wait()
	wantIdle(t, e)
	if got := e.Stats(); got.Halved == 0 || got.FailedBatches == 0 || got.Left == 0 || got.Kept == 0 || got.BudgetUsed != 0 {
		t.Errorf("stats %+v", got)
	}
}

// abandon fills a stream, takes some results and closes it, with its context
// cancelled or not.
func abandon(t *testing.T, e *Engine, files [][]byte, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := e.NewStream(ctx)
	for j := 0; !stream.Full(); j++ {
		task, _ := mixture(files, n+j)
		stream.Submit(task)
	}
	for range n {
		stream.Next().Release()
	}
	if n%2 == 0 {
		cancel()
	}
	stream.Close()
}
