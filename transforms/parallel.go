// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"cmp"
	"context"
	"runtime"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// Parallel bounds what a process does at once, however many bundles its runner
// runs: each must not take all of the machine for itself.
type Parallel struct {
	// Workers is the number of pictures decoded and encoded at once; 0 is as many as
	// the process's machine has processors.
	Workers int
	// Readers is the number of files read at once: as many as there are workers
	// where reading is work, which 0 takes, more where it is waiting for a bucket.
	Readers int
	// MemoryBudget bounds the bytes of the files that are held, and again the
	// bytes of the pictures worked on as estimated from their headers. What
	// needs more by itself is worked on alone.
	MemoryBudget int64
}

// ahead is the number of pictures begun before the first of them is done.
func (p Parallel) ahead() int { return p.readers() + 2*p.workers() }

func (p Parallel) workers() int { return cmp.Or(p.Workers, runtime.GOMAXPROCS(0)) }

func (p Parallel) readers() int { return cmp.Or(p.Readers, p.workers()) }

// What a process shares among all its bundles. They are taken always in this
// order, so that nobody waits for what it keeps from others.
var (
	fileBudgets  = newShares()
	readSlots    = newShares()
	workSlots    = newShares()
	pixelBudgets = newShares()
)

// withFile reads a picture's file, in its turn among the readers, and calls work
// with it. The budget for files holds its bytes until work is done.
func (p Parallel) withFile(
	ctx context.Context, src source.Source, r source.Ref, maxBytes int64, work func(data []byte) error,
) error {
	return fileBudgets.with(ctx, p.MemoryBudget, min(r.Size, maxBytes), func() error {
		var data []byte
		err := readSlots.with(ctx, int64(p.readers()), 1, func() (err error) {
			data, err = src.Read(ctx, r, maxBytes)
			return err
		})
		if err != nil {
			return err
		}
		return work(data)
	})
}

// withPixels calls work in its turn among the workers, while cost bytes of the
// budget for pixels are taken.
func (p Parallel) withPixels(ctx context.Context, cost int64, work func() error) error {
	return workSlots.with(ctx, int64(p.workers()), 1, func() error {
		return pixelBudgets.with(ctx, p.MemoryBudget, cost, work)
	})
}
