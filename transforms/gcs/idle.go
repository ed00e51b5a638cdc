// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// idleLimit is how long a connection may carry nothing while something is
// waited for. A request that exceeds it is given up and made again.
const idleLimit = 60 * time.Second

// idleKey is the key under which a context holds another limit.
type idleKey struct{}

func limitOf(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(idleKey{}).(time.Duration); ok {
		return d
	}
	return idleLimit
}

// stalledError is the error of a request on which nothing came or went. It is a
// timeout in the sense of [net.Error] and no [context.DeadlineExceeded]: the
// caller has time left.
type stalledError struct{ limit time.Duration }

func (e *stalledError) Error() string {
	return fmt.Sprintf("the connection carried nothing for %v", e.limit)
}

// Timeout implements [net.Error].
func (*stalledError) Timeout() bool { return true }

// Temporary implements [net.Error].
func (*stalledError) Temporary() bool { return true }

// watched gives requests up that stall: one on which, for the limit, no byte of
// the body was taken and no answer came, or no byte of the answer's body while
// it is read. A caller that takes its time between two reads is no stall.
type watched struct{ base http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	limit := limitOf(r.Context())
	ctx, cancel := context.WithCancelCause(r.Context())
	t := &idleTimer{ctx: ctx, cancel: cancel, limit: limit}
	t.timer = time.AfterFunc(limit, func() { cancel(&stalledError{limit}) })
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &sent{ReadCloser: r.Body, t: t}
		if again := r.GetBody; again != nil {
			r.GetBody = func() (io.ReadCloser, error) {
				b, err := again()
				return &sent{ReadCloser: b, t: t}, err
			}
		}
	}
	resp, err := w.base.RoundTrip(r)
	t.timer.Stop()
	if err != nil {
		err = t.reason(err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &received{body: resp.Body, t: t}
	return resp, nil
}

// idleTimer ends a request when it is not reset in time.
type idleTimer struct {
	ctx    context.Context //nolint:containedctx // The request's, which http.Response does not keep.
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

// reason returns why a request failed with err: because of the timer, or err.
func (t *idleTimer) reason(err error) error {
	if stalled, ok := errors.AsType[*stalledError](context.Cause(t.ctx)); ok {
		return stalled
	}
	return err
}

// sent is a request's body. Every read of it shows that the one before was sent,
// or has gone into the system's buffers.
type sent struct {
	io.ReadCloser

	t *idleTimer
}

func (s *sent) Read(p []byte) (int, error) {
	s.t.timer.Reset(s.t.limit)
	return s.ReadCloser.Read(p)
}

// received is an answer's body.
type received struct {
	body io.ReadCloser
	t    *idleTimer
}

func (r *received) Read(p []byte) (int, error) {
	r.t.timer.Reset(r.t.limit)
	n, err := r.body.Read(p)
	r.t.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.t.reason(err)
	}
	return n, err
}

func (r *received) Close() error {
	r.t.timer.Stop()
	err := r.body.Close()
	r.t.cancel(nil)
	return err
}
