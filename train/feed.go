// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"runtime"

	"github.com/gomlx/gomlx/core/tensors"
)

// input is what one execution reads: the arguments of its executable, of which
// it owns some.
type input struct {
	args  []any
	owned []*tensors.Tensor
	err   error
}

// finalize frees what the input owns at once rather than at the collector's
// leisure.
func (in *input) finalize() {
	for _, t := range in.owned {
		t.MustFinalizeAll()
	}
}

// own appends an argument that goes with the input.
func (in *input) own(t *tensors.Tensor) {
	in.args, in.owned = append(in.args, t), append(in.owned, t)
}

// feed prepares inputs ahead of their use, on other goroutines. Both backends
// return from an execution when it is computed: what overlaps with it is this
// reading and decoding, not the loop of the trainer.
type feed struct {
	queue  chan chan input
	cancel context.CancelFunc
}

// feedAhead is how many inputs are prepared at once, beside the one in use.
func feedAhead() int { return min(4, runtime.GOMAXPROCS(0)+1) }

// startFeed prepares the inputs of executions [from, to). Plan says what an
// execution reads; it is called on one goroutine, in order, and what it returns
// on another. Stop must be called.
func startFeed(ctx context.Context, from, to int64, plan func(e int64) func() (input, error)) *feed {
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{queue: make(chan chan input, feedAhead()-1), cancel: cancel}
	go func() {
		defer close(f.queue)
		for e := from; e < to; e++ {
			work := plan(e)
			slot := make(chan input, 1)
			select {
			case f.queue <- slot:
			case <-ctx.Done():
				return
			}
			go func() { slot <- careful(work) }()
		}
	}()
	return f
}

// careful turns a panic of the device layer into an error: on a goroutine of
// its own it would end the process. An input with an error holds no memory.
func careful(work func() (input, error)) (in input) {
	err := error(nil)
	func() {
		defer recovered("preparing a batch", &err)
		in, err = work()
	}()
	if err != nil {
		in.finalize()
		in = input{err: err}
	}
	return in
}

// next waits for the next input. The caller finalizes it.
func (f *feed) next(ctx context.Context) (input, error) {
	select {
	case slot, ok := <-f.queue:
		if !ok {
			if err := ctx.Err(); err != nil {
				return input{}, err // the queue ends with the context
			}
			return input{}, errors.New("reading pictures: the feed is at its end")
		}
		got := <-slot
		return got, got.err
	case <-ctx.Done():
		return input{}, ctx.Err()
	}
}

// stop ends the feed and frees what nobody took.
func (f *feed) stop() {
	f.cancel()
	for slot := range f.queue {
		left := <-slot
		left.finalize()
	}
}
