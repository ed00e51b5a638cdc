// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

// retryMax names the environment variable that bounds the attempts of a call.
const retryMax = "CHROMABEAM_GCS_RETRY_MAX"

// policy says how often and after which pauses a call is repeated, and how much
// an upload sends in one.
type policy struct {
	attempts   int
	first, max time.Duration
	chunk      int
}

// policyFor returns the policy for the real service, or for a server on this
// machine, which needs no consideration.
func policyFor(emulator bool) (policy, error) {
	p := policy{attempts: 10, first: 500 * time.Millisecond, max: 30 * time.Second, chunk: chunkSize}
	if emulator {
		p.first, p.max = 2*time.Millisecond, 100*time.Millisecond
	}
	if s := os.Getenv(retryMax); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			return policy{}, fmt.Errorf("%s must be in [1, 100], got %q", retryMax, s)
		}
		p.attempts = n
	}
	return p, nil
}

func (p policy) backoff() gax.Backoff {
	return gax.Backoff{Initial: p.first, Max: p.max, Multiplier: 2}
}

// attempts counts those of one operation. The storage client asks it after
// every answer, good or bad.
type attempts struct {
	policy policy
	made   atomic.Int32
	// cancel ends the operation where the client would go on without asking:
	// it opens a broken body again as often as the server accepts the request.
	cancel context.CancelCauseFunc
}

// options makes the storage client repeat calls as a says.
func (a *attempts) options() []storage.RetryOption {
	return []storage.RetryOption{
		storage.WithPolicy(storage.RetryAlways),
		storage.WithBackoff(a.policy.backoff()),
		storage.WithErrorFunc(a.again),
	}
}

func (a *attempts) again(err error) bool {
	made := int(a.made.Add(1))
	if made > a.policy.attempts && a.cancel != nil {
		a.cancel(fmt.Errorf("given up after %d attempts: %w", made-1, io.ErrUnexpectedEOF))
	}
	return made < a.policy.attempts && transient(err)
}

// progress starts the count anew: something arrived.
func (a *attempts) progress() { a.made.Store(0) }

// Transient reports whether a call that failed with err, after all its attempts,
// may succeed later: the service or the connection was at fault, not the request.
// That includes bytes that were damaged on their way.
func Transient(err error) bool { return transient(err) }

func transient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if code := status(err); code != 0 {
		return code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500
	}
	for _, target := range []error{errDamaged, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, target) {
			return true
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	// HTTP/2 closes streams and connections with errors of unexported types.
	for _, text := range []string{"http2: server sent GOAWAY", "http2: client connection lost", "stream error: stream ID"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return storage.ShouldRetry(err)
}
