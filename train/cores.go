// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// onAllCores calls work with 0 to n-1, on as many goroutines as there are cores,
// and returns their errors. A goroutine ends at its first error.
func onAllCores(n int, work func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, min(runtime.GOMAXPROCS(0), n))
	var group sync.WaitGroup
	for w := range errs {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = work(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
