// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/source"
)

func numbered(n int) *made {
	m := &made{}
	for i := range n {
		m.names = append(m.names, fmt.Sprintf("%06d.png", i))
	}
	return m
}

func TestLimit(t *testing.T) {
	t.Parallel()
	src := numbered(10)
	for limit, want := range map[int]int{0: 10, 1: 1, 9: 9, 10: 10, 11: 10} {
		got := listed(t, Options{Limit: limit}.selected(src))
		if diff := cmp.Diff(src.names[:want], got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
	// What comes after is not listed at all.
	src.err = errors.New("broken off")
	if got := listed(t, Options{Limit: 10}.selected(src)); len(got) != 10 {
		t.Errorf("%d pictures", len(got))
	}
	full := errors.New("full")
	if err := (Options{Limit: 1}).selected(src).List(t.Context(), func(source.Ref) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want the listener's", err)
	}
}

// TestSample: a sample has its size, the listing's order, the same pictures each
// time, those of a smaller one, and its pictures come from all over.
func TestSample(t *testing.T) {
	t.Parallel()
	const n, size = 20_000, 400
	src := numbered(n)
	got := listed(t, Options{Sample: size}.selected(src))
	if len(got) != size || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != size {
		t.Fatalf("%d pictures, sorted %v", len(got), slices.IsSorted(got))
	}
	if again := listed(t, Options{Sample: size}.selected(src)); !slices.Equal(again, got) {
		t.Error("the second sample is another one")
	}
	for _, name := range listed(t, Options{Sample: size / 2}.selected(src)) {
		if !slices.Contains(got, name) {
			t.Errorf("%s is in the smaller sample alone", name)
		}
	}
	quarters := [4]int{}
	for _, name := range got {
		i := slices.Index(src.names, name)
		quarters[4*i/n]++
	}
	for _, q := range quarters {
		// 100 expected, standard deviation 8.7: beyond 5 of them once in a million.
		if q < 57 || q > 143 {
			t.Errorf("the quarters of the input have %v of %d pictures", quarters, size)
		}
	}
	if both := listed(t, Options{Sample: 5, Limit: 10}.selected(src)); len(both) != 5 || both[4] >= src.names[10] {
		t.Errorf("5 of the first 10 are %q", both)
	}
	if all := listed(t, Options{Sample: n + 1}.selected(src)); !slices.Equal(all, src.names) {
		t.Errorf("a sample larger than the input has %d pictures", len(all))
	}
}
