// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/semaphore"
)

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

// with calls work while n units of the semaphore of this size are taken. What
// asks for more than there is gets all of it and runs alone. Nobody is overtaken
// for ever: the semaphore serves in order.
func (s *shares) with(ctx context.Context, size, n int64, work func() error) error {
	shared := s.of(size)
	n = max(0, min(n, size)) // an archive may claim any size
	if err := shared.Acquire(ctx, n); err != nil {
		return err
	}
	defer shared.Release(n)
	return work()
}

type outcome[O any] struct {
	value O
	err   error
}

// ordered calls work for each item, each on a goroutine of its own, and sink with
// each result on the caller's goroutine, in the order of the items. At most ahead
// items are begun and not yet in the sink; how many work at once is for work to
// bound, see [Parallel]. It ends at the first error, and has no goroutine left
// when it returns. A panic in work is an error.
func ordered[I, O any](ctx context.Context, ahead int, items []I,
	work func(context.Context, I) (O, error), sink func(O) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	start := func(item I) chan outcome[O] {
		done := make(chan outcome[O], 1)
		running.Go(func() { done <- guarded(ctx, item, work) })
		return done
	}
	var queue []chan outcome[O]
	for len(items) > 0 || len(queue) > 0 {
		for len(items) > 0 && len(queue) < ahead {
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
