// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// listWalk yields the pictures of sorted entries. Of those it has met it keeps
// the folders, patterns and archives that the next entry may lie in.
type listWalk struct {
	list  *list
	yield func(Ref) error
	batch []entry
	stack []*container

	// refused says why refusedURI could not be opened.
	refusedURI string
	refused    error
}

// add takes the next entry. Entries wait for one another, so that questions
// about objects go out together.
func (w *listWalk) add(ctx context.Context, e entry) error {
	w.batch = append(w.batch, e)
	if len(w.batch) < batchEntries {
		return nil
	}
	return w.flush(ctx)
}

// flush yields the pictures of the entries that wait.
func (w *listWalk) flush(ctx context.Context) error {
	objects, err := w.ask(ctx)
	if err != nil {
		return err
	}
	for i, e := range w.batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		for n := len(w.stack); n > 0 && !w.stack[n-1].holds(e.path); n-- {
			w.stack = w.stack[:n-1]
		}
		switch {
		case e.kind == entryMember:
			err = w.member(ctx, e)
		case e.kind == entryGlob:
			err = w.inside(ctx, e, folderPrefix(e.path)+e.sub)
		case gcs.IsURL(e.path):
			err = w.cloud(ctx, e, objects[i])
		default:
			err = w.local(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	w.batch = w.batch[:0]
	return nil
}

// ask returns the objects that entries name, nil where there is none.
func (w *listWalk) ask(ctx context.Context) ([]*gcs.Object, error) {
	objects := make([]*gcs.Object, len(w.batch))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(parallelCalls)
	for i, e := range w.batch {
		u, err := gcs.ParseURL(e.path)
		if err != nil || e.kind != entryPlain || u.Object == "" || strings.HasSuffix(u.Object, "/") {
			continue
		}
		calls.Go(func() error {
			o, err := namedObject(ctx, u)
			if err != nil {
				return fmt.Errorf("listing %q: %w", w.list.uri, err)
			}
			objects[i] = o
			return nil
		})
	}
	return objects, calls.Wait()
}

// local yields what a path names.
func (w *listWalk) local(ctx context.Context, e entry) error {
	info, err := os.Stat(e.path)
	switch {
	case err != nil && !IsPicture(path.Base(e.path)):
		return w.missing(e.path, path.Base(e.path))
	case err == nil && info.IsDir():
		return w.folder(ctx, e)
	case err == nil && listName(e.path):
		return w.missing(e.path, path.Base(e.path))
	}
	if _, gone := os.Lstat(e.path); gone == nil && w.covered(e.path) {
		return nil
	}
	uri, member := w.list.single(e.path)
	if err != nil {
		return w.yield(Ref{URI: uri, Member: []byte(member)})
	}
	if info.Mode().IsRegular() && !IsPicture(path.Base(e.path)) {
		if head, err := fileHead(e.path); err == nil && kindOf(e.path, head) != kindOther {
			return w.inside(ctx, e, e.path)
		}
	}
	return w.yield(fileRef(uri, member, info))
}

// cloud yields what a gs:// URI names.
func (w *listWalk) cloud(ctx context.Context, e entry, o *gcs.Object) error {
	switch {
	case o != nil && listName(e.path):
		return w.missing(e.path, path.Base(e.path))
	case o != nil && archiveName(e.path):
		return w.inside(ctx, e, e.path)
	case o != nil:
		if w.covered(e.path) {
			return nil
		}
		uri, member := w.list.single(e.path)
		return w.yield(Ref{URI: uri, Member: []byte(member), Size: o.Size, Version: strconv.FormatInt(o.Generation, 10)})
	case !IsPicture(path.Base(e.path)) || strings.HasSuffix(e.path, "/"):
		return w.folder(ctx, e)
	}
	u, err := gcs.ParseURL(e.path)
	if err != nil {
		return w.missing(e.path, path.Base(e.path))
	}
	// A prefix may end as pictures do.
	found, err := anyObject(ctx, u.Bucket, folderPrefix(u.Object))
	switch {
	case err == nil && found:
		return w.folder(ctx, e)
	case err != nil && !lasting(err):
		return fmt.Errorf("listing %q: %w", w.list.uri, err)
	}
	uri, member := w.list.single(e.path)
	return w.yield(Ref{URI: uri, Member: []byte(member)})
}

// folder yields the pictures of a folder or prefix, unless another entry has.
func (w *listWalk) folder(ctx context.Context, e entry) error {
	if w.coveredFolder(folderPrefix(e.path)) {
		return nil
	}
	return w.inside(ctx, e, e.path)
}

// inside yields the pictures of a folder, pattern or archive.
func (w *listWalk) inside(ctx context.Context, e entry, full string) error {
	uri := w.list.relative(full)
	s, release, err := w.open(ctx, uri)
	if fault.IsRequest(err) {
		return w.missing(full, path.Base(full))
	}
	if err != nil {
		return err
	}
	defer release()
	c := &container{prefix: folderPrefix(e.path), local: !gcs.IsURL(e.path)}
	c.describe(s)
	seen := false
	err = s.List(ctx, func(r Ref) error {
		seen = true
		if !c.archive && w.covered(c.prefix+string(r.Member)) {
			return nil
		}
		r.URI = uri
		return w.yield(r)
	})
	if err == nil && !seen && e.kind == entryGlob {
		err = w.missing(full, path.Base(full))
	}
	w.stack = append(w.stack, c)
	return err
}

// open opens what entries name. An archive that cannot be opened is not tried
// again for each of its members.
func (w *listWalk) open(ctx context.Context, uri string) (s Source, release func(), err error) {
	if w.refused != nil && w.refusedURI == uri {
		return nil, nil, w.refused
	}
	s, release, err = w.list.opened.acquire(ctx, uri)
	switch {
	case ctx.Err() != nil && err != nil:
		err = ctx.Err()
	case fault.IsRequest(err):
		w.refusedURI, w.refused = uri, err
	}
	return s, release, err
}

// finder is an archive, which finds its members by name.
type finder interface {
	find(ctx context.Context, name string, yield func(Ref) error) error
}

// member yields the members of one name.
func (w *listWalk) member(ctx context.Context, e entry) error {
	uri := w.list.relative(e.path)
	s, release, err := w.open(ctx, uri)
	if fault.IsRequest(err) {
		return w.missing(e.path, e.sub)
	}
	if err != nil {
		return err
	}
	defer release()
	archive, ok := s.(finder)
	if !ok {
		return w.missing(e.path, e.sub)
	}
	n := len(w.stack)
	listed := n > 0 && w.stack[n-1].archive && w.stack[n-1].prefix == folderPrefix(e.path) && IsPicture(e.sub)
	found := false
	err = archive.find(ctx, e.sub, func(r Ref) error {
		found = true
		if listed {
			return nil
		}
		r.URI = uri
		return w.yield(r)
	})
	if err == nil && !found {
		err = w.missing(e.path, e.sub)
	}
	return err
}

// missing yields a reference for an entry of which nothing can be listed.
func (w *listWalk) missing(full, member string) error {
	return w.yield(Ref{URI: w.list.relative(full), Member: []byte(member), Version: missing})
}
