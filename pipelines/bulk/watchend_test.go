// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// steps is a clock whose waits are over at once. It calls a function for each,
// which may end the watch.
type steps struct {
	now  time.Time
	wait func(round int)
	n    int
}

func (c *steps) Now() time.Time { return c.now }

func (c *steps) Wait(ctx context.Context, d time.Duration) bool {
	c.n++
	c.now = c.now.Add(d)
	c.wait(c.n)
	return ctx.Err() == nil
}

// watchUntil watches until stop is called, which wait is given.
func watchUntil(t *testing.T, o Options, wait func(round int, stop func())) (Summary, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return watch(ctx, o, &steps{now: time.Unix(1_700_000_000, 0), wait: func(n int) { wait(n, cancel) }})
}

// TestWatchLoop starts with an empty folder, is told to stop, and reports; a
// second watch and then an ordinary run go on with what it has left.
func TestWatchLoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := tiny(t, dir, filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	var rounds []Round
	o.Watched = func(r Round) { rounds = append(rounds, r) }
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := watchUntil(t, o, func(n int, stop func()) {
		switch n {
		case 1:
			put("a.png", pngBytes(t, gray(9, 9, 1)))
		case 2:
			put("bad.png", []byte("no picture"))
		case 5:
			stop()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Round{{1, 0, 0, 0, nil}, {2, 1, 1, 0, nil}, {3, 2, 1, 1, nil}, {4, 2, 0, 1, nil}, {5, 2, 0, 0, nil}}
	if diff := cmp.Diff(want, rounds); diff != "" {
		t.Errorf("rounds (-want +got):\n%s", diff)
	}
	wantCounts(t, counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}, counts{2, 1, 0, 1})
	if _, err := os.Stat(s.ReportJSON); err != nil {
		t.Error(err)
	}
	put("b.png", pngBytes(t, gray(9, 9, 2)))
	s, err = watchUntil(t, o, func(n int, stop func()) {
		if n == 2 {
			stop()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}, counts{3, 2, 1, 1})
	o.Watch = 0
	wantCounts(t, mustRun(t, o), counts{3, 2, 2, 1})
}

// TestWatchStopped stops a watch in the middle of a round: it reports what is
// done, and the next run does the rest.
func TestWatchStopped(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	n := int64(len(files))
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = func(p progress.State) {
		total := p.Total
		if total == n {
			cancel()
		}
	}
	s, err := watch(ctx, o, &steps{now: time.Unix(1_700_000_000, 0), wait: func(int) {}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Pictures != s.Colored || s.Rejects != 0 {
		t.Errorf("%+v when stopped", s)
	}
	if _, err := os.Stat(s.ReportJSON); err != nil {
		t.Error(err)
	}
	o.Watch, o.Progress = 0, nil
	wantCounts(t, mustRun(t, o), counts{n, n, s.Colored, 0})
	whole := tiny(t, o.Input, filepath.Join(t.TempDir(), "out"))
	mustRun(t, whole)
	if diff := cmp.Diff(sums(t, whole.Output), sums(t, o.Output)); diff != "" {
		t.Errorf("pictures (-whole +in steps):\n%s", diff)
	}
}

// TestWatchRetries: a picture that could not be read is tried again some rounds
// later, though nothing of it has changed; a damaged one is not.
func TestWatchRetries(t *testing.T) {
	t.Parallel()
	ref := source.Ref{Member: []byte("a.png"), Version: "1"}
	for _, tt := range []struct {
		state   state
		rounds  int // since it was tried
		session int // the first round of this watch, 0 before its second
		want    bool
	}{
		{stateTransient, 1, 3, true},
		{stateTransient, retryRounds - 1, 3, true},
		{stateTransient, retryRounds, 3, false},
		{stateTransient, 1, 50, false}, // an earlier run's
		{stateTransient, 1, 0, false},
		{stateRejected, 1, 3, true},
		{stateRejected, 10 * retryRounds, 3, true},
		{stateDone, 1, 3, false},
	} {
		p := &planner{known: book{}, session: tt.session, rejects: "r"}
		p.run = 5 + tt.rounds
		p.known[[16]byte{}] = entry{run: 5, state: tt.state, match: matchOf(versionOf(ref), "", "r")}
		if got := p.rejected([16]byte{}, item{Ref: ref}); got != tt.want {
			t.Errorf("%+v: given up %v", tt, got)
		}
	}
}

// TestWatchListing: a folder that goes away is waited for, also where another
// takes its place.
func TestWatchListing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "in")
	put := func(name string) {
		err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name), pngBytes(t, gray(9, 9, 1)), 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
	put("a.png")
	o := tiny(t, dir, filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	failed := 0
	o.Watched = func(r Round) {
		if r.Err != nil {
			failed++
		}
	}
	s, err := watchUntil(t, o, func(n int, stop func()) {
		switch n {
		case 2:
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		case 5:
			put("b.png")
		case 10:
			stop()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if failed < 3 || failed > 4 {
		t.Errorf("%d rounds could not list, want 3 or 4", failed)
	}
	wantCounts(t, counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}, counts{2, 2, 0, 0})
}

// TestWatchEnds: without its output a watch ends with an error.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := tiny(t, dir, filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	_, err := watchUntil(t, o, func(n int, stop func()) {
		switch n {
		case 1:
			err := errors.Join(os.RemoveAll(o.Output), os.WriteFile(o.Output, nil, 0o644),
				os.WriteFile(filepath.Join(dir, "a.png"), pngBytes(t, gray(9, 9, 1)), 0o644))
			if err != nil {
				t.Fatal(err)
			}
		case 6:
			stop()
		}
	})
	if err == nil {
		t.Error("a watch without an output ended well")
	}
	archive := tiny(t, writeZip(t, asMembers(mixed(t))), filepath.Join(t.TempDir(), "out"))
	archive.Watch = watchInterval
	_, err = Run(t.Context(), archive)
	wantRefused(t, err, "which does not change")
}

// TestWatchShows: pictures that come and go are on the report's page, and of
// many only some have thumbnails.
func TestWatchShows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := tiny(t, dir, filepath.Join(t.TempDir(), "out"))
	o.Watch = watchInterval
	const times, each = 10, 20
	// They come after every other round, are left in the next, and coloured in the
	// one after it.
	s, err := watchUntil(t, o, func(n int, stop func()) {
		if n > 2*times {
			stop()
		}
		if n%2 == 0 || n > 2*times {
			return
		}
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			err = errors.Join(err, os.Remove(f))
		}
		for i := range each {
			name := filepath.Join(dir, fmt.Sprintf("%d-%d.png", n, i))
			err = errors.Join(err, os.WriteFile(name, pngBytes(t, gray(9, 9, 1)), 0o644))
		}
		if err != nil {
			t.Error(err)
			stop()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}, counts{times * each, times * each, 0, 0})
	if got := strings.Count(readText(t, o.Output, "report.html"), "<img"); got != 2*maxPairs {
		t.Errorf("page shows %d pictures, want %d", got, 2*maxPairs)
	}
	thumbs, err := os.ReadDir(filepath.Join(o.Output, filepath.FromSlash(thumbsFolder)))
	if err != nil || len(thumbs) < 2*shown || len(thumbs) > 2*times*each*3/5 {
		t.Errorf("%d thumbnails of %d pictures, %v", len(thumbs), times*each, err)
	}
}

// TestWatchInterval: an interval that is too short is refused, and not made
// longer.
func TestWatchInterval(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{-time.Second, time.Millisecond} {
		o := tiny(t, t.TempDir(), filepath.Join(t.TempDir(), "out"))
		o.Watch = interval
		if _, err := Run(t.Context(), o); !fault.IsRequest(err) {
			t.Errorf("Run with %v: %v, want a request error", interval, err)
		}
	}
}
