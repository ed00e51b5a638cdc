// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// bucket is the objects below a prefix, or those of them that a pattern means.
// Nothing of it is held in memory.
type bucket struct {
	uri, name string
	prefix    string // what member names leave out: empty, or ends in "/"
	lists     string // what the listing asks for: prefix, or more
	glob      *glob
}

// folderPrefix returns the prefix of what lies inside a folder.
func folderPrefix(name string) string {
	if name == "" || strings.HasSuffix(name, "/") {
		return name
	}
	return name + "/"
}

// openCloudGlob opens a pattern for what is below a prefix: empty, or one that
// ends in "/".
func openCloudGlob(uri, name, prefix, pattern string) (Source, error) {
	g, err := newGlob(uri, pattern)
	if err != nil {
		return nil, err
	}
	return &bucket{uri: uri, name: name, prefix: prefix, lists: prefix + g.fixed(), glob: g}, nil
}

// anyObject reports whether a bucket has an object below a prefix.
func anyObject(ctx context.Context, name, prefix string) (bool, error) {
	found := errors.New("found")
	err := gcs.List(ctx, name, prefix, func(gcs.Object) error { return found })
	if errors.Is(err, found) {
		return true, nil
	}
	return prefix == "" && err == nil, err // an empty bucket is one
}

// namedObject returns the object of a name, or nil: where there is none, where
// it is empty and stands for a folder, and where Read will say what is wrong.
func namedObject(ctx context.Context, u gcs.URL) (*gcs.Object, error) {
	o, err := gcs.Stat(ctx, u.Bucket, u.Object)
	switch {
	case err != nil && lasting(err):
		return nil, nil //nolint:nilnil // that there is none is no error
	case err != nil:
		return nil, err
	case o.Size > 0:
		return &o, nil
	}
	folder, err := anyObject(ctx, u.Bucket, folderPrefix(u.Object))
	if err != nil && !lasting(err) || folder {
		return nil, err
	}
	return &o, nil
}

func (b *bucket) URI() string { return b.uri }

func (b *bucket) Close() error { return nil }

func (b *bucket) List(ctx context.Context, yield func(Ref) error) error {
	var stopped error
	err := gcs.List(ctx, b.name, b.lists, func(o gcs.Object) error {
		member := o.Name[len(b.prefix):]
		// Names that end in "/" stand for folders; they have no extension.
		if !IsPicture(member) || strings.HasSuffix(member, "/") || !b.glob.match(member) {
			return ctx.Err()
		}
		stopped = yield(b.ref(member, o))
		return stopped
	})
	if err != nil && stopped == nil {
		return fmt.Errorf("listing %q: %w", b.uri, err)
	}
	return err
}

func (b *bucket) ref(member string, o gcs.Object) Ref {
	return Ref{URI: b.uri, Member: []byte(member), Size: o.Size, Version: strconv.FormatInt(o.Generation, 10)}
}

func (b *bucket) Read(ctx context.Context, r Ref, maxBytes int64) ([]byte, error) {
	return readObject(ctx, b.name, b.prefix+string(r.Member), r, maxBytes)
}

// readObject reads the generation of an object that r was listed with.
func readObject(ctx context.Context, bucketName, name string, r Ref, maxBytes int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	generation := int64(0)
	if r.Version != "" {
		var err error
		if generation, err = strconv.ParseInt(r.Version, 10, 64); err != nil {
			return nil, fault.Picture(fault.StageRead, "its version must be an object's generation, got %q", r.Version)
		}
	}
	if r.Size > maxBytes {
		return nil, tooLarge(r.Size, maxBytes)
	}
	data, err := gcs.ReadAll(ctx, bucketName, name, generation, max(1, maxBytes))
	if err != nil {
		return nil, objectError(ctx, r, err)
	}
	if int64(len(data)) > maxBytes {
		return nil, tooLarge(int64(len(data)), maxBytes)
	}
	return data, nil
}
