// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"strconv"
	"sync"
)

// shared holds the sources that DoFns use, one for each process: a DoFn
// arrives as JSON and cannot carry an open file, and opening a large archive's
// directory again for every bundle would cost more than reading pictures.
var shared = struct {
	sync.Mutex
	open map[sharedKey]*sharedSource
	jobs map[string]int // that keep a URI's source
}{open: map[sharedKey]*sharedSource{}, jobs: map[string]int{}}

// sharedSource counts who waits for the opening, under the lock of shared.
type sharedSource struct {
	*opening
	waiting int
}

var errForgotten = errors.New("the source was forgotten while it was opened")

// sharedKey tells a source from one that has since taken its place.
type sharedKey struct{ uri, version string }

// fileVersion changes when a file does.
func fileVersion(info fs.FileInfo) string {
	return strconv.FormatInt(info.Size(), 36) + "." + strconv.FormatInt(info.ModTime().UnixNano(), 36)
}

// Shared returns the process's one open source for the URI, opening it at the
// first call, and again where a local file has been replaced since. What is
// under gs:// stays as it was opened until it is forgotten. Callers wait for the
// opening no longer than their contexts last, and the last who leaves ends it.
// The caller must not close the source; see [Keep].
func Shared(ctx context.Context, uri string) (Source, error) {
	key := sharedKey{uri: uri}
	if info, err := os.Stat(uri); err == nil && !info.IsDir() {
		key.version = fileVersion(info)
	}
	shared.Lock()
	entry := shared.open[key]
	if entry == nil {
		entry = &sharedSource{opening: startOpening(ctx, uri, Open)}
		shared.open[key] = entry
	}
	entry.waiting++
	shared.Unlock()
	s, err := entry.wait(ctx) // others wait for this one archive only
	shared.Lock()
	defer shared.Unlock()
	entry.waiting--
	// The next try may find the file in place.
	gone := entry.failed() || entry.waiting == 0 && entry.abandon(errNobodyWaits)
	if gone && shared.open[key] == entry {
		delete(shared.open, key)
	}
	return s, err
}

// Keep says that a job of this process is going to use [Shared] for the URI. It
// calls release once, at its end: with the last such job the source is forgotten.
func Keep(uri string) (release func()) {
	shared.Lock()
	defer shared.Unlock()
	shared.jobs[uri]++
	return sync.OnceFunc(func() {
		shared.Lock()
		shared.jobs[uri]--
		last := shared.jobs[uri] == 0
		if last {
			delete(shared.jobs, uri)
		}
		shared.Unlock()
		if last {
			Forget(uri)
		}
	})
}

// Forget drops the process's shared source for the URI, whoever keeps it, and
// ends its opening. Its files close when the last reader lets go of it, through
// the garbage collector: a runner may abandon a DoFn in the middle of a read.
func Forget(uri string) {
	shared.Lock()
	defer shared.Unlock()
	maps.DeleteFunc(shared.open, func(key sharedKey, entry *sharedSource) bool {
		if key.uri != uri {
			return false
		}
		entry.cancel(errForgotten)
		return true
	})
}
