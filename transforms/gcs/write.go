// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"cloud.google.com/go/storage"
)

// Condition says what must be there for a write to take place.
type Condition struct {
	absent     bool
	generation int64
	mark       string
}

// Marked returns the condition for an object that also gets a mark, a short text
// that [Stat] returns: whoever finds its name taken can tell its own objects from
// others'.
func (c Condition) Marked(mark string) Condition {
	c.mark = mark
	return c
}

// markKey is a mark's key in an object's metadata.
const markKey = "chromabeam-mark"

// Anything lets a write replace whatever is there.
func Anything() Condition { return Condition{} }

// Absent lets a write take place only where there is no object of that name.
func Absent() Condition { return Condition{absent: true} }

// Generation lets a write replace only generation g. Generation(0) is [Absent].
func Generation(g int64) Condition { return Condition{absent: g == 0, generation: g} }

func (c Condition) apply(o *storage.ObjectHandle) *storage.ObjectHandle {
	switch {
	case c.absent:
		return o.If(storage.Conditions{DoesNotExist: true})
	case c.generation != 0:
		return o.If(storage.Conditions{GenerationMatch: c.generation})
	}
	return o
}

// met says whether the condition holds for what [connection.stat] returned.
func (c Condition) met(there Object, err error) bool {
	gone := errors.Is(classify(err), fs.ErrNotExist)
	switch {
	case c.absent:
		return gone
	case c.generation != 0:
		return err == nil && there.Generation == c.generation
	}
	return err == nil || gone
}

// Write makes an object of what write writes. The object appears when it is
// complete, under the condition. Where write fails or panics, or ctx ends before
// the last request is sent, nothing appears. write is called once.
//
// Where the condition is not met but the object that is there has exactly the
// bytes that were written, Write succeeds: another process wrote them, or an
// answer to an earlier attempt was lost. Otherwise the error is [ErrConflict].
//
// Objects of up to 8 MiB are held in memory and sent in one request; larger ones
// go in requests of that size while write goes on, and hold up to twice that.
func Write(ctx context.Context, bucket, name string, cond Condition, write func(io.Writer) error) (Object, error) {
	c, err := connect(ctx)
	if err != nil {
		return Object{}, err
	}
	return c.write(ctx, bucket, name, cond, write)
}

func (c connection) write(ctx context.Context, bucket, name string, cond Condition, write func(io.Writer) error) (Object, error) {
	ctx, cancel := context.WithCancel(ctx)
	u := &upload{c: c, ctx: ctx, bucket: bucket, name: name, cond: cond}
	// Cancelled first, so that closing the stream cannot complete the object.
	defer u.abort()
	defer cancel()
	if err := write(u); err != nil {
		if u.broken != nil && errors.Is(err, u.broken) {
			return Object{}, explain("writing", bucket, name, err)
		}
		return Object{}, fmt.Errorf("writing %q: %w", URL{Bucket: bucket, Object: name}.String(), err)
	}
	if err := ctx.Err(); err != nil {
		return Object{}, explain("writing", bucket, name, err)
	}
	o, err := u.finish()
	return o, explain("writing", bucket, name, err)
}

// Delete removes an object: only the given generation, or whatever is there for
// 0. One that is missing is no error; another generation is [ErrConflict].
func Delete(ctx context.Context, bucket, name string, generation int64) error {
	c, err := connect(ctx)
	if err != nil {
		return err
	}
	tries := &attempts{policy: c.policy}
	o := c.client.Bucket(bucket).Object(name).Retryer(tries.options()...)
	if generation != 0 {
		o = o.If(storage.Conditions{GenerationMatch: generation})
	}
	err = o.Delete(ctx)
	if missing(err) {
		return nil
	}
	if status(err) == http.StatusPreconditionFailed {
		// The service may answer so for a name that is gone as well.
		if _, statErr := c.stat(ctx, bucket, name); errors.Is(classify(statErr), fs.ErrNotExist) {
			return nil
		}
	}
	return explain("deleting", bucket, name, err)
}
