// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/plan"
)

// TestBudget runs works of many costs at once, those above the whole budget
// among them: never may they hold more than there is, and all must end.
func TestBudget(t *testing.T) {
	t.Parallel()
	const budget = 1000
	shares := newShares()
	var held, most, alone atomic.Int64
	work := func(ctx context.Context, i int) (int, error) {
		cost := int64(i*137%600 + 1)
		if i%10 == 0 {
			cost = 5 * budget
		}
		return i, shares.with(ctx, budget, cost, func() error {
			now := held.Add(min(cost, budget))
			defer held.Add(-min(cost, budget))
			if now > most.Load() {
				most.Store(now)
			}
			if cost > budget {
				alone.Add(1)
			}
			return nil
		})
	}
	next := 0
	err := ordered(t.Context(), 16, numbers(300), work, func(i int) error {
		if i != next {
			t.Errorf("result %d comes at place %d", i, next)
		}
		next++
		return nil
	})
	if err != nil || next != 300 || alone.Load() != 30 {
		t.Errorf("%d results, %d above the budget, %v", next, alone.Load(), err)
	}
	if most.Load() > budget {
		t.Errorf("%d bytes were held of %d", most.Load(), budget)
	}
}

// TestBudgetGivenBack checks that errors and panics keep nothing of a budget,
// and that a cancelled wait ends.
func TestBudgetGivenBack(t *testing.T) {
	t.Parallel()
	const budget = 1000
	shares := newShares()
	boom := errors.New("boom")
	if err := shares.with(t.Context(), budget, budget, func() error { return boom }); !errors.Is(err, boom) {
		t.Errorf("with = %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = shares.with(t.Context(), budget, budget, func() error { panic(boom) })
	}()
	err := shares.with(t.Context(), budget, budget, func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return shares.with(ctx, budget, 1, func() error { return nil })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting = %v, want context.Canceled", err)
	}
	if !shares.of(budget).TryAcquire(budget) {
		t.Error("some of the budget is lost")
	}
}

func TestPairCost(t *testing.T) {
	t.Parallel()
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, image.NewRGBA(image.Rect(0, 0, 100, 50)), nil); err != nil {
		t.Fatal(err)
	}
	area := image.Rect(0, 0, 100, 50)
	paletted := image.NewPaletted(area, color.Palette{color.Black, color.White})
	for _, tt := range []struct {
		name  string
		data  []byte
		limit int64
		pixel float64 // bytes for each of 5,000 pixels
	}{
		{"gray", pngOf(t, image.NewGray(area)), 5000, 9},
		{"colour", pngOf(t, image.NewNRGBA(area)), 5000, 11},
		{"16 bits", pngOf(t, image.NewNRGBA64(area)), 5000, 16},
		{"paletted", pngOf(t, paletted), 5000, 11},
		{"jpeg", jpg.Bytes(), 5000, 8.5},
		{"above the limit", jpg.Bytes(), 4999, 0},
		{"no picture", []byte("text"), 5000, 0},
		{"empty", nil, 5000, 0},
	} {
		want := int64(len(tt.data)) + 12*16*16 + int64(5000*tt.pixel)
		if got := pairCost(tt.data, PairSettings{Size: 16, Limits: pixel.Limits{MaxPixels: tt.limit}}); got != want {
			t.Errorf("%s: pairCost = %d, want %d", tt.name, got, want)
		}
	}
}

// TestBudgetSameShard checks that a budget which lets one picture through at a
// time changes no byte of a shard.
func TestBudgetSameShard(t *testing.T) {
	t.Parallel()
	src := pictures{}
	var entries []plan.Entry
	for i := range 40 {
		name := fmt.Sprintf("%02d.png", i)
		src[name] = pngOf(t, plain(16+i, 16))
		entries = append(entries, src.entry(name))
	}
	slices.SortFunc(entries, func(a, b plan.Entry) int { return cmp.Compare(a.SHA256, b.SHA256) })
	var want string
	for _, budget := range []int64{DefaultMemoryBudget, 1} {
		c := WriteConfig{
			Pair:     PairSettings{Size: 16, Limits: pixel.DefaultLimits(), Background: pixel.White()},
			Parallel: Parallel{Workers: 4, Readers: 4, MemoryBudget: budget},
		}
		stats, err := fillShard(t.Context(), io.Discard, src, c, entries)
		if err != nil || stats.Samples != len(entries) {
			t.Fatalf("budget %d: %+v, %v", budget, stats, err)
		}
		if want == "" {
			want = stats.SHA256
		}
		if stats.SHA256 != want {
			t.Errorf("budget %d: the shard differs", budget)
		}
	}
}
