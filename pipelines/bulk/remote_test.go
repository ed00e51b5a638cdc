// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// TestCheckTotals: success is what the totals say.
func TestCheckTotals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		totals *totals
		want   string
	}{
		{"all", &totals{Colored: 2, Left: 1, Rejects: 1, Reused: 3}, ""},
		{"some", &totals{Colored: 2, Rejects: 1}, "3 of 7 pictures are done"},
		{"too many", &totals{Colored: 8}, "8 of 7 pictures are done"},
		{"none", nil, "is not there: nothing says what was done"},
	} {
		dir := t.TempDir()
		l, err := newLayout(dir)
		if err != nil {
			t.Fatal(err)
		}
		st, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		d := &driver{layout: l, st: st, plan: roundPlan{pending: 7}}
		if tt.totals != nil {
			if err := (spec{Layout: l}).writeTotals(t.Context(), *tt.totals); err != nil {
				t.Fatal(err)
			}
		}
		err = d.checkTotals(t.Context())
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: checkTotals = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestStoppedTotals: a job that goes on after its end leaves the totals alone.
func TestStoppedTotals(t *testing.T) {
	t.Parallel()
	l, err := newLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st, err := l.records()
	if err != nil {
		t.Fatal(err)
	}
	sp := spec{Layout: l, Claim: transforms.Claim{Stop: stopFolder + "/1"}}
	if err := sp.writeTotals(t.Context(), totals{Colored: 1}); err != nil {
		t.Fatal(err)
	}
	before, err := st.ReadFile(t.Context(), totalsFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Publish(t.Context(), sp.Claim.Stop, store.Absent(), func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := sp.writeTotals(t.Context(), totals{Colored: 2}); !errors.Is(err, transforms.ErrStopped) {
		t.Errorf("writeTotals = %v, want %v", err, transforms.ErrStopped)
	}
	if after, err := st.ReadFile(t.Context(), totalsFile); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the totals are now %s, %v", after, err)
	}
}

// TestStaleTotals: those of the round before say nothing of this one, and none are
// left, as none are by a job that was killed after its last picture.
func TestStaleTotals(t *testing.T) {
	t.Parallel()
	o := tiny(t, writeFolder(t, mixed(t)), filepath.Join(t.TempDir(), "out"))
	l, err := newLayout(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	if err := (spec{Layout: l}).writeTotals(t.Context(), totals{Colored: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	o.Overwrite = true // the output has a folder of records already
	n := int64(len(mixed(t)))
	wantCounts(t, mustRun(t, o), counts{n, n, 0, 0})
	if _, err := os.Stat(l.at(totalsFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the totals stay when the run has ended: %v", err)
	}
}

// TestRemoteProgress: a job elsewhere is followed by its counters, and one with
// DoFns in this process does not count twice.
func TestRemoteProgress(t *testing.T) {
	t.Parallel()
	work := progress.Start()
	defer work.End()
	work.SetTotal(10)
	work.Add(2) // skipped
	o := DefaultOptions()
	o.Input, o.Output = "gs://in-1/a", "gs://out-1/b"
	st, err := store.Open(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	tell := (&driver{options: o, st: st}).runnerJob(work).Progress
	for _, tt := range []struct {
		counters      runner.Counters
		here          int64 // counted by DoFns in this process
		done, rejects int64
	}{
		{nil, 0, 2, 0},
		{runner.Counters{"bulk.colored": 3}, 0, 5, 0},
		{runner.Counters{"bulk.colored": 3, "bulk.rejects": 1}, 1, 6, 1},
		{runner.Counters{"bulk.colored": 3, "bulk.rejects": 1}, 1, 7, 1},
		{runner.Counters{"bulk.colored": 5, "bulk.rejects": 2, "bulk.reused": 1}, 0, 10, 2},
	} {
		work.Add(tt.here)
		tell(tt.counters)
		if s := work.State(); s.Done != tt.done || s.Rejects != tt.rejects {
			t.Errorf("%v: %+v, want %d done, %d rejects", tt.counters, s, tt.done, tt.rejects)
		}
	}
}
