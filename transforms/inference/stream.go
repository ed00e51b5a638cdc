// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Task is one picture to colour.
type Task struct {
	// Format is FormatJPEG or FormatPNG.
	Format Format
	// Size is how many bytes Load is expected to return, as far as is known. They
	// are taken from the budget before Load is called.
	Size int64
	// Load returns the picture's file. It is called from a pool, which has a few
	// more readers than there are workers.
	Load func(context.Context) ([]byte, error)
	// Store, where not nil, puts the coloured picture where it belongs. It is
	// called from a pool, as soon as the picture is ready and in any order;
	// Result.Data is nil then.
	Store func(context.Context, *Result) error
	// Thumbnails asks for Result.Before and Result.After.
	Thumbnails bool
	// Value is the caller's own.
	Value any
}

// Result is a coloured picture, or why there is none.
type Result struct {
	Task *Task
	// Err is nil, a [fault.PictureError], or an error that ends the job.
	Err error
	// Data is the coloured picture's file, of Bytes bytes.
	Data  []byte
	Bytes int64
	// Left says that the picture has colour already and was left alone: there is
	// no Data, and Store was not called.
	Left bool
	// Way is "kept" where a JPEG's luma was kept as quantized coefficients,
	// "recoded" for other JPEG output, "png" for PNG.
	Way string
	// Width and Height are the picture's own, upright.
	Width, Height int
	// Before and After are thumbnails, if asked for; see [Thumbnail].
	Before, After []byte
	// ReadTime, DecodeTime, EncodeTime and StoreTime are what the pools took for
	// it. A caller that stores Data itself may add to StoreTime.
	ReadTime, DecodeTime, EncodeTime, StoreTime time.Duration
	// BatchSize and BatchTime belong to the first picture of each batch and are
	// 0 for the others: the pictures that shared it, and its time on the
	// device. BatchFailed says that it was run again picture by picture.
	BatchSize   int
	BatchTime   time.Duration
	BatchFailed bool
	// Halved says that fewer pictures than asked for were computed at a time, for
	// want of device memory.
	Halved bool

	release func()
}

// Release gives the picture's memory back to the budget. It must be called for
// every result, when Data is not needed any more.
func (r *Result) Release() {
	r.Data = nil
	if r.release != nil {
		r.release()
	}
}

// Stream is one bundle's way through an [Engine]. All methods must be called
// from one goroutine.
type Stream struct {
	engine *Engine
	ctx    context.Context //nolint:containedctx // the bundle's, for the pool's goroutines
	cancel context.CancelFunc
	tasks  chan *picture
	reads  sync.Mutex // held while the next task gets budget for its file
	queue  []*picture // submitted, in order
	last   chan struct{}
	work   sync.WaitGroup
}

// NewStream returns a stream that lives until Close or the end of ctx.
func (e *Engine) NewStream(ctx context.Context) *Stream {
	s := &Stream{engine: e, last: closed()}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.tasks = make(chan *picture, s.window())
	for range e.settings.Workers + readAhead {
		s.work.Go(s.feed)
	}
	return s
}

// readAhead is how many files a stream reads at once beside as many as there are
// workers: a bucket is waited for, and that takes no core. Decoding has a bound of
// its own.
const readAhead = 6

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// window is how many pictures a stream has on their way: a batch on each lane of
// the device, one ready for it, one being gathered and one being encoded, and what
// the pool decodes.
func (s *Stream) window() int {
	return (3+s.engine.lanes)*s.engine.net.Batch() + 2*s.engine.settings.Workers
}

// Len returns how many results are still to come.
func (s *Stream) Len() int { return len(s.queue) }

// Full reports that the next Submit must be preceded by a Next.
func (s *Stream) Full() bool { return len(s.queue) >= s.window() }

// Submit starts a task. It must not be called while the stream is Full.
func (s *Stream) Submit(t *Task) {
	p := &picture{stream: s, done: make(chan struct{}), before: s.last, after: make(chan struct{})}
	p.result.Task = t
	s.last = p.after
	s.queue = append(s.queue, p)
	s.work.Add(1)
	s.engine.batches.submitted()
	s.tasks <- p // never blocks: the channel holds a whole window
}

// Next returns the result of the oldest task, waiting for it, or nil if there
// is none.
func (s *Stream) Next() *Result {
	if len(s.queue) == 0 {
		return nil
	}
	p := s.queue[0]
	s.queue = s.queue[1:]
	select {
	case <-p.done:
	default:
		s.engine.batches.await(p)
		<-p.done
	}
	return &p.result
}

// Ready returns the result of the oldest task if it is there already, else nil.
func (s *Stream) Ready() *Result {
	if len(s.queue) == 0 {
		return nil
	}
	select {
	case <-s.queue[0].done:
		return s.Next()
	default:
		return nil
	}
}

// Close cancels what is still on its way and waits until nothing of it runs any
// more. A stream whose results have all been taken closes at once.
func (s *Stream) Close() {
	s.cancel()
	for r := s.Next(); r != nil; r = s.Next() {
		r.Release()
	}
	close(s.tasks)
	s.work.Wait()
}

// feed takes tasks in order through reading and decoding.
func (s *Stream) feed() {
	for p, ok := s.nextTask(); ok; p, ok = s.nextTask() {
		p.prepare()
	}
}

// nextTask returns the next task when there is budget for its file or the stream
// is cancelled, and false at the stream's end. Files get their budget in order as
// well: one that has it waits for those in front, which must not wait for it.
func (s *Stream) nextTask() (*picture, bool) {
	s.reads.Lock()
	defer s.reads.Unlock()
	p, ok := <-s.tasks
	if !ok {
		return nil, false
	}
	files := s.engine.budget.files
	cost := files.cap(max(0, min(p.result.Task.Size, s.engine.settings.Limits.MaxBytes)))
	if files.Acquire(s.ctx, cost) == nil { // else reading will find the stream cancelled
		p.file = cost
	}
	return p, true
}

// prepare reads and decodes a picture and puts it into a batch.
func (p *picture) prepare() {
	e := p.stream.engine
	passed := sync.OnceFunc(func() { close(p.after) })
	defer passed()
	data, err := p.read()
	if err != nil {
		<-p.before // those behind may pass when those in front have
		e.batches.gaveUp()
		p.finish(err)
		return
	}
	if err := p.takeBudget(int64(len(data)) + e.estimate(data, p.result.Task)); err != nil {
		e.batches.gaveUp()
		p.finish(err)
		return
	}
	e.batches.gotBudget()
	passed()
	if err := p.decode(e, data); err != nil || p.result.Left {
		e.batches.decodeError()
		p.finish(err)
		return
	}
	p.keepBudget(e.rest(data, p.result.Task, p.kept))
	e.batches.decoded(p)
}

func (p *picture) read() (data []byte, err error) {
	defer recoverAs(fault.StageRead, &err)
	if err := p.stream.ctx.Err(); err != nil {
		return nil, err
	}
	start := time.Now()
	data, err = p.result.Task.Load(p.stream.ctx)
	p.result.ReadTime = clock(&p.stream.engine.counts.read, start)
	return data, err
}

// recoverAs turns a panic of the deferring function into a picture's error: a
// pool's goroutine must not end the process, and a decoder may panic on what
// no one has thought of.
func recoverAs(stage fault.Stage, err *error) {
	if v := recover(); v != nil {
		*err = &fault.PictureError{Stage: stage, Reason: "internal error", Err: fmt.Errorf("panic: %v", v)}
	}
}
