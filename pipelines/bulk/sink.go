// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// sink is where the coloured pictures of an output folder go, one by one. store
// is safe for concurrent use.
type sink interface {
	// store puts a picture under its name. What is wrong with one name is a
	// [fault.PictureError].
	store(ctx context.Context, it item, data []byte) (placed, error)
	// sync makes the pictures of lines durable.
	sync(lines []line) error
	close() error
}

// placed is what lies under a picture's name.
type placed struct {
	generation int64 // under gs://
	// earlier has the bytes of another try of this work, where they are not those
	// that were to be stored: machines may differ in a network's last bits.
	earlier []byte
}

// openSink opens the output folder for a writer of that name.
func openSink(s spec, writer string) (sink, error) {
	if s.Layout.remote() {
		st, err := store.Open(s.Layout.Output)
		// No other run of any job has this mark.
		return bucketSink{st, fmt.Sprintf("%s-%d", s.Claim.Version, s.Run)}, err
	}
	root, err := os.OpenRoot(s.Layout.Output)
	if err != nil {
		return nil, fmt.Errorf("opening output: %w", err)
	}
	return &folderSink{root: root, output: s.Layout.Output, writer: writer}, nil
}

// folderSink writes into a local folder. All paths go through [os.Root]: no
// symbolic link in the output leads out of it.
type folderSink struct {
	root    *os.Root
	output  string
	writer  string   // in the names of temporary files
	folders sync.Map // made already
}

func (s *folderSink) close() error { return s.root.Close() }

func (s *folderSink) store(_ context.Context, it item, data []byte) (placed, error) {
	name := filepath.FromSlash(it.Output)
	if err := s.makeFolder(filepath.Dir(name)); err != nil {
		return placed{}, writeError(err)
	}
	tmp := filepath.Join(stateName, "tmp", s.writer+"-"+it.Key)
	if err := s.root.WriteFile(tmp, data, 0o644); err != nil {
		return placed{}, writeError(err)
	}
	failpoint.Hit(fpPictureWritten)
	if err := s.place(tmp, name, it.Found != "", data); err != nil {
		return placed{}, writeError(errors.Join(err, s.root.Remove(tmp)))
	}
	failpoint.Hit(fpPictureRenamed)
	return placed{}, nil
}

// place gives a picture its name, where nothing has come that was not there when
// that was planned; the same bytes are another try of this work.
func (s *folderSink) place(tmp, name string, replace bool, data []byte) error {
	if !replace {
		err := s.root.Link(tmp, name)
		if err == nil {
			return s.root.Remove(tmp)
		}
		there, err2 := s.root.Lstat(name)
		switch {
		case errors.Is(err2, fs.ErrNotExist): // no hard links here, or no place: a rename will say
		case err2 != nil:
			return err
		case !there.Mode().IsRegular() || there.Size() != int64(len(data)):
			return foreign()
		default:
			same, err := s.root.ReadFile(name)
			if err != nil {
				return err
			}
			if !bytes.Equal(same, data) {
				return foreign()
			}
		}
	}
	return s.root.Rename(tmp, name)
}

func (s *folderSink) makeFolder(name string) error {
	if _, ok := s.folders.Load(name); ok {
		return nil
	}
	if err := s.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	s.folders.Store(name, true)
	return nil
}

// sync puts pictures and their folders on disk, some at a time: a disk takes
// many small requests together as fast as a few.
func (s *folderSink) sync(lines []line) error {
	var work sync.WaitGroup
	slots := make(chan struct{}, 8)
	errs := make([]error, len(lines))
	folders := map[string]struct{}{}
	for i, l := range lines {
		if !l.written() {
			continue
		}
		folders[path.Dir(l.Output)] = struct{}{}
		slots <- struct{}{}
		work.Go(func() {
			errs[i] = s.syncFile(l.Output)
			<-slots
		})
	}
	work.Wait()
	err := errors.Join(errs...)
	for name := range folders {
		err = errors.Join(err, unlessGone(store.SyncDir(filepath.Join(s.output, filepath.FromSlash(name)))))
	}
	return err
}

func (s *folderSink) syncFile(name string) error {
	file, err := s.root.OpenFile(filepath.FromSlash(name), os.O_RDWR, 0)
	if err != nil {
		return unlessGone(fmt.Errorf("putting a picture on disk: %w", err))
	}
	return errors.Join(file.Sync(), file.Close())
}

// unlessGone drops the error of what somebody has taken out of the output since
// it was written, as one may: the next run makes it again.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeError tells what is wrong with one name from what is wrong with the
// whole output, which ends the job: thousands of rejects for a full disk would
// help nobody.
func writeError(err error) error {
	if isPicture(err) {
		return err
	}
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

// bucketSink writes objects under gs://, each as a whole and under a condition:
// nothing may have come where nothing was, and what is replaced must be what was
// found. Where the condition does not hold but the bytes are the same, or what is
// there has this run's mark, the picture is done: another try of this work has
// written it.
type bucketSink struct {
	st   store.Store
	mark string
}

func (bucketSink) close() error { return nil }

func (bucketSink) sync([]line) error { return nil } // an object is durable when it is there

func (s bucketSink) store(ctx context.Context, it item, data []byte) (placed, error) {
	condition := store.Absent()
	if it.Found != "" {
		condition = store.Unchanged(store.Info{Name: it.Output, Version: it.Found})
	}
	info, err := s.st.Publish(ctx, it.Output, condition.Marked(s.mark), func(w io.Writer) error {
		_, err := w.Write(data)
		failpoint.Hit(fpPictureWritten)
		return err
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return s.earlier(ctx, it)
	case errors.Is(err, gcs.ErrInvalid):
		return placed{}, &fault.PictureError{Stage: fault.StageWrite, Reason: "the output has no place for this name", Err: err}
	case err != nil:
		return placed{}, fmt.Errorf("writing a coloured picture: %w", err)
	}
	failpoint.Hit(fpPictureRenamed)
	generation, err := generationOf(info)
	return placed{generation: generation}, err
}

// earlier returns what another try of this work has put under a picture's name. What
// anybody else has put there stays, and rejects the picture.
func (s bucketSink) earlier(ctx context.Context, it item) (placed, error) {
	mark, info, err := store.Mark(ctx, s.st, it.Output)
	if err != nil {
		return placed{}, fmt.Errorf("looking at an earlier coloured picture: %w", err)
	}
	if mark != s.mark {
		return placed{}, foreign()
	}
	generation, err := generationOf(info)
	if err != nil {
		return placed{}, err
	}
	data, err := s.st.ReadFile(ctx, it.Output)
	if err != nil {
		return placed{}, fmt.Errorf("reading an earlier coloured picture: %w", err)
	}
	return placed{generation, data}, nil
}

func generationOf(info store.Info) (int64, error) {
	generation, err := strconv.ParseInt(info.Version, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("writing a coloured picture: its version must be a generation, got %q", info.Version)
	}
	return generation, nil
}
