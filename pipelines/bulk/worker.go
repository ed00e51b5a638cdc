// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// worker is what both DoFns hold: the process's engine and source, and the
// stream of the bundle under way.
type worker struct {
	spec   spec
	st     store.Store // of the records
	engine *inference.Engine
	src    source.Source
	stream *inference.Stream
	unbind context.CancelFunc // of the bundle's context
	asked  time.Time          // when wanted looked last
}

// stopCheck is how often a worker looks whether its job was told to stop.
const stopCheck = 5 * time.Second

func (w *worker) open(ctx context.Context, s spec) (err error) {
	w.spec = s
	if w.st, err = s.Layout.records(); err != nil {
		return s.job().Fail(err)
	}
	if w.engine, err = inference.Open(ctx, s.Settings); err != nil {
		return s.job().Fail(err)
	}
	if w.engine.Hash() != s.Model {
		return s.job().Fail(fmt.Errorf(
			"opening model %q: it is not the one that the job began with: has the folder changed, or this worker's binary or precision?",
			s.Settings.Model))
	}
	w.engine.CountLoad(ctx)
	if w.src, err = source.Shared(ctx, s.Input); err != nil {
		return s.job().Fail(err)
	}
	return nil
}

// start begins a bundle.
func (w *worker) start(ctx context.Context) {
	w.stop()
	ctx, w.unbind = progress.Bind(ctx)
	w.stream = w.engine.NewStream(ctx)
}

// stop cancels and joins what a bundle has under way.
func (w *worker) stop() {
	if w.stream != nil {
		w.stream.Close()
		w.unbind()
		w.stream = nil
	}
}

// wanted returns an error once the job was told to stop.
func (w *worker) wanted(ctx context.Context) error {
	if w.spec.Claim.Stop == "" || time.Since(w.asked) < stopCheck {
		return nil
	}
	w.asked = time.Now()
	return w.spec.Claim.Check(ctx, w.st)
}

// task reads and colours one picture.
func (w *worker) task(it item) *inference.Task {
	return &inference.Task{
		Format:     Format(it.Encoding),
		Size:       it.Ref.Size,
		Thumbnails: it.Key <= w.spec.Show,
		Load: func(ctx context.Context) ([]byte, error) {
			if it.Stage != "" {
				return nil, &fault.PictureError{Stage: fault.Stage(it.Stage), Reason: it.Reason, Transient: it.Transient}
			}
			return source.ReadListed(ctx, w.src, it.Ref, w.spec.Settings.Limits.MaxBytes)
		},
	}
}

// count records a result everywhere but in the ledger, and frees its memory.
func (w *worker) count(ctx context.Context, r *inference.Result, t *totals) {
	inference.Count(ctx, r)
	t.count(r)
	switch {
	case r.Err == nil && r.Left: // counted already
	case r.Err == nil:
		t.Colored++
		coloredCounter.Inc(ctx, 1)
	case isPicture(r.Err):
		t.Rejects++
		w.spec.job().Reject(1)
		rejectCounter.Inc(ctx, 1)
	}
	w.spec.job().Add(1)
	r.Release()
}

// storeThumbnails keeps a picture's thumbnails for the report. They are written
// before the picture counts as done, so that the report of a job in several
// runs shows what that of an unbroken one does.
func (w *worker) storeThumbnails(ctx context.Context, key string, r *inference.Result) error {
	for name, data := range map[string][]byte{before(key): r.Before, after(key): r.After} {
		if data == nil {
			continue
		}
		_, err := w.st.Publish(ctx, thumbsFolder+"/"+name, store.Anything(), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return fmt.Errorf("writing a thumbnail: %w", err)
		}
	}
	return nil
}

func before(key string) string { return key + "-before" }
func after(key string) string  { return key + "-after" }
