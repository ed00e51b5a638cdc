// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"sync"
)

// opening is a source that is being opened, or has been, for all who ask for it
// meanwhile. It has a context of its own, so that it outlives whoever asked
// first and ends with whoever waits last.
type opening struct {
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when source and err are set
	source Source
	err    error

	mu        sync.Mutex
	finished  bool
	abandoned bool
}

var errNobodyWaits = errors.New("nobody waits for it any more")

// startOpening opens a source; of the context it takes the values alone.
func startOpening(ctx context.Context, uri string, open func(context.Context, string) (Source, error)) *opening {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	o := &opening{cancel: cancel, done: make(chan struct{})}
	go o.run(own, uri, open)
	return o
}

func (o *opening) run(ctx context.Context, uri string, open func(context.Context, string) (Source, error)) {
	s, err := open(ctx, uri)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	o.cancel(nil)
	o.mu.Lock()
	o.source, o.err, o.finished = s, err, true
	abandoned := o.abandoned
	close(o.done)
	o.mu.Unlock()
	if abandoned && err == nil {
		_ = s.Close() // it has not been used
	}
}

// wait returns the source, or earlier where the caller's context ends.
func (o *opening) wait(ctx context.Context) (Source, error) {
	select {
	case <-o.done:
		return o.source, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// failed reports whether the opening has ended without a source.
func (o *opening) failed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.finished && o.err != nil
}

// abandon ends an opening that nobody waits for, and nobody may wait for after.
// It reports false where the opening has ended already.
func (o *opening) abandon(why error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.finished {
		return false
	}
	o.abandoned = true
	o.cancel(why)
	return true
}
