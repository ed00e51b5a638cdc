// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

// Object is one generation of an object.
type Object struct {
	// Name is the whole name inside the bucket.
	Name string
	// Size is the number of bytes stored.
	Size int64
	// Generation changes with every write of the name; it is never 0.
	Generation int64
	// CRC32C is the Castagnoli checksum of the bytes.
	CRC32C uint32
	// Updated is the time of the last write.
	Updated time.Time
	// Mark is what [Condition.Marked] gave the object; a listing leaves it out.
	Mark string
}

func objectOf(a *storage.ObjectAttrs) Object {
	return Object{
		Name: a.Name, Size: a.Size, Generation: a.Generation, CRC32C: a.CRC32C, Updated: a.Updated, Mark: a.Metadata[markKey],
	}
}

// List calls yield for every object whose name begins with prefix, in ascending
// order of the names' bytes, until yield returns an error, which List returns
// as it is. One page of the listing is held at a time.
func List(ctx context.Context, bucket, prefix string, yield func(Object) error) error {
	return list(ctx, bucket, prefix, "", yield)
}

// ListDir is [List] without the objects whose name has a "/" after the prefix.
// The service passes over them, so that a folder's own objects take few pages
// however many lie deeper.
func ListDir(ctx context.Context, bucket, prefix string, yield func(Object) error) error {
	return list(ctx, bucket, prefix, "/", yield)
}

func list(ctx context.Context, bucket, prefix, delimiter string, yield func(Object) error) error {
	c, err := connect(ctx)
	if err != nil {
		return err
	}
	q := &storage.Query{Prefix: prefix, Delimiter: delimiter, Projection: storage.ProjectionNoACL}
	if err := q.SetAttrSelection([]string{"Name", "Size", "Generation", "CRC32C", "Updated"}); err != nil {
		return fmt.Errorf("listing: %w", err)
	}
	tries := &attempts{policy: c.policy}
	objects := c.client.Bucket(bucket).Retryer(tries.options()...).Objects(ctx, q)
	last, first := "", true
	for {
		a, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return explain("listing", bucket, prefix, err)
		}
		tries.progress()
		if a.Prefix != "" {
			continue // a folder, made of all that lies in it
		}
		if !first && a.Name <= last {
			return explain("listing", bucket, prefix, fmt.Errorf("%q follows %q, names must ascend", a.Name, last))
		}
		last, first = a.Name, false
		if err := yield(objectOf(a)); err != nil {
			return err
		}
	}
}

// Stat returns what the service knows about the live generation of an object.
// The error is [fs.ErrNotExist] where there is none.
func Stat(ctx context.Context, bucket, name string) (Object, error) {
	c, err := connect(ctx)
	if err != nil {
		return Object{}, err
	}
	o, err := c.stat(ctx, bucket, name)
	return o, explain("reading the attributes of", bucket, name, err)
}

func (c connection) stat(ctx context.Context, bucket, name string) (Object, error) {
	tries := &attempts{policy: c.policy}
	a, err := c.client.Bucket(bucket).Object(name).Retryer(tries.options()...).Attrs(ctx)
	if err != nil {
		return Object{}, err
	}
	return objectOf(a), nil
}
