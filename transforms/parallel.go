// SPDX-License-Identifier: Apache-2.0

package transforms

import "context"

// Parallel bounds what a process does at once, however many bundles its runner
// runs: each must not take all of the machine for itself.
type Parallel struct {
	// Workers is the number of pictures decoded and encoded at once.
	Workers int
	// Readers is the number of files read at once: as many as there are workers
	// where reading is work, more where it is waiting for a bucket.
	Readers int
	// MemoryBudget bounds the bytes of the files that are held, and again the
	// bytes of the pictures worked on as estimated from their headers. What
	// needs more by itself is worked on alone.
	MemoryBudget int64
}

// ahead is the number of pictures begun before the first of them is done.
func (p Parallel) ahead() int { return p.Readers + 2*p.Workers }

// What a process shares among all its bundles. They are taken always in this
// order, so that nobody waits for what it keeps from others.
var (
	fileBudgets  = newShares()
	readSlots    = newShares()
	workSlots    = newShares()
	pixelBudgets = newShares()
)

// withFile calls work while size bytes of the budget for files are taken. work
// reads its file inside the function that it is given, which waits for its turn
// among the readers.
func (p Parallel) withFile(ctx context.Context, size int64, work func(read func(func() error) error) error) error {
	read := func(reading func() error) error { return readSlots.with(ctx, int64(p.Readers), 1, reading) }
	return fileBudgets.with(ctx, p.MemoryBudget, size, func() error { return work(read) })
}

// withPixels calls work in its turn among the workers, while cost bytes of the
// budget for pixels are taken.
func (p Parallel) withPixels(ctx context.Context, cost int64, work func() error) error {
	return workSlots.with(ctx, int64(p.Workers), 1, func() error {
		return pixelBudgets.with(ctx, p.MemoryBudget, cost, work)
	})
}
