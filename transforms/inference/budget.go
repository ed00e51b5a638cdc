// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// budget bounds the bytes of pictures in work. A quarter of it is for files that
// have been read and wait for their turn to be decoded, the rest for pictures
// from decoding to their end. There are two, so that what a picture takes before
// its header is known can never keep another from ending: who holds of the first
// waits for the second, and never the other way round.
type budget struct{ files, pictures share }

// share is a part of the budget.
type share struct {
	weighted *semaphore.Weighted
	size     int64
	used     *atomic.Int64
}

func newShare(size int64) share {
	return share{semaphore.NewWeighted(size), size, new(atomic.Int64)}
}

// Acquire takes bytes, waiting for them, unless ctx ends before.
func (s share) Acquire(ctx context.Context, n int64) error {
	err := s.weighted.Acquire(ctx, n)
	if err == nil {
		s.used.Add(n)
	}
	return err
}

// TryAcquire takes bytes if they are there.
func (s share) TryAcquire(n int64) bool {
	ok := s.weighted.TryAcquire(n)
	if ok {
		s.used.Add(n)
	}
	return ok
}

// Release gives bytes back.
func (s share) Release(n int64) {
	s.used.Add(-n)
	s.weighted.Release(n)
}

// cap limits a cost to the share: what costs more runs alone.
func (s share) cap(cost int64) int64 { return min(cost, s.size) }

// budgets holds the process's byte budgets by size: jobs with one setting share
// one budget.
var budgets sync.Map

func budgetOf(size int64) *budget {
	files := max(1, size/4)
	b, _ := budgets.LoadOrStore(size, &budget{files: newShare(files), pictures: newShare(max(1, size-files))})
	shared, _ := b.(*budget)
	return shared
}
