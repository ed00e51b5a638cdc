// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/source"
)

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func TestOrdered(t *testing.T) {
	t.Parallel()
	const most = 7
	var ahead atomic.Int64
	var got []int
	work := func(_ context.Context, i int) (int, error) {
		if n := ahead.Add(1); n > most {
			t.Errorf("%d items are begun and not in the sink", n)
		}
		for j := range (i * 7919) % 2000 { // items take different times
			_ = j
		}
		return i * i, nil
	}
	err := ordered(t.Context(), most, numbers(500), work, func(v int) error {
		ahead.Add(-1)
		got = append(got, v)
		return nil
	})
	if err != nil || len(got) != 500 || !slices.IsSorted(got) {
		t.Errorf("%d results, sorted %v, %v", len(got), slices.IsSorted(got), err)
	}
}

// watched is a source that says when it is read.
type watched struct {
	pictures

	read func() error
}

func (w watched) Read(context.Context, source.Ref, int64) ([]byte, error) { return nil, w.read() }

// TestParallel counts how many files are read and pictures worked on at once,
// while many are begun.
func TestParallel(t *testing.T) {
	t.Parallel()
	p := Parallel{Workers: 3, Readers: 5, MemoryBudget: 4321}
	var reading, working, mostReading, mostWorking atomic.Int64
	during := func(now, most *atomic.Int64) func() error {
		return func() error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			runtime.Gosched()
			now.Add(-1)
			return nil
		}
	}
	src := watched{read: during(&reading, &mostReading)}
	work := func(ctx context.Context, i int) (int, error) {
		return i, p.withFile(ctx, src, source.Ref{Size: 10}, 10, func([]byte) error {
			return p.withPixels(ctx, 10, during(&working, &mostWorking))
		})
	}
	if err := ordered(t.Context(), 64, numbers(2000), work, func(int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if r, w := mostReading.Load(), mostWorking.Load(); r < 1 || r > 5 || w < 1 || w > 3 {
		t.Errorf("%d files were read and %d pictures worked on at once, want at most 5 and 3", r, w)
	}
}

func TestOrderedEnds(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		work func(context.Context, int) (int, error)
		sink func(int) error
		want string
	}{
		{"work fails", t.Context(), func(_ context.Context, i int) (int, error) {
			if i == 50 {
				return 0, boom
			}
			return i, nil
		}, nil, "boom"},
		{"work panics", t.Context(), func(_ context.Context, i int) (int, error) { return 100 / (i - 50), nil }, nil, "panic: runtime error"},
		{"sink fails", t.Context(), nil, func(i int) error {
			if i == 50 {
				return boom
			}
			return nil
		}, "boom"},
		{"cancelled", cancelled, nil, nil, "context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.work == nil {
				tt.work = func(_ context.Context, i int) (int, error) { return i, nil }
			}
			if tt.sink == nil {
				tt.sink = func(int) error { return nil }
			}
			var running atomic.Int64
			work := func(ctx context.Context, i int) (int, error) {
				running.Add(1)
				defer running.Add(-1)
				return tt.work(ctx, i)
			}
			err := ordered(tt.ctx, 2, numbers(100), work, tt.sink)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ordered = %v, want %q", err, tt.want)
			}
			if running.Load() != 0 {
				t.Error("goroutines are left")
			}
		})
	}
}
