// SPDX-License-Identifier: Apache-2.0

package origin

import (
	"bufio"
	"context"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// files are a store's objects as a file system that opens files and does nothing
// else. Its errors are the store's, which name the object's whole URL.
type files struct {
	ctx context.Context //nolint:containedctx // fs.FS has no place for one.
	st  store.Store
}

// window is how many bytes of a file one request reads, unless a reader wants more
// at once: enough that waiting for an answer takes less time than the bytes do.
const window = 8 << 20

// Open looks at an object. Its reads stay with the version that is there now.
func (f *files) Open(name string) (fs.File, error) {
	o, err := f.st.Open(f.ctx, name)
	if err != nil {
		return nil, err
	}
	size := int(min(o.Size(), window))
	return &file{object: o, Reader: bufio.NewReaderSize(io.NewSectionReader(o, 0, o.Size()), size)}, nil
}

// file is an object that is read from its beginning to its end.
type file struct {
	*bufio.Reader

	object store.File
}

// Stat implements [fs.File].
func (f *file) Stat() (fs.FileInfo, error) { return info{f.object}, nil }

// Close implements [fs.File].
func (f *file) Close() error { return f.object.Close() }

// info describes an object as far as is known of it.
type info struct{ object store.File }

func (i info) Name() string     { return path.Base(i.object.Name()) }
func (i info) Size() int64      { return i.object.Size() }
func (info) Mode() fs.FileMode  { return 0o444 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }
