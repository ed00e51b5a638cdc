// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// deletions is how many objects are removed at a time: a request deletes one
// and takes some 30 ms, nearly all of it waiting.
const deletions = 32

// bucket is a [Store] under a prefix of a bucket.
type bucket struct {
	name string
	root string // "" or a prefix that ends in "/"
}

func openBucket(uri string) (Store, error) {
	u, err := gcs.ParseURL(uri)
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	b := &bucket{name: u.Bucket, root: strings.TrimRight(u.Object, "/")}
	if b.root != "" {
		b.root += "/"
	}
	return b, nil
}

// URI implements [Store].
func (b *bucket) URI() string { return strings.TrimSuffix(b.url(""), "/") }

func (b *bucket) url(name string) string {
	return gcs.URL{Bucket: b.name, Object: b.root + name}.String()
}

// Local implements [Store].
func (b *bucket) Local() (string, bool) { return "", false }

// List implements [Store].
func (b *bucket) List(ctx context.Context, dir string) ([]Info, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	prefix := b.root
	if dir != "" {
		prefix += dir + "/"
	}
	var out []Info
	err := gcs.ListDir(ctx, b.name, prefix, func(o gcs.Object) error {
		if checkName(o.Name[len(b.root):]) != nil {
			return nil //nolint:nilerr // only other programs make such names
		}
		out = append(out, b.info(o))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", b.url(dir), err)
	}
	return out, nil
}

func (b *bucket) info(o gcs.Object) Info {
	return Info{Name: strings.TrimPrefix(o.Name, b.root), Size: o.Size, Version: strconv.FormatInt(o.Generation, 10)}
}

// Stat implements [Store].
func (b *bucket) Stat(ctx context.Context, name string) (Info, error) {
	if err := checkName(name); err != nil {
		return Info{}, err
	}
	o, err := gcs.Stat(ctx, b.name, b.root+name)
	if err != nil {
		return Info{}, err
	}
	return b.info(o), nil
}

// ReadFile implements [Store].
func (b *bucket) ReadFile(ctx context.Context, name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return gcs.ReadAll(ctx, b.name, b.root+name, 0, maxFile)
}

// object is a [File] in a bucket.
type object struct {
	*gcs.ReaderAt

	name string
}

// Name implements [File].
func (o object) Name() string { return o.name }

// Close implements [File]. There is nothing to close: each read is a request
// of its own.
func (object) Close() error { return nil }

// Open implements [Store].
func (b *bucket) Open(ctx context.Context, name string) (File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	o, err := gcs.Stat(ctx, b.name, b.root+name)
	if err != nil {
		return nil, err
	}
	return object{ReaderAt: gcs.OpenAt(ctx, b.name, o), name: name}, nil
}

// Stream implements [Store].
func (b *bucket) Stream(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return gcs.NewReader(ctx, b.name, b.root+name, 0)
}

// Publish implements [Store].
func (b *bucket) Publish(ctx context.Context, name string, c Condition, write func(io.Writer) error) (Info, error) {
	if err := checkName(name); err != nil {
		return Info{}, fmt.Errorf("publishing %q: %w", name, err)
	}
	condition, err := c.generation()
	if err != nil {
		return Info{}, fmt.Errorf("publishing %q: %w", name, err)
	}
	point := objectOf(name)
	o, err := gcs.Write(ctx, b.name, b.root+name, condition.Marked(c.mark), func(w io.Writer) error {
		if err := fill(ctx, w, write); err != nil {
			return err
		}
		failpoint.Hit(point + ".written")
		return nil
	})
	if errors.Is(err, gcs.ErrConflict) {
		err = ErrConflict // the server's words add nothing
	}
	if err != nil {
		return Info{}, fmt.Errorf("publishing %q: %w", b.url(name), err)
	}
	failpoint.Hit(point + ".renamed")
	return b.info(o), nil
}

// generation says the condition in the server's terms.
func (c Condition) generation() (gcs.Condition, error) {
	switch c.kind {
	case absent:
		return gcs.Absent(), nil
	case unchanged:
		g, err := strconv.ParseInt(c.before.Version, 10, 64)
		if err != nil || g <= 0 {
			return gcs.Condition{}, fmt.Errorf("version must be a generation, got %q", c.before.Version)
		}
		return gcs.Generation(g), nil
	default:
		return gcs.Anything(), nil
	}
}

// Remove implements [Store].
func (b *bucket) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deletions)
	for _, name := range names {
		g.Go(func() error { return gcs.Delete(ctx, b.name, b.root+name, 0) })
	}
	return g.Wait()
}

// RemoveAll implements [Store].
func (b *bucket) RemoveAll(ctx context.Context, dir string) error {
	if err := checkName(dir); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deletions)
	err := gcs.List(ctx, b.name, b.root+dir+"/", func(o gcs.Object) error {
		g.Go(func() error { return gcs.Delete(ctx, b.name, o.Name, 0) })
		return ctx.Err() // the first deletion that failed ends the list
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return err
}
