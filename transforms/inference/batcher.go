// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"fmt"
	"slices"
	"sync"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// batcher gathers decoded pictures of all streams into batches. It knows where
// every picture is on its way and so when a batch that is not full must start:
// when the device is idle and nothing can join the batch before somebody who
// waits would wait for ever.
type batcher struct {
	size  int
	start func([]*picture)

	mu       sync.Mutex
	pending  []*picture
	upstream int // submitted, without budget yet
	waiting  int // of those, waiting for budget
	decoding int // with budget, not yet in pending
	running  int // batches on the device or queued for it
	failures int // pictures that failed on the device, in a row
}

func newBatcher(size int, start func([]*picture)) *batcher {
	return &batcher{size: size, start: start}
}

// change applies f to the counts and starts what is due.
func (b *batcher) change(f func()) {
	b.mu.Lock()
	f()
	var due [][]*picture
	for batch := b.due(); batch != nil; batch = b.due() {
		b.running++
		due = append(due, batch)
	}
	b.mu.Unlock()
	for _, batch := range due {
		b.start(batch)
	}
}

// due takes the next batch to start from pending, if there is one.
func (b *batcher) due() []*picture {
	n := len(b.pending)
	if n < b.size {
		idle := b.running == 0 && b.decoding == 0
		wanted := b.waiting > 0 || (b.upstream == 0 && slices.ContainsFunc(b.pending, (*picture).isAwaited))
		if n == 0 || !idle || !wanted {
			return nil
		}
	}
	n = min(n, b.size)
	batch := b.pending[:n:n]
	b.pending = append([]*picture(nil), b.pending[n:]...)
	return batch
}

// The moves of a picture.

func (b *batcher) submitted()   { b.change(func() { b.upstream++ }) }
func (b *batcher) waits()       { b.change(func() { b.waiting++ }) }
func (b *batcher) waitEnded()   { b.change(func() { b.waiting-- }) }
func (b *batcher) gaveUp()      { b.change(func() { b.upstream-- }) }
func (b *batcher) gotBudget()   { b.change(func() { b.upstream--; b.decoding++ }) }
func (b *batcher) decodeError() { b.change(func() { b.decoding-- }) }
func (b *batcher) decoded(p *picture) {
	b.change(func() { b.decoding--; b.pending = append(b.pending, p) })
}
func (b *batcher) inferred() { b.change(func() { b.running-- }) }

// await says that a stream waits for this picture. One that is past the network
// comes without another batch.
func (b *batcher) await(p *picture) { b.change(func() { p.awaited = true }) }

func (p *picture) isAwaited() bool { return p.awaited }

func (b *batcher) succeeded() { b.change(func() { b.failures = 0 }) }

// failed classifies an error of the device: a fault of one picture, or, when
// too many in a row fail, of the job.
func (e *Engine) failed(err error) error {
	n := 0
	e.batches.change(func() { e.batches.failures++; n = e.batches.failures })
	if n >= maxFailures {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	return &fault.PictureError{Stage: fault.StageInfer, Reason: "the network failed", Transient: true, Err: err}
}
