// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// onAllCores calls work with 0 to n-1, on as many goroutines as there are cores,
// and returns their errors. A goroutine ends at its first error; a panic is one.
func onAllCores(n int, work func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, min(runtime.GOMAXPROCS(0), n))
	var group sync.WaitGroup
	for w := range errs {
		group.Go(func() {
			defer recovered("working on pictures", &errs[w])
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = work(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// recovered turns a panic into an error: graph builders and the device layer
// panic. It is to be deferred.
func recovered(what string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: %v\n%s", what, r, debug.Stack())
	}
}
