// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"sync"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// picture is a task on its way.
type picture struct {
	stream *Stream
	result Result
	done   chan struct{}
	// before is closed when the picture submitted before this one has its
	// budget, after when this one has: budget is taken in order, so that a
	// result waited for never waits for one that comes later.
	before, after chan struct{}
	awaited       bool // by its stream; the batcher's lock guards it

	file int64 // taken for the file, until there is budget for the picture
	cost int64 // taken for the picture
	gray []float32
	decoded
}

// finish publishes the result. What has failed holds no budget.
func (p *picture) finish(err error) {
	p.result.Err = err
	if err == nil {
		p.stream.engine.counts.count(&p.result)
	}
	p.gray, p.decoded = nil, decoded{}
	p.freeFile()
	if p.cost > 0 {
		cost, budget := p.cost, p.stream.engine.budget.pictures
		if p.result.Data == nil || err != nil {
			p.result.Data = nil
			budget.Release(cost)
		} else {
			p.result.release = sync.OnceFunc(func() { budget.Release(cost) })
		}
	}
	close(p.done)
	p.stream.work.Done()
}

// takeBudget waits for its turn and then for budget for file and picture; what
// was taken for the file alone goes back.
func (p *picture) takeBudget(cost int64) error {
	e := p.stream.engine
	cost = e.budget.pictures.cap(cost)
	<-p.before // whoever is in front goes on by itself, or counts as waiting for budget
	if e.budget.pictures.TryAcquire(cost) {
		p.cost = cost
		p.freeFile()
		return nil
	}
	e.batches.waits()
	defer e.batches.waitEnded()
	if err := e.budget.pictures.Acquire(p.stream.ctx, cost); err != nil {
		return err
	}
	p.cost = cost
	p.freeFile()
	return nil
}

// keepBudget gives back what a picture that has been decoded does not need any
// more.
func (p *picture) keepBudget(cost int64) {
	if less := p.cost - cost; less > 0 {
		p.cost = cost
		p.stream.engine.budget.pictures.Release(less)
	}
}

// freeFile gives back what was taken for the file alone.
func (p *picture) freeFile() {
	p.stream.engine.budget.files.Release(p.file)
	p.file = 0
}

// encode joins luma and colour, encodes and stores.
func (p *picture) encode(e *Engine, rgb []float32) {
	err := p.stream.ctx.Err()
	if err == nil {
		err = p.join(e, rgb)
	}
	p.decoded = decoded{}
	if store := p.result.Task.Store; err == nil && store != nil {
		err = p.store(store)
		p.result.Data = nil
	}
	p.finish(err)
}

func (p *picture) store(store func(context.Context, *Result) error) (err error) {
	defer recoverAs(fault.StageWrite, &err)
	start := time.Now()
	defer func() { p.result.StoreTime = clock(&p.stream.engine.counts.store, start) }()
	return store(p.stream.ctx, &p.result)
}
