// SPDX-License-Identifier: Apache-2.0

// Package telemetry lets one look into a job that runs: it serves figures in
// Prometheus' format and the profiles of net/http/pprof, on loopback only.
//
//	/metrics       the job's own figures, those of Go's runtime and of the process
//	/debug/pprof/  profiles, for go tool pprof
//
// A profile shows command lines and contents of memory, so that nothing but this
// machine may ask: an address that is not loopback is refused, and so is a
// request that was sent to another name, as a web page could have a browser do.
//
// The package imports neither Beam nor GoMLX, and knows nothing of jobs: what
// there is to see is handed in.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

const (
	// headerTime bounds how long a client may take for its request. There is no
	// bound on answers: a profile takes as long as it was asked to.
	headerTime = 5 * time.Second
	// closeTime is how long answers under way may take when the job is over.
	closeTime = time.Second
)

// Serve listens on addr, such as "127.0.0.1:9090" or "localhost:0", and answers
// until ctx ends or stop is called. Port 0 picks a free one; bound is the address
// with the port in use. The function gather is called for each look at /metrics,
// also by several goroutines at once, and should not take long.
//
// An address that [Validate] refuses, or that cannot be listened on, is a
// [fault.RequestError]. The function stop ends answers under way within a second
// or so, waits for that, and may be called more than once.
func Serve(ctx context.Context, addr string, gather func() []Metric) (bound string, stop func() error, err error) {
	literal, err := literalOf(addr)
	if err != nil {
		return "", nil, fault.AsRequest(err)
	}
	handler, err := newHandler(gather)
	if err != nil {
		return "", nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", literal)
	if err != nil {
		return "", nil, fault.Request("serving metrics at %q: %w", addr, err)
	}
	return listener.Addr().String(), serve(ctx, listener, handler), nil
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx) // ends profiles that are being taken
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	stop = sync.OnceValue(func() error {
		cancel()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer done()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // whoever still reads has had the time
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving metrics: %w", err)
		}
		return nil
	})
	context.AfterFunc(ctx, func() { _ = stop() })
	return stop
}

// Validate returns an error unless addr is a port of this machine's loopback
// interface: "localhost", an address such as 127.0.0.1 or [::1], a colon and a
// port in [0, 65535].
func Validate(addr string) error {
	_, err := literalOf(addr)
	return err
}

// literalOf returns addr with an IP address for its host. Names are not
// resolved: what a name server says would decide who may look.
func literalOf(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !loopback(host) {
		return "", fmt.Errorf("metrics address must be on loopback, such as 127.0.0.1:9090 or localhost:0, got %q", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("port of the metrics address must be in [0, 65535], got %q", port)
	} else if host == localhost {
		host, port = "127.0.0.1", strconv.FormatUint(n, 10)
	}
	return net.JoinHostPort(host, port), nil
}

const localhost = "localhost"

// loopback reports whether a host is localhost or an address that packets do not
// leave the machine for.
func loopback(host string) bool {
	if host == localhost {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
