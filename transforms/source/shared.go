// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
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
	open map[sharedKey]func() (Source, error)
}{open: map[sharedKey]func() (Source, error){}}

// sharedKey tells a source from one that has since taken its place.
type sharedKey struct{ uri, version string }

// Shared returns the process's one open source for the URI, opening it at the
// first call. The caller must not close it; see [Forget].
func Shared(ctx context.Context, uri string) (Source, error) {
	key := sharedKey{uri: uri}
	if info, err := os.Stat(uri); err == nil && !info.IsDir() {
		key.version = strconv.FormatInt(info.Size(), 36) + "." + strconv.FormatInt(info.ModTime().UnixNano(), 36)
	}
	// The opening must outlive the bundle that asked first.
	opening := context.WithoutCancel(ctx)
	shared.Lock()
	open := shared.open[key]
	if open == nil {
		open = sync.OnceValues(func() (Source, error) { return Open(opening, uri) })
		shared.open[key] = open
	}
	shared.Unlock()
	s, err := open() // others wait for this one archive only
	if err != nil {
		shared.Lock()
		delete(shared.open, key) // the next try may find the file in place
		shared.Unlock()
	}
	return s, err
}

// Forget drops the process's shared source for the URI, at the end of a job.
// Its files close when the last reader lets go of it, through the garbage
// collector: a runner may abandon a DoFn in the middle of a read.
func Forget(uri string) {
	shared.Lock()
	defer shared.Unlock()
	maps.DeleteFunc(shared.open, func(key sharedKey, _ func() (Source, error)) bool { return key.uri == uri })
}
