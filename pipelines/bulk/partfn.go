// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
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
	old    *zip.ReadCloser // the archive of an earlier run
	oldBy  map[string]*zip.File
}

// partRecord says that a part is whole; it is written after it.
type partRecord struct {
	// Digest names the pictures that went in.
	Digest string `json:"digest"`
	Bytes  int64  `json:"bytes"`
	Lines  []line `json:"lines"`
}

// transient reports whether a picture of the part may be worth another try.
func (r partRecord) transient() bool {
	return slices.ContainsFunc(r.Lines, func(l line) bool { return l.Transient })
}

// partName is a part's file without its extension.
func (l layout) partName(plan, part string, parts int) string {
	base := strings.TrimSuffix(filepath.Base(l.Output), filepath.Ext(l.Output))
	return filepath.Join(l.parts(), plan, fmt.Sprintf("%s-%s-of-%05d", base, part, parts))
}

// Setup opens the model.
func (f *partFn) Setup(ctx context.Context) error { return f.worker.open(ctx, f.Spec) }

// Teardown closes the archive of an earlier run.
func (f *partFn) Teardown() error {
	if f.old == nil {
		return nil
	}
	return f.old.Close()
}

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
	t, err := f.make(ctx, f.Spec.Layout.partName(f.Spec.Plan, part, f.Spec.Parts), items)
	if err == nil {
		emit(t)
	}
	return f.Spec.job().Fail(err)
}

func (f *partFn) make(ctx context.Context, name string, items []item) (totals, error) {
	digest := f.Spec.partDigest(items)
	if r, err := readPart(name); err == nil && r.Digest == digest && !r.transient() {
		f.Spec.job().Add(int64(len(items)))
		return totals{Reused: int64(len(items))}, nil
	}
	f.worker.start(ctx)
	defer f.worker.stop()
	p := &partWriter{fn: f, record: partRecord{Digest: digest}}
	err := f.Spec.Layout.publishSteps(name+".zip", func(w io.Writer) error {
		return p.write(ctx, w, items)
	}, hit(fpPartWritten))
	if err != nil {
		return totals{}, fmt.Errorf("writing a part of the archive: %w", err)
	}
	failpoint.Hit(fpPartRenamed)
	info, err := os.Stat(name + ".zip")
	if err != nil {
		return totals{}, fmt.Errorf("writing a part of the archive: %w", err)
	}
	p.record.Bytes = info.Size()
	err = f.Spec.Layout.publish(name+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(p.record) })
	if err != nil {
		return totals{}, err
	}
	failpoint.Hit(fpPartMarked)
	return p.totals, nil
}

// partDigest names what a part is made of.
func (s spec) partDigest(items []item) string {
	d := newDigester()
	d.add(s.Model, s.Hash, s.RejectHash)
	for _, it := range items {
		d.add(it.Key, versionOf(it.Ref), it.Output)
	}
	return d.sum()
}

// readPart reads a part's record and checks that its zip is there.
func readPart(name string) (r partRecord, err error) {
	data, err := os.ReadFile(name + ".json")
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reading %q: %w", name+".json", err)
	}
	info, err := os.Stat(name + ".zip")
	if err == nil && info.Size() != r.Bytes {
		err = fmt.Errorf("part %q must have %d bytes, got %d", name+".zip", r.Bytes, info.Size())
	}
	return r, err
}

// partWriter writes one part.
type partWriter struct {
	fn     *partFn
	zip    *zip.Writer
	queue  []item // not written yet, in order
	record partRecord
	totals totals
}

func (p *partWriter) write(ctx context.Context, w io.Writer, items []item) error {
	p.zip = zip.NewWriter(w)
	for _, it := range items {
		for p.fn.worker.stream.Full() {
			if err := p.next(ctx); err != nil {
				return err
			}
		}
		p.queue = append(p.queue, it)
		if !it.Reuse {
			t := p.fn.worker.task(it)
			p.fn.worker.stream.Submit(t)
		}
	}
	for len(p.queue) > 0 {
		if err := p.next(ctx); err != nil {
			return err
		}
	}
	return p.zip.Close()
}

// next writes the first picture of the queue.
func (p *partWriter) next(ctx context.Context) error {
	it := p.queue[0]
	p.queue = p.queue[1:]
	if it.Reuse {
		return p.reuse(ctx, it)
	}
	r := p.fn.worker.stream.Next()
	sum := sha256.Sum256(r.Data)
	l, err := p.fn.Spec.lineOf(it, r, hex.EncodeToString(sum[:]))
	if err == nil && r.Err == nil {
		err = errors.Join(p.member(it.Output, r.Data), p.fn.worker.storeThumbnails(it.Key, r))
	}
	p.fn.worker.count(ctx, r, &p.totals)
	p.record.Lines = append(p.record.Lines, l)
	return err
}

// member adds a stored member without times.
func (p *partWriter) member(name string, data []byte) error {
	w, err := p.zip.CreateRaw(storedHeader(name, data))
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

// reuse copies a picture from the archive of an earlier run, as it is.
func (p *partWriter) reuse(ctx context.Context, it item) error {
	old, err := p.fn.oldMember(it.Output)
	if err != nil {
		return err
	}
	if err := p.zip.Copy(old); err != nil {
		return fmt.Errorf("copying %q from the archive of an earlier run: %w", it.Output, err)
	}
	p.totals.Reused++
	reusedCounter.Inc(ctx, 1)
	p.fn.Spec.job().Add(1)
	return nil
}

// oldMember finds a picture in the archive of an earlier run, which is opened
// when the first is asked for.
func (f *partFn) oldMember(name string) (*zip.File, error) {
	if f.old == nil {
		old, err := zip.OpenReader(f.Spec.Layout.Output)
		if err != nil {
			return nil, fmt.Errorf("opening the archive of an earlier run: %w", err)
		}
		f.old, f.oldBy = old, make(map[string]*zip.File, len(old.File))
		for _, m := range old.File {
			f.oldBy[m.Name] = m
		}
	}
	m, ok := f.oldBy[name]
	if !ok {
		return nil, fmt.Errorf("the archive of an earlier run lacks %q", name)
	}
	return m, nil
}
