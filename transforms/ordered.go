// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/semaphore"
)

// slots bounds how many pictures the process works on, by the bound asked for.
// It belongs to the process and not to a DoFn: a runner may run eight bundles
// at once, and each must not take all processors for itself.
var slots = newShares()

// shares holds semaphores by their size.
type shares struct {
	mu     sync.Mutex
	bySize map[int64]*semaphore.Weighted
}

func newShares() *shares { return &shares{bySize: map[int64]*semaphore.Weighted{}} }

// of returns the one semaphore of this size.
func (s *shares) of(size int64) *semaphore.Weighted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySize[size] == nil {
		s.bySize[size] = semaphore.NewWeighted(size)
	}
	return s.bySize[size]
}

type outcome[O any] struct {
	value O
	err   error
}

// ordered calls work for each item, at most workers at once in the whole
// process, and sink with each result on the caller's goroutine, in the order of
// the items. At most 2*workers results wait, so that memory stays bounded when
// one item takes long. It ends at the first error, and has no goroutine left
// when it returns. A panic in work is an error.
func ordered[I, O any](ctx context.Context, workers int, items []I,
	work func(context.Context, I) (O, error), sink func(O) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	free := slots.of(int64(workers))
	start := func(item I) chan outcome[O] {
		done := make(chan outcome[O], 1)
		running.Go(func() {
			if err := free.Acquire(ctx, 1); err != nil {
				done <- outcome[O]{err: err}
				return
			}
			defer free.Release(1)
			done <- guarded(ctx, item, work)
		})
		return done
	}
	var queue []chan outcome[O]
	for len(items) > 0 || len(queue) > 0 {
		for len(items) > 0 && len(queue) < 2*workers {
			queue, items = append(queue, start(items[0])), items[1:]
		}
		result := <-queue[0]
		queue = queue[1:]
		if result.err != nil {
			return result.err
		}
		if err := sink(result.value); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// guarded calls work and turns a panic into an error: Beam catches panics on
// its own goroutine only, and any other would end the process.
func guarded[I, O any](ctx context.Context, item I, work func(context.Context, I) (O, error)) (result outcome[O]) {
	defer func() {
		if r := recover(); r != nil {
			result.err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	result.value, result.err = work(ctx, item)
	return result
}
