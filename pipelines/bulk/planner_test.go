// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// many is a source of references that nobody reads.
type many struct {
	source.Source
	n int
}

func (many) URI() string { return "gs://input/p" }

func (m many) List(ctx context.Context, yield func(source.Ref) error) error {
	for i := range m.n {
		if err := yield(refOf(i)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func refOf(i int) source.Ref {
	return source.Ref{URI: "gs://input/p", Member: fmt.Appendf(nil, "folder/%04d/picture-%08d.jpg", i/1000, i), Size: 1e6, Version: "1700000000000000"}
}

// TestPlanMemory compares a large ledger with its listing, and bounds what both
// take in memory.
func TestPlanMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("lists 100,000 pictures; run without -short")
	}
	const n = 100_000
	d := &driver{known: book{}, layout: layout{Output: "gs://out/set", Kind: folder}, job: job{Format: FormatSame}}
	shelf := bucketShelf{}
	before := liveHeap()
	for i := range n {
		r := refOf(i)
		l := line{
			Key: keyOf(r, r.URI), Version: versionOf(r), Settings: d.job.hash(), Bytes: 1e6, Width: 2000, Height: 1000, Generation: int64(i) + 1,
		}
		if err := d.known.add(l, 1); err != nil {
			t.Fatal(err)
		}
		shelf[nameHash(r.Name())] = listedObject{1e6, int64(i) + 1}
	}
	d.shelf = shelf
	p, err := d.planner(many{n: n})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.makePlan(t.Context(), d.layout.Output); err != nil {
		t.Fatal(err)
	}
	after := liveHeap()
	if p.skipped != n || p.pending != 0 {
		t.Errorf("%d skipped and %d pending, want %d and 0", p.skipped, p.pending, n)
	}
	perPicture := float64(after-before) / n
	t.Logf("%.0f bytes a picture while it is planned", perPicture)
	if perPicture > 260 {
		t.Errorf("%.0f bytes a picture, want at most 260", perPicture)
	}
	p.names, p.shelf, d.shelf = nil, nil, nil
	perPicture = float64(liveHeap()-before) / n
	t.Logf("%.0f bytes a picture after that", perPicture)
	if perPicture > 160 {
		t.Errorf("%.0f bytes a picture, want at most 160", perPicture)
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(d)
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestPartCount(t *testing.T) {
	t.Parallel()
	got := map[int64]int{}
	for _, n := range []int64{0, 1, 1000, 1001, 2000, 2001, 9000, 600_000, 1e9} {
		got[n] = partCount(n, partSize)
	}
	want := map[int64]int{0: 1, 1: 1, 1000: 1, 1001: 2, 2000: 2, 2001: 4, 9000: 16, 600_000: 512, 1e9: 512}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}
