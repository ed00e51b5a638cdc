// SPDX-License-Identifier: Apache-2.0

package train

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	const n, epochs = 7, 3
	take := func(o *order, from, to int64) []int {
		var list []int
		for at := from; at < to; at++ {
			list = append(list, o.at(at))
		}
		return list
	}
	all := take(newOrder("order", 1, 0, n), 0, n*epochs)
	// Pinned: a run that was begun with an older version must see the same.
	if want := []int{3, 1, 5, 2, 6, 0, 4}; !slices.Equal(all[:n], want) {
		t.Errorf("first epoch in order %v, want %v", all[:n], want)
	}
	for e := range epochs {
		got := slices.Sorted(slices.Values(all[e*n : (e+1)*n]))
		if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5, 6}, got); diff != "" {
			t.Errorf("epoch %d is no permutation:\n%s", e, diff)
		}
	}
	for from := range int64(n * epochs) {
		if got := take(newOrder("order", 1, 0, n), from, n*epochs); !slices.Equal(got, all[from:]) {
			t.Errorf("entered at %d: %v, want %v", from, got, all[from:])
		}
	}
	for name, other := range map[string]*order{"seed": newOrder("order", 2, 0, n), "stage": newOrder("order", 1, 1, n), "label": newOrder("critic order", 1, 0, n)} {
		if got := take(other, 0, n*epochs); slices.Equal(got, all) {
			t.Errorf("another %s gives the same order", name)
		}
	}
	if slices.Equal(all[:n], all[n:2*n]) {
		t.Error("two epochs have the same order")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	stages := []recipes.Stage{{Epochs: 3}, {Epochs: 1}}
	tests := []struct {
		name            string
		pictures, batch int64
		ends            []int64 // steps after the epochs of the first stage
		whole           amount
	}{
		{"even", 8, 2, []int64{4, 8, 12}, amount{steps: 16, epochs: 4}},
		{"one", 3, 1, []int64{3, 6, 9}, amount{steps: 12, epochs: 4}},
		{"odd", 7, 2, []int64{4, 7, 11}, amount{steps: 15, epochs: 4}}, // 3.5 batches an epoch
		{"whole", 5, 5, []int64{1, 2, 3}, amount{steps: 4, epochs: 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := schedule{stages: stages, pictures: tt.pictures, batch: tt.batch}
			for i, want := range tt.ends {
				if got := s.epochEnd(i + 1); got != want {
					t.Errorf("epoch %d ends at step %d, want %d", i+1, got, want)
				}
			}
			if got := s.whole(); got != tt.whole {
				t.Errorf("the whole is %+v, want %+v", got, tt.whole)
			}
			at := position{Stage: 1, Step: 1}
			if got := s.before(at).steps; got != tt.ends[2]+1 {
				t.Errorf("before %+v are %d steps, want %d", at, got, tt.ends[2]+1)
			}
			if s.done(at) || !s.done(position{Stage: 2}) {
				t.Error("done is wrong")
			}
		})
	}
}
