// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadAll returns the bytes of an object: the given generation's, or the live
// one's for 0. Their checksum is compared with the service's. An object stored
// with content encoding gzip arrives decompressed, without that comparison. An
// object of more than maxBytes bytes is [ErrTooLarge]; 0 and less allow any
// size. A generation that is gone is [ErrChanged].
func ReadAll(ctx context.Context, bucket, name string, generation, maxBytes int64) ([]byte, error) {
	c, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	backoff := c.policy.backoff()
	for made := 1; ; made++ {
		data, err := c.readOnce(ctx, bucket, name, generation, maxBytes)
		if !errors.Is(err, errDamaged) || made == c.policy.attempts {
			return data, explainRead(ctx, c, bucket, name, generation, err)
		}
		if err := gax.Sleep(ctx, backoff.Pause()); err != nil {
			return nil, explain("reading", bucket, name, err)
		}
	}
}

// errDamaged is worth another read from the beginning.
var errDamaged = errors.New("the bytes do not have the object's checksum")

// ErrEncoded refuses parts of an object whose bytes the service changes on the
// way: one stored with content encoding gzip.
var ErrEncoded = errors.New("it is stored with content encoding gzip, of which only the whole can be read: " +
	"upload it again without (gcloud storage cp without --gzip-local)")

func (c connection) readOnce(ctx context.Context, bucket, name string, generation, maxBytes int64) ([]byte, error) {
	r, err := c.open(ctx, bucket, name, generation, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	size := r.Attrs.Size
	if maxBytes > 0 && size > maxBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrTooLarge, size, maxBytes)
	}
	if r.Attrs.Decompressed || size < 0 {
		return readUnsized(r, maxBytes)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		if generation == 0 && missing(err) {
			// Replaced while it was read: the next attempt reads the new one.
			return nil, errDamaged
		}
		return nil, err
	}
	if !r.intact(crc32.Checksum(data, castagnoli)) {
		return nil, errDamaged
	}
	return data, nil
}

// readUnsized reads what has neither a known size nor a checksum of its own.
func readUnsized(r io.Reader, maxBytes int64) ([]byte, error) {
	if maxBytes > 0 {
		r = io.LimitReader(r, maxBytes+1)
	}
	data, err := io.ReadAll(r)
	if err == nil && maxBytes > 0 && int64(len(data)) > maxBytes {
		return nil, fmt.Errorf("%w: it has more than the %d bytes that are allowed", ErrTooLarge, maxBytes)
	}
	return data, err
}

// ReadRange returns exactly length bytes from offset on. The error is
// [io.ErrUnexpectedEOF] where the object ends before. A range of no bytes makes
// no call.
func ReadRange(ctx context.Context, bucket, name string, generation, offset, length int64) ([]byte, error) {
	if offset < 0 || length < 0 {
		err := fmt.Errorf("offset and length must not be negative, got %d and %d", offset, length)
		return nil, explain("reading", bucket, name, err)
	}
	data := make([]byte, length)
	if err := readInto(ctx, bucket, name, generation, offset, data); err != nil {
		return nil, err
	}
	return data, nil
}

// readInto fills data from offset on.
func readInto(ctx context.Context, bucket, name string, generation, offset int64, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	c, err := connect(ctx)
	if err != nil {
		return err
	}
	r, err := c.open(ctx, bucket, name, generation, offset, int64(len(data)))
	if err == nil {
		defer r.Close()
		if r.Attrs.Decompressed {
			return explain("reading", bucket, name, ErrEncoded)
		}
		_, err = io.ReadFull(r, data)
	}
	if status(err) == http.StatusRequestedRangeNotSatisfiable || errors.Is(err, io.EOF) {
		err = fmt.Errorf("bytes %d to %d lie beyond the object's end: %w", offset, offset+int64(len(data)), io.ErrUnexpectedEOF)
	}
	return explainRead(ctx, c, bucket, name, generation, err)
}

// NewReader returns the bytes of an object from its beginning on. Where the
// connection breaks it goes on where it was, on the same generation.
//
// The checksum is compared at the end, when the caller has the bytes: where
// they were damaged on their way the last read fails instead of saying [io.EOF],
// with an error that is [Transient]. Only the caller can begin again.
func NewReader(ctx context.Context, bucket, name string, generation int64) (io.ReadCloser, error) {
	c, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.open(ctx, bucket, name, generation, 0, -1)
	if err != nil {
		return nil, explainRead(ctx, c, bucket, name, generation, err)
	}
	return &stream{reader: r, ctx: ctx, c: c, bucket: bucket, name: name, generation: r.Attrs.Generation}, nil
}

// stream explains the errors of a reader and compares the checksum at its end.
// The reader is not embedded: its WriteTo would pass both by.
type stream struct {
	reader       *reader
	ctx          context.Context //nolint:containedctx // A stream lives as long as the call that opened it.
	c            connection
	bucket, name string
	generation   int64
	crc          uint32
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	s.crc = crc32.Update(s.crc, castagnoli, p[:n])
	switch {
	case errors.Is(err, io.EOF) && s.reader.intact(s.crc):
		return n, io.EOF
	case errors.Is(err, io.EOF):
		err = errDamaged
	}
	return n, explainRead(s.ctx, s.c, s.bucket, s.name, s.generation, err)
}

// Close ends the request.
func (s *stream) Close() error { return s.reader.Close() }

// reader is the storage client's, with bounded attempts.
type reader struct {
	*storage.Reader
	ctx    context.Context //nolint:containedctx // Reads belong to the request that opened the reader.
	cancel context.CancelCauseFunc
	tries  *attempts
}

func (c connection) open(ctx context.Context, bucket, name string, generation, offset, length int64) (*reader, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	tries := &attempts{policy: c.policy, cancel: cancel}
	o := c.client.Bucket(bucket).Object(name).Retryer(tries.options()...)
	if generation != 0 {
		o = o.Generation(generation)
	}
	r, err := o.NewRangeReader(ctx, offset, length, storage.WithDisableReaderChecksum())
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return &reader{Reader: r, ctx: ctx, cancel: cancel, tries: tries}, nil
}

// Read says why it was cancelled where it was cancelled from inside.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.tries.progress()
	}
	if err != nil && !errors.Is(err, io.EOF) && r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	return n, err
}

// intact compares the checksum of all bytes with the object's, which is that of
// the stored bytes: decompressed ones have none.
func (r *reader) intact(crc uint32) bool {
	return r.Attrs.Decompressed || r.Attrs.CRC32C == crc
}

// Close ends the request.
func (r *reader) Close() error {
	err := r.Reader.Close()
	r.cancel(nil)
	return err
}

// explainRead is explain for a read of a pinned generation: that which is not
// there changed, and one more call says what is there now.
func explainRead(ctx context.Context, c connection, bucket, name string, generation int64, err error) error {
	if generation == 0 || !missing(err) {
		return explain("reading", bucket, name, err)
	}
	now, statErr := c.stat(ctx, bucket, name)
	switch {
	case statErr == nil:
		err = fmt.Errorf("%w: generation %d was replaced by %d", ErrChanged, generation, now.Generation)
	case errors.Is(classify(statErr), fs.ErrNotExist):
		err = fmt.Errorf("%w: generation %d was deleted: %w", ErrChanged, generation, fs.ErrNotExist)
	default:
		err = fmt.Errorf("%w: generation %d is gone: %w", ErrChanged, generation, statErr)
	}
	return fmt.Errorf("reading %q: %w", URL{Bucket: bucket, Object: name}.String(), err)
}
