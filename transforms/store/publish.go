// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// PublishFile writes the file dir/name as a whole or not at all: into a
// temporary file in dir, which is synced and renamed, and then the folder is
// synced. A file of that name is replaced; dir must be there. The writer given
// to write is buffered.
//
// What a killed process leaves is a file whose name ends in ".tmp"; nothing
// reads those, and [CleanTemp] removes them.
func PublishFile(dir, name string, write func(io.Writer) error) error {
	if name != filepath.Base(name) {
		return fmt.Errorf("publishing %q: it is no file's name", name)
	}
	_, err := publish(context.Background(), filepath.Join(dir, name), Anything(), write)
	return err
}

// Publish implements [Store].
func (l *local) Publish(ctx context.Context, name string, c Condition, write func(io.Writer) error) (Info, error) {
	target, err := l.path(ctx, name)
	if err == nil {
		err = makeFolder(filepath.Dir(target))
	}
	if err != nil {
		return Info{}, fmt.Errorf("publishing %q: %w", name, err)
	}
	i, err := publish(ctx, target, c, write)
	if err != nil {
		return Info{}, err
	}
	return infoOf(name, i), nil
}

func publish(ctx context.Context, target string, c Condition, write func(io.Writer) error) (_ fs.FileInfo, err error) {
	// filepath.Split would leave no folder of a bare name, which CreateTemp takes
	// for the system's temporary one.
	dir, name := filepath.Dir(target), filepath.Base(target)
	object := objectOf(name)
	// A fixed name would let two processes write into one file.
	f, err := os.CreateTemp(dir, name+".*"+tempSuffix)
	if err != nil {
		return nil, fmt.Errorf("publishing %q: %w", name, err)
	}
	moved := false
	defer func() {
		if moved {
			return
		}
		_ = f.Close() // closed already on the later paths, and the first error counts
		if gone := os.Remove(f.Name()); gone != nil {
			err = errors.Join(err, gone)
		}
		if err != nil {
			err = fmt.Errorf("publishing %q: %w", name, err)
		}
	}()
	if err := fill(ctx, f, write); err != nil {
		return nil, err
	}
	failpoint.Hit(object + ".written")
	if err := f.Chmod(0o644); err != nil { // CreateTemp makes it private
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	failpoint.Hit(object + ".synced")
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	moved, err = place(f.Name(), target, c)
	if err != nil {
		return nil, err
	}
	failpoint.Hit(object + ".renamed")
	if err := SyncDir(dir); err != nil {
		return nil, fmt.Errorf("publishing %q: syncing folder: %w", name, err)
	}
	return os.Stat(target)
}

// fill runs write with a buffered writer onto w.
func fill(ctx context.Context, w io.Writer, write func(io.Writer) error) error {
	buf := bufio.NewWriterSize(&cancelled{ctx, w}, 1<<16)
	if err := write(buf); err != nil {
		return err
	}
	return buf.Flush()
}

// cancelled fails once its context is done.
type cancelled struct {
	ctx context.Context //nolint:containedctx // io.Writer has no place for one
	w   io.Writer
}

func (c *cancelled) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// objectOf names what is published, for failpoints: "prepare.shard",
// "prepare.stats", "prepare.info", and "publish.file" for all else.
func objectOf(name string) string {
	name = path.Base(filepath.ToSlash(name))
	switch {
	case strings.HasSuffix(name, ".tar"):
		return "prepare.shard"
	case strings.HasSuffix(name, "_stats.json"):
		return "prepare.stats"
	case name == "dataset_info.json":
		return "prepare.info"
	}
	return "publish.file"
}

// makeFolder makes a folder and its parents, durably.
func makeFolder(dir string) error {
	if i, err := os.Stat(dir); err == nil && i.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return os.MkdirAll(dir, 0o755) // says what is wrong with a root
	}
	if err := makeFolder(parent); err != nil {
		return err
	}
	// Another writer may make it at the same time; MkdirAll takes that well.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return SyncDir(parent)
}

// SyncDir makes what was renamed or made in a local folder durable. Windows has no
// such call and needs none, and file systems that cannot do it are no error.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unlessUnsupported(d.Sync()), d.Close())
}

// unlessUnsupported drops the errors of file systems that cannot sync a folder,
// as some in user space and some shares: there is nothing else to be done.
func unlessUnsupported(err error) error {
	for _, no := range []error{syscall.EINVAL, syscall.ENOTSUP, errors.ErrUnsupported} {
		if errors.Is(err, no) {
			return nil
		}
	}
	return err
}
