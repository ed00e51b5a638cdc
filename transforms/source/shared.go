// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"os"
	"strconv"
	"sync"
)

// shared holds the sources that DoFns use, one for each process: a DoFn
// arrives as JSON and cannot carry an open file, and opening a large archive's
// directory again for every bundle would cost more than reading pictures.
// Keys are sharedKey values, values func() (Source, error).
var shared sync.Map

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
	open, _ := shared.LoadOrStore(key, sync.OnceValues(func() (Source, error) { return Open(opening, uri) }))
	s, err := open.(func() (Source, error))()
	if err != nil {
		shared.Delete(key) // the next try may find the file in place
	}
	return s, err
}

// Forget drops the process's shared source for the URI, at the end of a job.
// Its files close when the last reader lets go of it, through the garbage
// collector: a runner may abandon a DoFn in the middle of a read.
func Forget(uri string) {
	shared.Range(func(key, _ any) bool {
		if key.(sharedKey).uri == uri {
			shared.Delete(key)
		}
		return true
	})
}
