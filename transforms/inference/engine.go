// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/origin"
)

// Colorizer is what an [Engine] needs of a network; [model.Colorizer] is one.
type Colorizer interface {
	// Size is the side of the network's pictures, in pixels.
	Size() int
	// Batch is the most pictures of one call.
	Batch() int
	// Hash names the weights.
	Hash() string
	// Colorize maps n*size*size values in [-1, 1] to n*size*size*3.
	Colorize(ctx context.Context, gray []float32) ([]float32, error)
}

// laned is a [Colorizer] of which more than one call at once is worth it.
type laned interface {
	Lanes() int
}

// shrinker is a [Colorizer] that can go on with less of the device's memory:
// Shrink makes it compute fewer pictures at a time inside of Colorize.
type shrinker interface {
	Shrink() (batch int, err error)
}

// Engine colours pictures with one loaded model. It is safe for concurrent
// use; pictures go through it by a [Stream].
type Engine struct {
	net     Colorizer
	backend string
	// precision is the backend's, never auto.
	precision model.Precision
	settings  Settings
	loadTime  time.Duration
	// modelBytes is the size of the checkpoint's file.
	modelBytes int64

	cpu     *semaphore.Weighted // pictures decoded or encoded at this moment
	device  *semaphore.Weighted // batches on the device
	lanes   int                 // how many of them at once
	budget  *budget             // bytes of pictures in work
	batches *batcher
	since   time.Time
	counts  counts
	steps   steps
	release func() error // nil for a network that is not the engine's own
}

func load(ctx context.Context, s Settings) (*Engine, error) {
	start := time.Now()
	b, err := model.OpenBackendWith(s.Backend, model.BackendOptions{Precision: s.Precision})
	if err != nil {
		return nil, err
	}
	c, halved, err := fit(s.Batch, func(batch int) (*model.Colorizer, error) { return openWarm(ctx, b, s, batch) })
	if err != nil {
		b.Finalize()
		return nil, err
	}
	// The device has the weights now. What they were read into is garbage, and the
	// heap would grow to twice that before the collector sees to it by itself.
	debug.FreeOSMemory()
	e := New(c, s)
	if halved {
		e.steps.turn = 1
	}
	e.backend, e.precision, e.loadTime = b.Name, b.Precision, time.Since(start)
	e.modelBytes = c.Weights().Bytes
	e.release = func() error {
		err := c.Close() // waits for a batch that is running
		b.Finalize()
		return err
	}
	return e, nil
}

// fit opens a network for a batch, or for half of it and so on until that fits
// into the device's memory.
func fit[C Colorizer](batch int, open func(batch int) (C, error)) (c C, halved bool, err error) {
	for {
		c, err = open(batch)
		if err == nil || batch == 1 || !outOfMemory(err) {
			return c, halved, err
		}
		batch, halved = (batch+1)/2, true
	}
}

// openWarm opens a network that has computed a batch, so that whatever a device
// puts off until then is done.
func openWarm(ctx context.Context, b *model.Backend, s Settings, batch int) (*model.Colorizer, error) {
	source, err := origin.Open(ctx, s.Model)
	if err != nil {
		return nil, fmt.Errorf("opening model %q: %w", s.Model, err)
	}
	c, err := model.OpenColorizerFrom(b, source, model.ColorizerOptions{Batch: batch, Checkpoint: s.Checkpoint, Size: s.RenderSize})
	if err != nil || b.Name == model.BackendGo { // which has nothing to warm up
		return c, err
	}
	if _, err := c.Colorize(ctx, make([]float32, batch*c.Size()*c.Size())); err != nil {
		return nil, errors.Join(fmt.Errorf("trying the network: %w", err), c.Close())
	}
	return c, nil
}

// outOfMemory tells whether a smaller batch may do what has failed.
func outOfMemory(err error) bool {
	return errors.Is(err, model.ErrDeviceMemory) || model.OutOfMemory(err)
}

// New returns an engine of its own around a network, apart from those that
// [Open] keeps. The network stays the caller's to close.
func New(c Colorizer, s Settings) *Engine {
	lanes := 1
	if l, ok := c.(laned); ok {
		lanes = l.Lanes()
	}
	s.Workers = cmp.Or(s.Workers, runtime.GOMAXPROCS(0))
	e := &Engine{
		net: c, settings: s,
		cpu:    semaphore.NewWeighted(int64(s.Workers)),
		device: semaphore.NewWeighted(int64(lanes)),
		lanes:  lanes,
		budget: budgetOf(s.MemoryBudget),
		since:  time.Now(),
		steps:  steps{most: c.Batch()},
	}
	e.batches = newBatcher(c.Batch(), func(b []*picture) { go e.infer(b) })
	return e
}

// Hash names the model's weights.
func (e *Engine) Hash() string { return e.net.Hash() }

// Size is the side of the network's pictures, in pixels.
func (e *Engine) Size() int { return e.net.Size() }

// Backend is the backend's name, such as "xla:cpu", also where "auto" was asked
// for.
func (e *Engine) Backend() string { return e.backend }

// Precision is what the network computes with, never "auto".
func (e *Engine) Precision() model.Precision { return e.precision }

// LoadTime is how long opening the backend and the model took.
func (e *Engine) LoadTime() time.Duration { return e.loadTime }

// ErrDevice says that the network fails for one picture after the other, so
// that going on makes no sense.
var ErrDevice = errors.New("the network failed for one picture after the other")

// maxFailures is how many pictures in a row may fail on the device before the
// job does.
const maxFailures = 8

// infer runs a batch and hands its pictures on. It owns no budget and waits for
// nothing but the device.
func (e *Engine) infer(batch []*picture) {
	defer e.batches.inferred()
	alive := batch[:0:0]
	for _, p := range batch {
		if err := p.stream.ctx.Err(); err != nil {
			p.finish(err)
			continue
		}
		alive = append(alive, p)
	}
	if len(alive) == 0 {
		return
	}
	if err := e.device.Acquire(context.Background(), 1); err != nil {
		return // the background context does not end
	}
	b := e.runBatch(alive)
	e.device.Release(1)
	for i, p := range alive {
		p.gray = nil
		p.result.Halved = b.halved
		if i == 0 {
			p.result.BatchSize, p.result.BatchTime, p.result.BatchFailed = len(alive), b.took, b.failed
		}
		if b.errs[i] != nil {
			p.finish(e.failed(b.errs[i]))
			continue
		}
		e.batches.succeeded()
		go p.encode(e, b.outs[i])
	}
}
