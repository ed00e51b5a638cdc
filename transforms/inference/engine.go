// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/chromabeam/chromabeam/model"
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

// Engine colours pictures with one loaded model. It is safe for concurrent
// use; pictures go through it by a [Stream].
type Engine struct {
	net      Colorizer
	backend  string
	settings Settings
	loadTime time.Duration
	// modelBytes is the size of the checkpoint's file.
	modelBytes int64

	cpu     *semaphore.Weighted // pictures decoded or encoded at this moment
	device  *semaphore.Weighted // batches on the device: one
	budget  *budget             // bytes of pictures in work
	batches *batcher
	release func() error // nil for a network that is not the engine's own
}

func load(s Settings) (*Engine, error) {
	start := time.Now()
	b, err := model.OpenBackend(s.Backend)
	if err != nil {
		return nil, err
	}
	c, err := model.OpenColorizer(b, s.Model, model.ColorizerOptions{Batch: s.Batch, Checkpoint: s.Checkpoint})
	if err != nil {
		b.Finalize()
		return nil, err
	}
	e := New(c, s)
	e.backend, e.loadTime = b.Name, time.Since(start)
	e.modelBytes = checkpointBytes(s)
	e.release = func() error {
		err := c.Close() // waits for a batch that is running
		b.Finalize()
		return err
	}
	return e, nil
}

// checkpointBytes is the size of the weights for the counters, 0 if it cannot be
// found out.
func checkpointBytes(s Settings) int64 {
	path, err := model.WeightFile(s.Model, s.Checkpoint)
	if err != nil {
		return 0
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// New returns an engine of its own around a network, apart from those that
// [Open] keeps. The network stays the caller's to close.
func New(c Colorizer, s Settings) *Engine {
	e := &Engine{
		net: c, settings: s,
		cpu:    semaphore.NewWeighted(int64(s.Workers)),
		device: semaphore.NewWeighted(1),
		budget: budgetOf(s.MemoryBudget),
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
	outs, errs, took := e.runBatch(alive)
	e.device.Release(1)
	for i, p := range alive {
		p.gray = nil
		if i == 0 {
			p.result.BatchSize, p.result.BatchTime = len(alive), took
		}
		if errs[i] != nil {
			p.finish(e.failed(errs[i]))
			continue
		}
		e.batches.succeeded()
		go p.encode(e, outs[i])
	}
}

// runBatch returns the network's output for each picture of a batch, or why
// there is none.
func (e *Engine) runBatch(batch []*picture) (outs [][]float32, errs []error, took time.Duration) {
	start := time.Now()
	outs, errs = make([][]float32, len(batch)), make([]error, len(batch))
	all, err := e.colorize(batch)
	if err == nil {
		n := len(all) / len(batch)
		for i := range batch {
			outs[i] = all[i*n : (i+1)*n : (i+1)*n]
		}
		return outs, errs, time.Since(start)
	}
	if len(batch) == 1 {
		errs[0] = err
		return outs, errs, time.Since(start)
	}
	batch[0].result.BatchFailed = true
	for i := range batch {
		outs[i], errs[i] = e.colorize(batch[i : i+1])
	}
	return outs, errs, time.Since(start)
}

// colorize calls the network and checks that it answered for every pixel.
func (e *Engine) colorize(batch []*picture) (out []float32, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("running the network: panic: %v", v)
		}
	}()
	plane := e.net.Size() * e.net.Size()
	gray := make([]float32, 0, len(batch)*plane)
	for _, p := range batch {
		gray = append(gray, p.gray...)
	}
	// No bundle's context: a batch may hold pictures of several.
	out, err = e.net.Colorize(context.Background(), gray)
	if err == nil && len(out) != 3*len(gray) {
		err = fmt.Errorf("running the network: want %d values, got %d", 3*len(gray), len(out))
	}
	return out, err
}
