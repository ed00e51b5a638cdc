// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// Info describes one object.
type Info struct {
	// Name is relative to the store, with "/" between folders.
	Name string
	// Size is in bytes.
	Size int64
	// Version changes whenever the object is published anew: the generation on
	// gs://, a string of the file system's making in a folder.
	Version string
}

// File is an open object. Its reads stay with the version that was opened; on
// gs:// each read is one request, under the context given to Open, and fails
// once that version is gone. It is safe for concurrent use.
type File interface {
	io.ReaderAt
	io.Closer
	// Size returns the object's size in bytes.
	Size() int64
	// Name returns the object's name, relative to the store.
	Name() string
}

// Store is a folder of objects. It is safe for concurrent use.
//
// Names have "/" between folders and are clean, relative and valid UTF-8: "a",
// "a/b", not "/a", "a//b", "./a" or "a/../b", and not like a temporary file's
// ("a.12.tmp"). Any other name is an error of every method, except that "" is
// the store itself where a folder is asked for. A name that is not there is
// [io/fs.ErrNotExist].
type Store interface {
	// URI returns what [Open] was given, without slashes at its end.
	URI() string
	// Local returns the folder's path, or false on gs://.
	Local() (dir string, ok bool)
	// List returns the objects directly in dir, sorted by name, without
	// folders and without what is being written. A missing folder is empty.
	List(ctx context.Context, dir string) ([]Info, error)
	// Stat looks at one object.
	Stat(ctx context.Context, name string) (Info, error)
	// ReadFile reads an object of at most 1 GiB; a larger one is [ErrTooLarge].
	ReadFile(ctx context.Context, name string) ([]byte, error)
	// Open opens an object for random access.
	Open(ctx context.Context, name string) (File, error)
	// Stream opens an object to be read once, from its beginning to its end:
	// on gs:// that is a single request.
	Stream(ctx context.Context, name string) (io.ReadCloser, error)
	// Publish writes an object as a whole or not at all: whatever write
	// returns, and whenever the process dies, readers see the old object or
	// the new one. Folders are made as needed. The writer given to write is
	// buffered and fails once ctx is done. If c does not hold, the result is
	// [ErrConflict], unless the object that is there has the same bytes.
	Publish(ctx context.Context, name string, c Condition, write func(io.Writer) error) (Info, error)
	// Remove removes objects; missing ones are no error.
	Remove(ctx context.Context, names ...string) error
	// RemoveAll removes the folder dir, which must not be "", with all that
	// lies in it at any depth. A missing folder is no error.
	RemoveAll(ctx context.Context, dir string) error
}

// ErrConflict says that an object was published by someone else meanwhile.
var ErrConflict = errors.New("it was written by another job meanwhile")

// ErrTooLarge says that an object has more bytes than [Store.ReadFile] reads.
var ErrTooLarge = gcs.ErrTooLarge

// Condition says what [Store.Publish] may replace.
type Condition struct {
	kind   conditionKind
	before Info
	mark   string
}

// Marked returns the condition for an object that also gets a mark, which [Mark]
// reads. Files of a folder get none.
func (c Condition) Marked(mark string) Condition {
	c.mark = mark
	return c
}

// Mark returns an object and the mark that it was published with; none for an
// object without one, or in a folder.
func Mark(ctx context.Context, st Store, name string) (mark string, _ Info, _ error) {
	b, ok := st.(*bucket)
	if !ok {
		info, err := st.Stat(ctx, name)
		return "", info, err
	}
	if err := checkName(name); err != nil {
		return "", Info{}, err
	}
	o, err := gcs.Stat(ctx, b.name, b.root+name)
	if err != nil {
		return "", Info{}, err
	}
	return o.Mark, b.info(o), nil
}

type conditionKind uint8

const (
	anything conditionKind = iota
	absent
	unchanged
)

// Anything replaces whatever is there.
func Anything() Condition { return Condition{} }

// Absent replaces nothing: the object must not be there.
func Absent() Condition { return Condition{kind: absent} }

// Unchanged replaces the very version that i describes, as returned by
// [Store.Stat], [Store.List] or [Store.Publish].
func Unchanged(i Info) Condition { return Condition{kind: unchanged, before: i} }

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Open returns the store at uri, "gs://BUCKET", "gs://BUCKET/PREFIX" or the
// path of a folder. It looks at nothing: a folder that is not there is an
// empty one until something is published. What cannot be a store is a request
// error.
func Open(uri string) (Store, error) {
	if gcs.IsURL(uri) {
		return openBucket(uri)
	}
	if s := scheme.FindString(uri); s != "" {
		return nil, fault.Request("%q: only folders and gs:// can hold a data set, not %s", uri, s)
	}
	if uri == "" || strings.ContainsRune(uri, 0) {
		return nil, fault.Request("%q is no folder's path", uri)
	}
	return newLocal(uri), nil
}
