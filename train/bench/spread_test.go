// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	ms := func(list ...int) (d []time.Duration) {
		for _, n := range list {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	tests := []struct {
		name  string
		times []time.Duration
		want  Spread
	}{
		{"none", nil, Spread{}},
		{"one", ms(7), Spread{Count: 1, Median: 7, Min: 7, P10: 7, P90: 7}},
		{"two", ms(4, 2), Spread{Count: 2, Median: 3, Min: 2, P10: 2.2, P90: 3.8}},
		{"eleven, unsorted", ms(10, 0, 9, 1, 8, 2, 7, 3, 6, 4, 5), Spread{Count: 11, Median: 5, Min: 0, P10: 1, P90: 9}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, NewSpread(tt.times), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	if got := rate(10, 4000); got != 2.5 {
		t.Errorf("10 in 4 s are %g a second, want 2.5", got)
	}
	if got := rate(10, 0); got != 0 {
		t.Errorf("10 in no time are %g a second, want 0", got)
	}
}
