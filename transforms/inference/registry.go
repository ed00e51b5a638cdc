// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"encoding/json"
	"errors"
	"fmt"
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
	load   func() (*Engine, error)
	leases int
}

// Open returns the process's engine for the settings, loading the model at the
// first call. A failed load is not kept. An engine that nobody has leased stays
// for as long as the process lives, as a worker's does.
func Open(s Settings) (*Engine, error) {
	e, _, err := engines.get(s, 0)
	return e, err
}

// Lease is [Open] for whoever outlives the DoFns: when the last lease is given
// back the engine is closed, and a later Open loads the model anew, which may
// have changed by then.
func Lease(s Settings) (e *Engine, giveBack func() error, err error) {
	e, key, err := engines.get(s, 1)
	if err != nil {
		return nil, nil, err
	}
	return e, sync.OnceValue(func() error { return engines.giveBack(key) }), nil
}

func (r *registry) get(s Settings, leases int) (*Engine, string, error) {
	data, err := json.Marshal(s) //nolint:musttag // pixel.Limits has none; this is a key, not a format
	if err != nil {
		return nil, "", fmt.Errorf("encoding inference settings: %w", err)
	}
	key := string(data)
	r.mu.Lock()
	h := r.open[key]
	if h == nil {
		h = &entry{load: sync.OnceValues(func() (*Engine, error) { return load(s) })}
		r.open[key] = h
	}
	h.leases += leases
	r.mu.Unlock()
	e, err := h.load()
	if err != nil {
		r.mu.Lock()
		if r.open[key] == h {
			delete(r.open, key)
		}
		r.mu.Unlock()
	}
	return e, key, err
}

func (r *registry) giveBack(key string) error {
	r.mu.Lock()
	h := r.open[key]
	h.leases--
	last := h.leases == 0
	if last {
		delete(r.open, key)
	}
	r.mu.Unlock()
	if !last {
		return nil
	}
	e, err := h.load()
	return errors.Join(err, e.close())
}

// close releases the model and its backend. Pictures that are still on their
// way in an abandoned bundle fail.
func (e *Engine) close() error {
	if e.release == nil {
		return nil
	}
	return e.release()
}
