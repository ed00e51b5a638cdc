// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// counted is a source that knows whether it is open.
type counted struct {
	Source
	open *atomic.Int64
	done atomic.Bool
}

func (c *counted) Close() error {
	if c.done.Swap(true) {
		return errors.New("closed twice")
	}
	c.open.Add(-1)
	return nil
}

func TestKeeper(t *testing.T) {
	t.Parallel()
	const limit, workers, uses, sources = 4, 8, 500, 20
	var open, most atomic.Int64
	k := newKeeper(limit, func(_ context.Context, uri string) (Source, error) {
		if uri == "source 7" {
			return nil, errors.New("no such source")
		}
		n := open.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); {
			m = most.Load()
		}
		return &counted{open: &open}, nil
	})
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range uses {
				uri := fmt.Sprintf("source %d", (i*7+w*3)%sources)
				s, release, err := k.acquire(t.Context(), uri)
				if (err != nil) != (uri == "source 7") {
					t.Errorf("acquiring %q = %v", uri, err)
				}
				if err == nil {
					if s.(*counted).done.Load() {
						t.Errorf("%q is closed while it is in use", uri)
					}
					release()
				}
			}
		})
	}
	wait.Wait()
	// What is in use counts beside the limit.
	if n := most.Load(); n > limit+workers {
		t.Errorf("%d sources were open at once, want at most %d", n, limit+workers)
	}
	if n := open.Load(); n > limit {
		t.Errorf("%d sources are left open, want at most %d", n, limit)
	}
	_, release, err := k.acquire(t.Context(), "source 1")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.close(); err != nil {
		t.Error(err)
	}
	if n := open.Load(); n != 1 {
		t.Errorf("%d sources are open after closing, want the one in use", n)
	}
	release()
	if n := open.Load(); n != 0 {
		t.Errorf("%d sources are open at the end", n)
	}
	if _, _, err := k.acquire(t.Context(), "source 1"); err == nil {
		t.Error("a closed keeper opens a source")
	}
}
