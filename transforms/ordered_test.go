// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
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
	const workers = 3
	var running, most, ahead atomic.Int64
	var got []int
	work := func(_ context.Context, i int) (int, error) {
		if now := running.Add(1); now > most.Load() {
			most.Store(now)
		}
		defer running.Add(-1)
		ahead.Add(1)
		for j := range (i * 7919) % 2000 { // items take different times
			_ = j
		}
		return i * i, nil
	}
	err := ordered(t.Context(), workers, numbers(500), work, func(v int) error {
		if n := ahead.Add(-1); n > 2*workers {
			t.Errorf("%d results wait", n)
		}
		got = append(got, v)
		return nil
	})
	if err != nil || len(got) != 500 || !slices.IsSorted(got) {
		t.Errorf("%d results, sorted %v, %v", len(got), slices.IsSorted(got), err)
	}
	if most.Load() > workers {
		t.Errorf("%d at once, want at most %d", most.Load(), workers)
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
