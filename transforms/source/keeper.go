// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"sync"
)

// keptOpen is how many folders and archives of a list are open at once, beside
// those that are in use.
const keptOpen = 32

// keeper opens sources when they are needed and closes those that have not been
// used for longest.
type keeper struct {
	limit int
	open  func(context.Context, string) (Source, error)

	mu    sync.Mutex
	kept  map[string]*keptSource
	clock int64
	done  bool
}

var errListClosed = errors.New("the list is closed")

type keptSource struct {
	*opening
	uri   string
	users int
	used  int64 // the keeper's clock at the last use
}

func newKeeper(limit int, open func(context.Context, string) (Source, error)) *keeper {
	return &keeper{limit: limit, open: open, kept: map[string]*keptSource{}}
}

// acquire returns the source of a URI. The caller calls release when done with
// it, and does not close it. A source that cannot be opened is tried again at
// the next call. A caller whose context ends leaves; when the last has left, the
// opening is given up.
func (k *keeper) acquire(ctx context.Context, uri string) (s Source, release func(), err error) {
	k.mu.Lock()
	if k.done {
		k.mu.Unlock()
		return nil, nil, errListClosed
	}
	kept := k.kept[uri]
	if kept == nil {
		kept = &keptSource{uri: uri, opening: startOpening(ctx, uri, k.open)}
		k.kept[uri] = kept
	}
	kept.users++
	k.clock++
	kept.used = k.clock
	k.mu.Unlock()
	s, err = kept.wait(ctx)
	if err != nil {
		k.release(kept)
		return nil, nil, err
	}
	return s, func() { k.release(kept) }, nil
}

func (k *keeper) release(kept *keptSource) {
	k.mu.Lock()
	kept.users--
	if k.kept[kept.uri] == kept && (kept.failed() || kept.users == 0 && kept.abandon(errNobodyWaits)) {
		delete(k.kept, kept.uri)
	}
	idle := k.surplus()
	k.mu.Unlock()
	for _, s := range idle {
		_ = closeKept(s) // it was only read from
	}
}

// surplus takes out what is too many.
func (k *keeper) surplus() (idle []*keptSource) {
	for len(k.kept) > k.limit || k.done && len(k.kept) > 0 {
		oldest := ""
		for uri, kept := range k.kept {
			if kept.users == 0 && (oldest == "" || kept.used < k.kept[oldest].used) {
				oldest = uri
			}
		}
		if oldest == "" {
			break
		}
		idle = append(idle, k.kept[oldest])
		delete(k.kept, oldest)
	}
	return idle
}

func closeKept(kept *keptSource) error {
	<-kept.done
	if kept.err != nil {
		return nil //nolint:nilerr // whoever asked for it has been told
	}
	return kept.source.Close()
}

// close closes all that is not in use, and the rest when it is released. It
// ends openings.
func (k *keeper) close() error {
	k.mu.Lock()
	k.done = true
	for _, kept := range k.kept {
		kept.cancel(errListClosed)
	}
	idle := k.surplus()
	k.mu.Unlock()
	var err error
	for _, s := range idle {
		err = errors.Join(err, closeKept(s))
	}
	return err
}
