// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBatcherStarts: a full batch starts at once, a short one when the device is
// idle, nothing is being decoded, and somebody waits for budget or for a result
// that nothing else will bring.
func TestBatcherStarts(t *testing.T) {
	t.Parallel()
	var sizes []int
	b := newBatcher(3, func(batch []*picture) { sizes = append(sizes, len(batch)) })
	decoded := func(p *picture) { b.submitted(); b.gotBudget(); b.decoded(p) }
	last := &picture{}
	for _, step := range []struct {
		name string
		do   func()
		want int // pictures of the batch that starts
	}{
		{"one is decoded", func() { decoded(&picture{}) }, 0},
		{"another has budget", func() { b.submitted(); b.gotBudget() }, 0},
		{"a third waits for budget", func() { b.submitted(); b.waits() }, 0},
		{"nothing is being decoded", func() { b.decoded(&picture{}) }, 2},
		{"the third is decoded", func() { b.waitEnded(); b.gotBudget(); b.decoded(&picture{}) }, 0},
		{"a fourth waits for budget", func() { b.submitted(); b.waits() }, 0},
		{"the device is idle", b.inferred, 1},
		{"the fourth is given up", func() { b.waitEnded(); b.gaveUp(); b.inferred() }, 0},
		{"one is decoded that nobody waits for", func() { decoded(last) }, 0},
		{"one is being read", b.submitted, 0},
		{"somebody waits for the result", func() { b.await(last) }, 0},
		{"nothing is being read", b.gaveUp, 1},
		{"two are decoded", func() { decoded(&picture{}); decoded(&picture{}) }, 0},
		{"a batch is full, the device busy", func() { decoded(&picture{}) }, 3},
		{"one cannot be decoded", func() { b.submitted(); b.gotBudget(); b.decodeError() }, 0},
	} {
		sizes = nil
		step.do()
		var want []int
		if step.want > 0 {
			want = []int{step.want}
		}
		if diff := cmp.Diff(want, sizes); diff != "" {
			t.Errorf("%s: batches (-want +got):\n%s", step.name, diff)
		}
	}
}
