// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// inSplit returns n pairs that belong to the split, numbered from the given
// one on.
func inSplit(tb testing.TB, split string, from, n int, m func(i int) *pixel.RGB) (list []Sample) {
	tb.Helper()
	for i := from; len(list) < n; i++ {
		if s := sample(tb, i); splitOf(tb, s) == split {
			list = append(list, pair(tb, i, m(len(list))))
		}
	}
	return list
}

// bright is a picture with one bright corner, and a little of n elsewhere.
func bright(corner, n int) *pixel.RGB {
	m := plain(20, 30, 40)
	for y := range testSize / 2 {
		for x := range testSize / 2 {
			i := 3 * ((y+corner/2*testSize/2)*testSize + x + corner%2*testSize/2)
			m.Pix[i], m.Pix[i+1], m.Pix[i+2] = 250, 200, 180
		}
	}
	m.Pix[len(m.Pix)-1] += uint8(n)
	return m
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Train has every corner, the first twice; val repeats one of them exactly
	// and another but for a trace, and has one of its own.
	train := inSplit(t, Train, 0, 4, func(i int) *pixel.RGB { return bright(max(0, i-1), 0) })
	val := inSplit(t, Val, 0, 3, func(i int) *pixel.RGB { return [3]*pixel.RGB{bright(1, 0), bright(2, 1), bright(3, 0)}[i] })
	pairs(t, dir, append(train, val...))
	place := func(split string, s Sample) Place {
		return Place{Split: split, File: Name(split, 0), Key: s.Key, Source: s.Meta.Source, Color: s.Color}
	}
	r := examine(t, dir, SurveyOptions{Deep: true, NearDuplicates: true, NearDistance: 1})
	if !r.OK() {
		t.Errorf("problems: %v", r.Problems)
	}
	want := Twins{Count: 1, Pairs: []Twin{{Sample: place(Val, val[0]), Earlier: place(Train, train[2])}}}
	if diff := cmp.Diff(want, r.Duplicates); diff != "" {
		t.Errorf("duplicates (-want +got):\n%s", diff)
	}
	near := Twins{Count: 2, Pairs: []Twin{want.Pairs[0], {Sample: place(Val, val[1]), Earlier: place(Train, train[3])}}}
	byKey := cmpopts.SortSlices(func(a, b Twin) bool { return a.Sample.Key < b.Sample.Key })
	if diff := cmp.Diff(&near, r.NearDuplicates, byKey); diff != "" {
		t.Errorf("near duplicates (-want +got):\n%s", diff)
	}
}

// TestDuplicatesBounded shows that all are counted and few are named.
func TestDuplicatesBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := func(int) *pixel.RGB { return bright(0, 0) }
	pairs(t, dir, append(inSplit(t, Train, 0, 30, m), inSplit(t, Val, 0, 40, m)...))
	r := examine(t, dir, SurveyOptions{Deep: true, NearDuplicates: true})
	for name, got := range map[string]Twins{"duplicates": r.Duplicates, "near duplicates": *r.NearDuplicates} {
		if got.Count != 40 || len(got.Pairs) != maxTwins {
			t.Errorf("%s: %d counted, %d named, want 40 and %d", name, got.Count, len(got.Pairs), maxTwins)
		}
		for i, p := range got.Pairs {
			if p.Earlier.Split != Train || p.Sample.Split != Val || i > 0 && p.Sample.File+p.Sample.Key <= got.Pairs[i-1].Sample.File+got.Pairs[i-1].Sample.Key {
				t.Errorf("%s: pair %d is of %s and %s, or out of order", name, i, p.Earlier.Split, p.Sample.Split)
			}
		}
	}
}

// TestFindNear compares the search with one that compares every pair.
func TestFindNear(t *testing.T) {
	t.Parallel()
	splits := []int{0, 0, 1, 2}
	for distance := range MaxNearDistance + 1 {
		t.Run(fmt.Sprint(distance), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(11, uint64(distance)))
			var list []nearPicture
			centers := make([]uint64, 20)
			for i := range centers {
				centers[i] = r.Uint64()
			}
			for i := range 600 {
				hash := centers[r.IntN(len(centers))]
				for range r.IntN(12) {
					hash ^= 1 << r.IntN(64)
				}
				list = append(list, nearPicture{hash, sampleRef{uint32(i % 4), uint32(i / 4)}})
			}
			got, err := findNear(t.Context(), list, splits, distance)
			if err != nil {
				t.Fatal(err)
			}
			var want twinRefs
			for _, p := range list {
				best := twinRef{sample: p.at, distance: distance + 1}
				for _, q := range list {
					if d := pixel.HashDistance(p.hash, q.hash); splits[q.at.shard] < splits[p.at.shard] &&
						(d < best.distance || d == best.distance && d <= distance && q.at.compare(best.earlier) < 0) {
						best.distance, best.earlier = d, q.at
					}
				}
				if best.distance <= distance {
					want.add(best)
				}
			}
			if want.count == 0 {
				t.Error("the test has no near duplicate")
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(twinRefs{}, twinRef{}, sampleRef{})); diff != "" {
				t.Errorf("near duplicates (-want +got):\n%s", diff)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := findNear(ctx, []nearPicture{{}}, splits, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled findNear = %v", err)
	}
}

// BenchmarkFindNear has random hashes, a tenth of them outside of training.
func BenchmarkFindNear(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]nearPicture, 200_000)
	for i := range list {
		shard := uint32(0)
		if i%10 == 0 {
			shard = 1
		}
		list[i] = nearPicture{r.Uint64(), sampleRef{shard, uint32(i)}}
	}
	for b.Loop() {
		if _, err := findNear(b.Context(), list, []int{0, 1}, DefaultNearDistance); err != nil {
			b.Fatal(err)
		}
	}
}
