// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms/inference"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[colorizeFn]())
}

// A ledger segment is written every segmentLines pictures or segmentTime,
// whichever comes first, and at a bundle's end.
const (
	segmentLines = 1000
	segmentTime  = 30 * time.Second
)

// colorizeFn colours the pictures of a folder and writes them one by one; the
// ledger follows in segments.
type colorizeFn struct {
	Spec spec

	worker   worker
	sink     sink
	writer   string // names this instance's ledger segments
	segments int

	lines  []line
	since  time.Time // of the oldest line
	totals totals
}

// written is what a picture's task carries.
type written struct {
	item       item
	sum        string
	generation int64
}

// Setup opens the model and the output.
func (f *colorizeFn) Setup(ctx context.Context) (err error) {
	if err := f.worker.open(ctx, f.Spec); err != nil {
		return err
	}
	f.writer = randomID()
	f.sink, err = openSink(f.Spec, f.writer)
	return f.Spec.job().Fail(err)
}

// randomID returns a name that no other writer has.
func randomID() string {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// Teardown closes the output, if Setup got as far as opening it.
func (f *colorizeFn) Teardown() error {
	if f.sink == nil {
		return nil
	}
	return f.sink.close()
}

// StartBundle ends what a bundle before this one left behind: FinishBundle is
// not called after an error.
func (f *colorizeFn) StartBundle(ctx context.Context, _ func(totals)) error {
	f.worker.start(ctx)
	f.lines, f.totals = nil, totals{}
	return nil
}

// ProcessElement starts a picture and takes what is ready.
func (f *colorizeFn) ProcessElement(ctx context.Context, it item, emit func(totals)) error {
	err := f.process(ctx, it, emit)
	if err != nil {
		f.worker.stop() // the runner calls nothing more
	}
	return f.Spec.job().Fail(err)
}

func (f *colorizeFn) process(ctx context.Context, it item, emit func(totals)) error {
	if err := f.worker.wanted(ctx); err != nil {
		return err
	}
	for f.worker.stream.Full() {
		if err := f.take(ctx, f.worker.stream.Next(), emit); err != nil {
			return err
		}
	}
	w := &written{item: it}
	t := f.worker.task(it)
	t.Store = func(ctx context.Context, r *inference.Result) error { return f.store(ctx, w, r) }
	t.Value = w
	f.worker.stream.Submit(t)
	for r := f.worker.stream.Ready(); r != nil; r = f.worker.stream.Ready() {
		if err := f.take(ctx, r, emit); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FinishBundle takes what is left.
func (f *colorizeFn) FinishBundle(ctx context.Context, emit func(totals)) error {
	defer f.worker.stop()
	for r := f.worker.stream.Next(); r != nil; r = f.worker.stream.Next() {
		if err := f.take(ctx, r, emit); err != nil {
			return f.Spec.job().Fail(err)
		}
	}
	return f.Spec.job().Fail(f.flush(ctx, emit))
}

// take records a result.
func (f *colorizeFn) take(ctx context.Context, r *inference.Result, emit func(totals)) error {
	w, _ := r.Task.Value.(*written)
	l, err := f.Spec.lineOf(w.item, r, w.sum)
	l.Generation = w.generation
	f.worker.count(ctx, r, &f.totals)
	if err != nil {
		return err
	}
	if len(f.lines) == 0 {
		f.since = time.Now()
	}
	f.lines = append(f.lines, l)
	if len(f.lines) >= f.Spec.SegmentLines || time.Since(f.since) >= segmentTime {
		return f.flush(ctx, emit)
	}
	return nil
}

// flush puts the pictures since the last flush on disk and then says so in the
// ledger.
func (f *colorizeFn) flush(ctx context.Context, emit func(totals)) error {
	if len(f.lines) == 0 {
		return nil
	}
	if err := f.sink.sync(f.lines); err != nil {
		return err
	}
	if err := writeSegment(ctx, f.worker.st, f.Spec.Claim, f.Spec.Run, f.writer, f.segments, f.lines); err != nil {
		return err
	}
	f.segments++
	f.lines = nil
	emit(f.totals.take())
	return nil
}

// store writes a coloured picture under its name. It runs in the pool.
func (f *colorizeFn) store(ctx context.Context, w *written, r *inference.Result) error {
	if err := f.worker.storeThumbnails(ctx, w.item.Key, r); err != nil {
		return err
	}
	there, err := f.sink.store(ctx, w.item, r.Data)
	if err != nil {
		return err
	}
	data := r.Data
	if there.earlier != nil {
		data, r.Bytes = there.earlier, int64(len(there.earlier))
	}
	sum := sha256.Sum256(data)
	w.sum, w.generation = hex.EncodeToString(sum[:]), there.generation
	return nil
}
