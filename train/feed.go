// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
)

// batch is the input of one step, on the device: gray [n, s, s, 1] and color
// [n, s, s, 3], 8-bit levels. Graphs scale them to [-1, 1] themselves, so that
// a quarter of the bytes travels.
type batch struct {
	gray, color *tensors.Tensor
	err         error
}

// finalize frees the batch's memory at once rather than at the collector's
// leisure.
func (b batch) finalize() {
	for _, t := range []*tensors.Tensor{b.gray, b.color} {
		if t != nil {
			t.MustFinalizeAll()
		}
	}
}

// feed prepares batches ahead of their use, on other goroutines. Both backends
// return from a step when it is computed: what overlaps with it is this reading
// and decoding, not the loop of the trainer.
type feed struct {
	queue  chan chan batch
	cancel context.CancelFunc
}

// feedAhead is how many batches are prepared at once, beside the one in use.
func feedAhead() int { return min(4, runtime.GOMAXPROCS(0)+1) }

// startFeed prepares the batches of steps [from, to): picks gives the pictures
// of a step. It is called on one goroutine, in the order of the steps. Stop
// must be called.
func startFeed(ctx context.Context, p *pictures, b *model.Backend, from, to int64, picks func(step int64) []int) *feed {
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{queue: make(chan chan batch, feedAhead()-1), cancel: cancel}
	go func() {
		defer close(f.queue)
		for step := from; step < to; step++ {
			indices := picks(step)
			slot := make(chan batch, 1)
			select {
			case f.queue <- slot:
			case <-ctx.Done():
				return
			}
			go func() { slot <- makeBatch(p, b, indices) }()
		}
	}()
	return f
}

// next waits for the next batch. The caller finalizes it.
func (f *feed) next(ctx context.Context) (batch, error) {
	select {
	case slot, ok := <-f.queue:
		if !ok {
			if err := ctx.Err(); err != nil {
				return batch{}, err // the queue ends with the context
			}
			return batch{}, errors.New("reading pictures: the feed is at its end")
		}
		got := <-slot
		return got, got.err
	case <-ctx.Done():
		return batch{}, ctx.Err()
	}
}

// stop ends the feed and frees what nobody took.
func (f *feed) stop() {
	f.cancel()
	for slot := range f.queue {
		(<-slot).finalize()
	}
}

// makeBatch gathers pictures into tensors on the device. A panic of the device
// layer becomes an error: it would end the process on this goroutine. A batch
// with an error holds no memory.
func makeBatch(p *pictures, b *model.Backend, indices []int) (out batch) {
	defer func() {
		if r := recover(); r != nil {
			out.err = fmt.Errorf("moving pictures to the device: %v", r)
		}
		if out.err != nil {
			out.finalize()
			out = batch{err: out.err}
		}
	}()
	area := p.size * p.size
	gray, color := make([]byte, len(indices)*area), make([]byte, 3*len(indices)*area)
	for at, i := range indices {
		one, err := p.pair(i)
		if err != nil {
			return batch{err: err}
		}
		copy(gray[at*area:], one.gray)
		copy(color[3*at*area:], one.color)
	}
	for _, t := range []struct {
		to       **tensors.Tensor
		data     []byte
		channels int
	}{{&out.gray, gray, 1}, {&out.color, color, 3}} {
		shape := shapes.Make(dtypes.Uint8, len(indices), p.size, p.size, t.channels)
		var err error
		if *t.to, err = tensors.FromRaw(b.Backend, 0, shape, t.data); err != nil {
			out.err = fmt.Errorf("moving pictures to the device: %w", err)
			return out
		}
	}
	return out
}
