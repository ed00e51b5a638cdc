// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"runtime"
	"testing"
)

// TestParallelDefaults: what is not said is this machine's, which need not be that of
// the driver who has not said it.
func TestParallelDefaults(t *testing.T) {
	t.Parallel()
	cores := runtime.GOMAXPROCS(0)
	for _, tt := range []struct {
		in               Parallel
		workers, readers int
	}{
		{Parallel{}, cores, cores},
		{Parallel{Workers: 3}, 3, 3},
		{Parallel{Readers: 32}, cores, 32},
		{Parallel{Workers: 3, Readers: 1}, 3, 1},
	} {
		if w, r := tt.in.workers(), tt.in.readers(); w != tt.workers || r != tt.readers {
			t.Errorf("%+v: %d workers, %d readers, want %d and %d", tt.in, w, r, tt.workers, tt.readers)
		}
		if got, want := tt.in.ahead(), tt.readers+2*tt.workers; got != want {
			t.Errorf("%+v begins %d pictures ahead, want %d", tt.in, got, want)
		}
	}
}
