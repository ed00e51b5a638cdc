// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"sync"
	"time"
)

// inLanes repeats work on several goroutines at once: first the warm-up on each,
// then the timed repetitions, which it counts over all of them. It returns each
// repetition's time and the time from the first one's start to the last one's end.
func inLanes(
	ctx context.Context, c Common, what string, lanes int, work func(context.Context) error,
) (times []time.Duration, wall time.Duration, err error) {
	warm := Common{Repeat: c.Repeat}
	warm.Repeat.Count = c.Repeat.Warmup * lanes
	if _, _, err := warm.together(ctx, what, lanes, work); err != nil {
		return nil, 0, err
	}
	return c.together(ctx, what, lanes, work)
}

// together is inLanes without the warm-up.
func (c Common) together(
	ctx context.Context, what string, lanes int, work func(context.Context) error,
) (times []time.Duration, wall time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	begun, start := 0, time.Now()
	// next tells whether another repetition is to begin.
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || !c.Repeat.More(begun, time.Since(start)) {
			return false
		}
		begun++
		return true
	}
	errs := make([]error, lanes)
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			for next() {
				from := time.Now()
				if errs[lane] = work(ctx); errs[lane] != nil {
					cancel() // the others are of no use
					return
				}
				mu.Lock()
				times = append(times, time.Since(from))
				done, total := c.Repeat.Share(len(times), time.Since(start))
				c.show(what, done, total)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	wall = time.Since(start)
	return times, wall, c.firstError(ctx, errs)
}

// firstError prefers what went wrong to what that has cancelled.
func (c Common) firstError(ctx context.Context, errs []error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return ctx.Err()
}
