// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxFile bounds what ReadFile holds in memory.
const maxFile = 1 << 30

// local is a [Store] in a folder.
type local struct{ dir string }

func newLocal(dir string) *local { return &local{dir: filepath.Clean(dir)} }

// URI implements [Store].
func (l *local) URI() string { return l.dir }

// Local implements [Store].
func (l *local) Local() (string, bool) { return l.dir, true }

// path checks a name and returns where it lies.
func (l *local) path(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	return filepath.Join(l.dir, filepath.FromSlash(name)), nil
}

// List implements [Store]. Links to files count as files.
func (l *local) List(ctx context.Context, dir string) ([]Info, error) {
	if err := errors.Join(ctx.Err(), checkDir(dir)); err != nil {
		return nil, err
	}
	folder := filepath.Join(l.dir, filepath.FromSlash(dir))
	entries, err := os.ReadDir(folder)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", folder, err)
	}
	var out []Info
	for _, e := range entries {
		if temporary.MatchString(e.Name()) || e.IsDir() {
			continue
		}
		i, err := os.Stat(filepath.Join(folder, e.Name()))
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile, or a link to nothing
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing %q: %w", folder, err)
		}
		if !i.Mode().IsRegular() {
			continue
		}
		name := e.Name()
		if dir != "" {
			name = dir + "/" + name
		}
		out = append(out, infoOf(name, i))
	}
	return out, nil
}

func infoOf(name string, i fs.FileInfo) Info {
	return Info{Name: name, Size: i.Size(), Version: version(i)}
}

// Stat implements [Store].
func (l *local) Stat(ctx context.Context, name string) (Info, error) {
	path, err := l.path(ctx, name)
	if err != nil {
		return Info{}, err
	}
	i, err := statFile(path)
	if err != nil {
		return Info{}, err
	}
	return infoOf(name, i), nil
}

// statFile takes a folder for nothing: on gs:// there is nothing either.
func statFile(path string) (fs.FileInfo, error) {
	i, err := os.Stat(path)
	if missing(err) || err == nil && i.IsDir() {
		return nil, notThere(path)
	}
	return i, err
}

// ReadFile implements [Store].
func (l *local) ReadFile(ctx context.Context, name string) ([]byte, error) {
	f, err := l.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	if f.Size() > maxFile {
		return nil, fmt.Errorf("reading %q: %w: %d bytes exceed the limit of %d", name, ErrTooLarge, f.Size(), int64(maxFile))
	}
	data := make([]byte, f.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.Size()), data); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return data, nil
}

// localFile is a [File] in a folder.
type localFile struct {
	*os.File

	name string
	size int64
}

// Size implements [File].
func (f *localFile) Size() int64 { return f.size }

// Name implements [File].
func (f *localFile) Name() string { return f.name }

// Open implements [Store].
func (l *local) Open(ctx context.Context, name string) (File, error) {
	return l.open(ctx, name)
}

func (l *local) open(ctx context.Context, name string) (*localFile, error) {
	path, err := l.path(ctx, name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if missing(err) {
		return nil, notThere(path)
	}
	if err != nil {
		return nil, err
	}
	i, err := f.Stat()
	if err == nil && i.IsDir() {
		err = notThere(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &localFile{File: f, name: name, size: i.Size()}, nil
}

// Stream implements [Store].
func (l *local) Stream(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := l.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &localStream{ctx: ctx, f: f.File}, nil
}

// localStream ends with its context, as a download does.
type localStream struct {
	f   *os.File        // not embedded: its WriteTo knows no context
	ctx context.Context //nolint:containedctx // one for the stream's whole life, as in an HTTP response
}

// Read implements [io.Reader].
func (s *localStream) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.f.Read(b)
}

// Close implements [io.Closer].
func (s *localStream) Close() error { return s.f.Close() }

// Remove implements [Store].
func (l *local) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		path, err := l.path(ctx, name)
		if err != nil {
			return err
		}
		// os.Remove would take an empty folder too.
		if i, err := os.Lstat(path); missing(err) || err == nil && i.IsDir() {
			continue
		}
		if err := os.Remove(path); err != nil && !missing(err) {
			return fmt.Errorf("removing: %w", err)
		}
	}
	return nil
}

// RemoveAll implements [Store].
func (l *local) RemoveAll(ctx context.Context, dir string) error {
	path, err := l.path(ctx, dir)
	if err != nil {
		return err
	}
	if i, err := os.Lstat(path); missing(err) || err == nil && !i.IsDir() {
		return nil // no folder, and a file of that name is not in it
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	return nil
}

// missing includes names below a file: nothing lies in there.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// notThere is the error of a name that is no object.
func notThere(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}
