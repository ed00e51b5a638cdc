// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
)

// engines holds the process's engines. It is process-wide because a DoFn
// arrives as JSON, once for each bundle that runs at the same time, and a model
// must be loaded once.
var engines = registry{open: map[string]*entry{}}

type registry struct {
	mu   sync.Mutex
	open map[string]*entry
}

// entry is one engine, loaded or loading, and how many leases it has.
type entry struct {
	key    string
	leases int

	loaded chan struct{} // closed when the engine or the error is there
	engine *Engine
	err    error
}

// Open returns the process's engine for the settings, loading the model at the
// first call. A failed load is not kept. An engine that nobody has leased stays
// for as long as the process lives, as a worker's does.
//
// Loading may take a while, of a model in a bucket above all. Where ctx ends
// meanwhile Open returns at once, and loading goes on for whoever else waits.
func Open(ctx context.Context, s Settings) (*Engine, error) {
	e, _, err := engines.get(ctx, s, 0)
	return e, err
}

// Lease is [Open] for whoever outlives the DoFns: when the last lease is given
// back the engine is closed, and a later Open loads the model anew, which may
// have changed by then.
func Lease(ctx context.Context, s Settings) (e *Engine, giveBack func() error, err error) {
	e, h, err := engines.get(ctx, s, 1)
	if err != nil {
		return nil, nil, err
	}
	return e, sync.OnceValue(func() error { return engines.giveBack(h) }), nil
}

func (r *registry) get(ctx context.Context, s Settings, leases int) (*Engine, *entry, error) {
	data, err := json.Marshal(s) //nolint:musttag // pixel.Limits has none; this is a key, not a format
	if err != nil {
		return nil, nil, fmt.Errorf("encoding inference settings: %w", err)
	}
	key := string(data)
	r.mu.Lock()
	h := r.open[key]
	if h == nil {
		h = &entry{key: key, loaded: make(chan struct{})}
		r.open[key] = h
		go r.load(context.WithoutCancel(ctx), h, s)
	}
	h.leases += leases
	r.mu.Unlock()
	select {
	case <-h.loaded:
		return h.engine, h, h.err
	case <-ctx.Done():
		if leases > 0 {
			go func() { _ = r.giveBack(h) }() // which waits for an engine that nobody has used
		}
		return nil, nil, fmt.Errorf("opening model %q: %w", s.Model, context.Cause(ctx))
	}
}

// load loads an entry's engine. It has a goroutine to itself, where a panic would
// end the process.
func (r *registry) load(ctx context.Context, h *entry, s Settings) {
	defer close(h.loaded)
	defer func() {
		if p := recover(); p != nil {
			h.err = fmt.Errorf("opening model %q: %v\n%s", s.Model, p, debug.Stack())
		}
		if h.err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.drop(h)
		}
	}()
	h.engine, h.err = load(ctx, s)
}

// drop lets the next call load anew. The registry is locked.
func (r *registry) drop(h *entry) {
	if r.open[h.key] == h {
		delete(r.open, h.key)
	}
}

func (r *registry) giveBack(h *entry) error {
	r.mu.Lock()
	h.leases--
	last := h.leases == 0
	if last {
		r.drop(h) // at once: nobody may lease what is about to be closed
	}
	r.mu.Unlock()
	if !last {
		return nil
	}
	<-h.loaded
	if h.err != nil {
		return h.err
	}
	return h.engine.close()
}

// close releases the model and its backend. Pictures that are still on their
// way in an abandoned bundle fail.
func (e *Engine) close() error {
	if e.release == nil {
		return nil
	}
	return e.release()
}
