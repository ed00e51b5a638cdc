// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"fmt"
	"io"
)

// ReaderAt reads ranges of one generation of an object. Its methods may be
// called from several goroutines at once; it holds nothing that must be closed.
type ReaderAt struct {
	ctx    context.Context //nolint:containedctx // io.ReaderAt has no place for one.
	bucket string
	object Object
}

// OpenAt returns a reader for the generation o names, without a call. Every read
// is one request, bound to ctx.
func OpenAt(ctx context.Context, bucket string, o Object) *ReaderAt {
	return &ReaderAt{ctx: ctx, bucket: bucket, object: o}
}

// Size returns the number of bytes, as listed.
func (r *ReaderAt) Size() int64 { return r.object.Size }

// ReadAt fills p from offset off on, as [io.ReaderAt] says. The error is
// [ErrChanged] where the generation is gone.
func (r *ReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, explain("reading", r.bucket, r.object.Name, fmt.Errorf("the offset must not be negative, got %d", off))
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := min(int64(len(p)), max(0, r.object.Size-off))
	if err := readInto(r.ctx, r.bucket, r.object.Name, r.object.Generation, off, p[:n]); err != nil {
		return 0, err
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}
