// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// impatient lets requests stall for no longer than a busy machine needs.
func impatient(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	return context.WithValue(t.Context(), idleKey{}, limit)
}

// A connection that carries nothing any more is given up, and the call made again.
func TestStalled(t *testing.T) {
	data := randomBytes(100_000)
	read := func(ctx context.Context, open func() (io.ReadCloser, error)) error {
		r, err := open()
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err == nil && !bytes.Equal(got, data) {
			err = errors.New("other bytes")
		}
		return errors.Join(err, r.Close(), ctx.Err())
	}
	whole := func(got []byte, err error) error {
		if err == nil && !bytes.Equal(got, data) {
			err = errors.New("other bytes")
		}
		return err
	}
	tests := []struct {
		op   gcstest.Op
		call func(ctx context.Context) error
	}{
		{gcstest.OpRead, func(ctx context.Context) error { return whole(ReadAll(ctx, bucket, "x", 0, 0)) }},
		{gcstest.OpRead, func(ctx context.Context) error { return whole(ReadRange(ctx, bucket, "x", 0, 0, int64(len(data)))) }},
		{gcstest.OpRead, func(ctx context.Context) error {
			return read(ctx, func() (io.ReadCloser, error) { return NewReader(ctx, bucket, "x", 0) })
		}},
		{gcstest.OpStat, func(ctx context.Context) error { _, err := Stat(ctx, bucket, "x"); return err }},
		{gcstest.OpList, func(ctx context.Context) error { return List(ctx, bucket, "", func(Object) error { return nil }) }},
		{gcstest.OpDelete, func(ctx context.Context) error { return Delete(ctx, bucket, "gone", 0) }},
		{gcstest.OpWrite, func(ctx context.Context) error { _, err := Write(ctx, bucket, "y", Absent(), put(data)); return err }},
		{gcstest.OpChunk, func(ctx context.Context) error {
			_, err := Write(ctx, bucket, "z", Absent(), put(randomBytes(large)))
			return err
		}},
	}
	for _, tt := range tests {
		s := gcstest.Start(t)
		s.Put(bucket, "x", data)
		s.Inject(gcstest.Fault{Op: tt.op, Kind: gcstest.Stalled})
		limit := 300 * time.Millisecond
		if tt.op == gcstest.OpChunk {
			limit = 4 * time.Second // the server takes a while over 8 MiB, on a busy machine
		}
		if err := tt.call(impatient(t, limit)); err != nil {
			t.Errorf("%s: %v", tt.op, err)
		}
		if n := s.Requests()[string(tt.op)+"/"+string(gcstest.Stalled)]; n != 1 {
			t.Errorf("%s: %d requests stalled, want 1", tt.op, n)
		}
	}
}

// A service that always stalls is a passing fault, and not the caller's deadline.
func TestStalledForGood(t *testing.T) {
	t.Setenv(retryMax, "2")
	s := gcstest.Start(t)
	s.Put(bucket, "x", nil)
	s.SetFaults(1, 1, gcstest.Stalled)
	_, err := Stat(impatient(t, 50*time.Millisecond), bucket, "x")
	var timeout net.Error
	if !Transient(err) || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Stat = %v, want a timeout that is transient", err)
	}
}

// One who reads slowly keeps the connection: the limit is for the other side.
func TestSlowCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := &idleTimer{ctx: ctx, cancel: cancel, limit: time.Hour, timer: time.NewTimer(time.Hour)}
	r := &received{body: io.NopCloser(bytes.NewReader([]byte("bytes"))), t: timer}
	if n, err := r.Read(make([]byte, 2)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if timer.timer.Stop() {
		t.Error("the timer runs between two reads")
	}
}
