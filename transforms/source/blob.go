// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// blob is a file or object of which parts are read.
type blob interface {
	// window returns the n bytes at off, fewer only where the blob ends.
	window(ctx context.Context, off, n int64) ([]byte, error)
	size() int64
	// ahead returns a reader for going through headers or a directory.
	ahead(ctx context.Context) *readahead
	// stream returns the bytes from the first to the last.
	stream(ctx context.Context) (io.ReadCloser, error)
	Close() error
}

// fileBlob is a local file. Its size is that of the moment it was opened.
type fileBlob struct {
	*os.File
	length int64
}

func openFileBlob(path string) (*fileBlob, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &fileBlob{File: file, length: info.Size()}, nil
}

func (f *fileBlob) size() int64 { return f.length }

func (f *fileBlob) window(ctx context.Context, off, n int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n = clamp(off, n, f.length)
	if n == 0 {
		return nil, nil
	}
	data := make([]byte, n)
	got, err := f.ReadAt(data, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:got], err
}

// clamp returns how many of n bytes at off lie inside a blob.
func clamp(off, n, size int64) int64 {
	if off < 0 || off >= size {
		return 0
	}
	return max(0, min(n, size-off))
}

func (f *fileBlob) ahead(ctx context.Context) *readahead {
	var piece []byte // each takes the place of the one before
	fetch := func(off, n int64) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n = clamp(off, n, f.length)
		if int64(cap(piece)) < n {
			piece = make([]byte, n)
		}
		got, err := f.ReadAt(piece[:n], off)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return piece[:got], err
	}
	return &readahead{blob: f, fetch: fetch, least: 4 << 10, most: 64 << 10}
}

func (f *fileBlob) stream(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(f.File, 0, f.length)), nil
}

// objectBlob is one generation of an object.
type objectBlob struct {
	bucket string
	object gcs.Object
}

func (o *objectBlob) size() int64 { return o.object.Size }

func (o *objectBlob) Close() error { return nil }

func (o *objectBlob) window(ctx context.Context, off, n int64) ([]byte, error) {
	n = clamp(off, n, o.object.Size)
	if n == 0 {
		return nil, ctx.Err()
	}
	return gcs.ReadRange(ctx, o.bucket, o.object.Name, o.object.Generation, off, n)
}

func (o *objectBlob) ahead(ctx context.Context) *readahead {
	fetch := func(off, n int64) ([]byte, error) { return o.window(ctx, off, n) }
	return &readahead{blob: o, fetch: fetch, least: 64 << 10, most: 4 << 20}
}

func (o *objectBlob) stream(ctx context.Context) (io.ReadCloser, error) {
	return gcs.NewReader(ctx, o.bucket, o.object.Name, o.object.Generation)
}

// isPathError reports whether the operating system is the one that complains.
func isPathError(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok
}
