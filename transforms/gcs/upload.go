// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"path"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

const (
	// chunkSize is the size of a request of a larger upload, and of the largest
	// upload in one request. Several shards are written at once, so it is small.
	chunkSize = 8 << 20
	// chunkDeadline is how long a request of a larger upload is repeated.
	chunkDeadline = 5 * time.Minute
	// A small upload grows in memory by blocks, not by doubling.
	firstBlock, blockSize = 16 << 10, 256 << 10
)

// upload is the writer that [Write] hands out.
type upload struct {
	c            connection
	ctx          context.Context //nolint:containedctx // An upload is one call.
	bucket, name string
	cond         Condition

	size   int64
	crc    uint32
	blocks [][]byte // what is held, until there is a stream
	stream *storage.Writer
	broken error // the stream's error, if any
}

// Write takes bytes in. After the stream met an unmet condition it only counts:
// at the end the object that is there may turn out to be the same.
func (u *upload) Write(p []byte) (int, error) {
	if u.broken != nil && !unmet(u.broken) {
		return 0, u.broken
	}
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	u.crc = crc32.Update(u.crc, castagnoli, p)
	u.size += int64(len(p))
	switch {
	case u.broken != nil:
		return len(p), nil //nolint:nilerr // an unmet condition, which the end judges
	case u.stream == nil && u.size <= int64(u.c.policy.chunk):
		u.hold(p)
		return len(p), nil
	case u.stream == nil:
		u.openStream()
	}
	if u.broken == nil {
		_, u.broken = u.stream.Write(p)
	}
	if u.broken != nil && !unmet(u.broken) {
		return 0, u.broken
	}
	return len(p), nil
}

// hold keeps p. The first block is small, because most objects are.
func (u *upload) hold(p []byte) {
	for len(p) > 0 {
		last := len(u.blocks) - 1
		if last < 0 || len(u.blocks[last]) == cap(u.blocks[last]) {
			size := blockSize
			if last < 0 {
				size = firstBlock
			}
			u.blocks = append(u.blocks, make([]byte, 0, size))
			last++
		}
		b := u.blocks[last]
		n := min(len(p), cap(b)-len(b))
		u.blocks[last] = append(b, p[:n]...)
		p = p[n:]
	}
}

// openStream begins an upload in several requests and gives it what is held.
func (u *upload) openStream() {
	tries := &attempts{policy: u.c.policy}
	w := u.writer(u.ctx, tries.options()...)
	w.ChunkSize = u.c.policy.chunk
	w.ChunkRetryDeadline = chunkDeadline
	w.ProgressFunc = func(int64) { tries.progress() }
	u.stream = w
	u.broken = u.replay(w)
	u.blocks = nil
}

func (u *upload) writer(ctx context.Context, retry ...storage.RetryOption) *storage.Writer {
	o := u.c.client.Bucket(u.bucket).Object(u.name).Retryer(retry...)
	w := u.cond.apply(o).NewWriter(ctx)
	w.ContentType = contentType(u.name)
	if u.cond.mark != "" {
		w.Metadata = map[string]string{markKey: u.cond.mark}
	}
	return w
}

func (u *upload) replay(w *storage.Writer) error {
	for _, b := range u.blocks {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// finish completes the upload and returns the object.
func (u *upload) finish() (Object, error) {
	if u.stream == nil {
		return u.sendWhole()
	}
	err := u.broken
	if err == nil {
		err = u.stream.Close()
	}
	if err == nil {
		return u.check(objectOf(u.stream.Attrs()))
	}
	if !unmet(err) && !transient(err) {
		return Object{}, err
	}
	there, statErr := u.c.stat(u.ctx, u.bucket, u.name)
	switch {
	case statErr == nil && u.same(there):
		return there, nil
	case unmet(err) && u.cond.met(there, statErr):
		return Object{}, errors.New("the condition was not met for a moment, and the bytes are no longer at hand")
	}
	return Object{}, err
}

// sendWhole sends what is held in one request, as often as it takes.
func (u *upload) sendWhole() (Object, error) {
	backoff := u.c.policy.backoff()
	for made := 1; ; made++ {
		o, err := u.sendOnce()
		switch {
		case err == nil:
			return u.check(o)
		case unmet(err):
			there, statErr := u.c.stat(u.ctx, u.bucket, u.name)
			if statErr == nil && u.same(there) {
				return there, nil
			}
			if !u.cond.met(there, statErr) || made == u.c.policy.attempts {
				return Object{}, err
			}
		case !transient(err) || made == u.c.policy.attempts:
			return Object{}, err
		}
		if err := gax.Sleep(u.ctx, backoff.Pause()); err != nil {
			return Object{}, err
		}
	}
}

func (u *upload) sendOnce() (Object, error) {
	ctx, cancel := context.WithCancel(u.ctx)
	defer cancel()
	w := u.writer(ctx, storage.WithPolicy(storage.RetryNever))
	w.ChunkSize = 0
	w.CRC32C, w.SendCRC32C = u.crc, true
	err := u.replay(w)
	if err != nil {
		cancel()
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return Object{}, err
	}
	return objectOf(w.Attrs()), nil
}

// abort ends a stream that was not closed; the upload's context has ended.
func (u *upload) abort() {
	if u.stream != nil {
		// Its error is known or of no interest: nothing was published.
		_ = u.stream.Close()
	}
}

func (u *upload) same(o Object) bool { return o.Size == u.size && o.CRC32C == u.crc }

// check makes sure that the service has what was written.
func (u *upload) check(o Object) (Object, error) {
	if !u.same(o) {
		return Object{}, fmt.Errorf("%d bytes with checksum %08x were sent, %d with %08x are stored", u.size, u.crc, o.Size, o.CRC32C)
	}
	return o, nil
}

func unmet(err error) bool {
	return status(err) == http.StatusPreconditionFailed || errors.Is(err, ErrConflict)
}

// contentType is what a browser is told about an object.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".tar":
		return "application/x-tar"
	case ".json":
		return "application/json"
	case ".jsonl":
		return "application/x-ndjson"
	case ".html":
		return "text/html; charset=utf-8"
	case ".png":
		return "image/png"
	}
	return "application/octet-stream"
}
