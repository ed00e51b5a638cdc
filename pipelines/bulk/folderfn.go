// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
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
	root     *os.Root
	writer   string // names this instance's ledger segments
	segments int
	folders  sync.Map // made already; asked for from the pool

	lines  []line
	since  time.Time // of the oldest line
	totals totals
}

// written is what a picture's task carries.
type written struct {
	item item
	sum  string
}

// Setup opens the model and the output.
func (f *colorizeFn) Setup(ctx context.Context) (err error) {
	if err := f.worker.open(ctx, f.Spec); err != nil {
		return err
	}
	if f.root, err = os.OpenRoot(f.Spec.Layout.Output); err != nil {
		return f.Spec.job().Fail(fmt.Errorf("opening output: %w", err))
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	f.writer = hex.EncodeToString(id[:])
	return nil
}

// Teardown closes the output, if Setup got as far as opening it.
func (f *colorizeFn) Teardown() error {
	if f.root == nil {
		return nil
	}
	return f.root.Close()
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
	for f.worker.stream.Full() {
		if err := f.take(ctx, f.worker.stream.Next(), emit); err != nil {
			return err
		}
	}
	w := &written{item: it}
	t := f.worker.task(it)
	t.Store = func(_ context.Context, r *inference.Result) error { return f.store(w, r) }
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
	return f.Spec.job().Fail(f.flush(emit))
}

// take records a result.
func (f *colorizeFn) take(ctx context.Context, r *inference.Result, emit func(totals)) error {
	w, _ := r.Task.Value.(*written)
	l, err := f.Spec.lineOf(w.item, r, w.sum)
	f.worker.count(ctx, r, &f.totals)
	if err != nil {
		return err
	}
	if len(f.lines) == 0 {
		f.since = time.Now()
	}
	f.lines = append(f.lines, l)
	if len(f.lines) >= segmentLines || time.Since(f.since) >= segmentTime {
		return f.flush(emit)
	}
	return nil
}

// flush puts the pictures since the last flush on disk and then says so in the
// ledger.
func (f *colorizeFn) flush(emit func(totals)) error {
	if len(f.lines) == 0 {
		return nil
	}
	if err := f.syncOutputs(); err != nil {
		return err
	}
	if err := f.Spec.Layout.writeSegment(f.Spec.Run, f.writer, f.segments, f.lines); err != nil {
		return err
	}
	f.segments++
	f.lines = nil
	emit(f.totals.take())
	return nil
}

// syncOutputs puts the pictures of a segment and their folders on disk, some at
// a time: a disk takes many small requests together as fast as a few.
func (f *colorizeFn) syncOutputs() error {
	var work sync.WaitGroup
	slots := make(chan struct{}, 8)
	errs := make([]error, len(f.lines))
	folders := map[string]struct{}{}
	for i, l := range f.lines {
		if l.rejected() {
			continue
		}
		folders[path.Dir(l.Output)] = struct{}{}
		slots <- struct{}{}
		work.Go(func() {
			errs[i] = f.syncOutput(l.Output)
			<-slots
		})
	}
	work.Wait()
	err := errors.Join(errs...)
	for name := range folders {
		err = errors.Join(err, syncDir(filepath.Join(f.Spec.Layout.Output, filepath.FromSlash(name))))
	}
	return err
}

func (f *colorizeFn) syncOutput(name string) error {
	file, err := f.root.OpenFile(filepath.FromSlash(name), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("putting a picture on disk: %w", err)
	}
	return errors.Join(file.Sync(), file.Close())
}

// store writes a coloured picture under its name. All paths go through
// [os.Root]: no symbolic link in the output leads out of it.
func (f *colorizeFn) store(w *written, r *inference.Result) error {
	sum := sha256.Sum256(r.Data)
	w.sum = hex.EncodeToString(sum[:])
	if err := f.worker.storeThumbnails(w.item.Key, r); err != nil {
		return err
	}
	name := filepath.FromSlash(w.item.Output)
	if err := f.makeFolder(filepath.Dir(name)); err != nil {
		return writeError(err)
	}
	tmp := filepath.Join(stateName, "tmp", f.writer+"-"+w.item.Key)
	if err := f.root.WriteFile(tmp, r.Data, 0o644); err != nil {
		return writeError(err)
	}
	failpoint.Hit(fpPictureWritten)
	if err := f.root.Rename(tmp, name); err != nil {
		return writeError(errors.Join(err, f.root.Remove(tmp)))
	}
	failpoint.Hit(fpPictureRenamed)
	return nil
}

func (f *colorizeFn) makeFolder(name string) error {
	if _, ok := f.folders.Load(name); ok {
		return nil
	}
	if err := f.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	f.folders.Store(name, true)
	return nil
}

// writeError tells what is wrong with one name from what is wrong with the
// whole output, which ends the job: thousands of rejects for a full disk would
// help nobody.
func writeError(err error) error {
	for _, name := range []error{syscall.ENAMETOOLONG, syscall.EISDIR, syscall.ENOTDIR, fs.ErrExist, syscall.ENOTEMPTY} {
		if errors.Is(err, name) {
			return &fault.PictureError{Stage: fault.StageWrite, Reason: "the output has no place for this name", Transient: true, Err: err}
		}
	}
	if strings.Contains(err.Error(), "escapes from parent") { // os has no exported error for it
		return &fault.PictureError{
			Stage: fault.StageWrite, Reason: "a symbolic link in the output leads out of it", Transient: true, Err: err,
		}
	}
	return fmt.Errorf("writing a coloured picture: %w", err)
}
