// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[partFn]())
}

// partFn colours the pictures of one part of an archive and writes them into a
// zip of its own, sorted by name. A part whose record says that it is whole is
// left as it is.
type partFn struct {
	Spec spec

	worker worker
}

// Setup opens the model.
func (f *partFn) Setup(ctx context.Context) error { return f.worker.open(ctx, f.Spec) }

// StartBundle ends what a bundle before this one left behind.
func (f *partFn) StartBundle(context.Context, func(totals)) error {
	f.worker.stop()
	return nil
}

// ProcessElement makes one part.
func (f *partFn) ProcessElement(ctx context.Context, part string, each func(*item) bool, emit func(totals)) error {
	var items []item
	for it := (item{}); each(&it); it = (item{}) {
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(strings.Compare(a.Output, b.Output), strings.Compare(a.Key, b.Key))
	})
	t, err := f.make(ctx, f.Spec.partName(part), items)
	if err == nil {
		emit(t)
	}
	return f.Spec.job().Fail(err)
}

func (f *partFn) make(ctx context.Context, name string, items []item) (totals, error) {
	digest := f.Spec.partDigest(items)
	if r, err := readPart(ctx, f.worker.st, name); err == nil && r.Digest == digest && !r.retried(f.Spec) {
		// Marked anew, so that it is told from what other inputs have left.
		r.Run = f.Spec.Run
		f.Spec.job().Add(int64(len(items)))
		reusedCounter.Inc(ctx, int64(len(items)))
		return totals{Reused: int64(len(items))}, f.mark(ctx, name, r)
	}
	f.worker.start(ctx)
	defer f.worker.stop()
	p := &partWriter{fn: f, record: partRecord{Run: f.Spec.Run, Digest: digest}}
	info, err := f.publish(ctx, name+".zip", func(w io.Writer) error {
		if err := p.write(ctx, w, items); err != nil {
			return err
		}
		failpoint.Hit(fpPartWritten)
		return nil
	})
	if err != nil {
		return totals{}, fmt.Errorf("writing a part of the archive: %w", err)
	}
	failpoint.Hit(fpPartRenamed)
	p.record.Bytes, p.record.Version = info.Size, info.Version
	if err := f.mark(ctx, name, p.record); err != nil {
		return totals{}, err
	}
	failpoint.Hit(fpPartMarked)
	return p.totals, nil
}

// publish replaces a file, unless another job has taken the output over.
func (f *partFn) publish(ctx context.Context, name string, write func(io.Writer) error) (store.Info, error) {
	condition, err := f.Spec.Claim.Condition(ctx, f.worker.st, name)
	if err != nil {
		return store.Info{}, err
	}
	return f.worker.st.Publish(ctx, name, condition, write)
}

// mark says that a part is whole.
func (f *partFn) mark(ctx context.Context, name string, r partRecord) error {
	_, err := f.publish(ctx, name+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(r) })
	if err != nil {
		return fmt.Errorf("writing a part's record: %w", err)
	}
	return nil
}

// partWriter writes one part.
type partWriter struct {
	fn     *partFn
	zip    packer
	queue  []item // not written yet, in order
	record partRecord
	totals totals
}

func (p *partWriter) write(ctx context.Context, w io.Writer, items []item) error {
	p.zip = newPacker(zipArchive, w)
	for _, it := range items {
		if err := p.fn.worker.wanted(ctx); err != nil {
			return err
		}
		for p.fn.worker.stream.Full() {
			if err := p.next(ctx); err != nil {
				return err
			}
		}
		p.queue = append(p.queue, it)
		p.fn.worker.stream.Submit(p.fn.worker.task(it))
	}
	for len(p.queue) > 0 {
		if err := p.next(ctx); err != nil {
			return err
		}
	}
	return p.zip.finish()
}

// next writes the first picture of the queue.
func (p *partWriter) next(ctx context.Context) error {
	it := p.queue[0]
	p.queue = p.queue[1:]
	r := p.fn.worker.stream.Next()
	start := time.Now()
	sum := sha256.Sum256(r.Data)
	l, err := p.fn.Spec.lineOf(it, r, hex.EncodeToString(sum[:]))
	if err == nil && l.written() {
		err = p.add(ctx, l, r.Data, func() error { return p.fn.worker.storeThumbnails(ctx, it.Key, r) })
	}
	r.StoreTime = time.Since(start)
	p.fn.worker.count(ctx, r, &p.totals)
	p.record.Lines = append(p.record.Lines, l)
	return err
}

func (p *partWriter) add(ctx context.Context, l line, data []byte, thumbnails func() error) error {
	m, err := pack(p.zip, l.Output, data)
	if err != nil {
		return err
	}
	m.Key, m.Match = l.Key, matchOf(l.Version, l.Model, l.Settings)
	p.record.Members = append(p.record.Members, m)
	return cmp.Or(thumbnails(), ctx.Err())
}
