// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// bookOf reads a ledger; in which run a line was written is left out.
func bookOf(t *testing.T, st store.Store) book {
	t.Helper()
	b := book{}
	if err := eachLine(t.Context(), st, 0, b.add); err != nil {
		t.Fatal(err)
	}
	for key, e := range b {
		e.run = 0
		b[key] = e
	}
	return b
}

// randomLedger writes a segment for each of some runs: pictures that are
// coloured, rejected and changed again and again.
func randomLedger(t *testing.T, st store.Store, runs, pictures int, random *rand.Rand) {
	t.Helper()
	for run := range runs {
		var lines []line
		for _, i := range random.Perm(pictures)[:random.IntN(6)] {
			l := line{Key: fmt.Sprintf("%032x", i), Source: fmt.Sprint(i), Version: fmt.Sprint(random.IntN(3))}
			switch random.IntN(4) {
			case 0:
				l.Stage, l.Reason, l.Transient = fault.StageRead, "away", random.IntN(2) == 0
			case 1:
				l.Left = true
			default:
				l.Output, l.Bytes, l.Generation = fmt.Sprintf("%d.png", i), random.Int64N(100), random.Int64N(100)
			}
			lines = append(lines, l)
		}
		if err := writeSegment(t.Context(), st, transforms.Claim{}, 1+run, randomID(), 0, lines); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMergeSegments: a merged ledger says the same of every picture, also where
// the merging was killed before all of its parts were gone.
func TestMergeSegments(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		st, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		randomLedger(t, st, 40, 12, random)
		want := bookOf(t, st)
		parts := map[string][]byte{}
		infos, err := listSegments(t.Context(), st, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			if parts[i.Name], err = st.ReadFile(t.Context(), i.Name); err != nil {
				t.Fatal(err)
			}
		}
		d := &driver{st: st, layout: layout{Output: dir, Kind: folder}, manySegments: 41}
		merge := func(from, left int) {
			t.Helper()
			if err := d.mergeSegments(t.Context(), from); err != nil {
				t.Fatal(err)
			}
			if infos, err := listSegments(t.Context(), st, 0); err != nil || len(infos) != left {
				t.Fatalf("%d segments are left, want %d (%v)", len(infos), left, err)
			}
			if diff := cmp.Diff(want, bookOf(t, st), cmp.AllowUnexported(entry{})); diff != "" {
				t.Fatalf("seed %d: the ledger says (-before +after merging):\n%s", seed, diff)
			}
		}
		merge(0, 40) // too few
		d.manySegments = 10
		merge(31, 31) // of a watch's own runs
		merge(0, 1)
		left := 0
		for name, data := range parts { // in any order: any of them may be left
			if random.IntN(2) == 0 {
				continue
			}
			left++
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d.manySegments = 1000
		merge(0, 1+left)
		if last, err := lastRun(t.Context(), st); err != nil || last != 40 {
			t.Errorf("the last run is %d, %v", last, err)
		}
	}
}

// TestRunsInOrder: of two runs the later counts, whatever its number's length.
func TestRunsInOrder(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []int{999_999, 1_000_000} {
		l := line{Key: fmt.Sprintf("%032x", 1), Version: fmt.Sprint(run)}
		if err := writeSegment(t.Context(), st, transforms.Claim{}, run, "w", 0, []line{l}); err != nil {
			t.Fatal(err)
		}
	}
	last := ""
	if err := eachLine(t.Context(), st, 0, func(l line, _ int) error { last = l.Version; return nil }); err != nil || last != "1000000" {
		t.Errorf("the last line is of run %s, %v", last, err)
	}
}

// TestOwnedName: the name that a picture had with other settings makes a file of
// its new name no more the job's.
func TestOwnedName(t *testing.T) {
	t.Parallel()
	b := book{}
	key := fmt.Sprintf("%032x", 1)
	for _, l := range []line{{Key: key, Output: "a.jpg"}, {Key: key, Stage: fault.StageRead, Reason: "away"}} {
		if err := b.add(l, 1); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := rawKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if e := b[raw]; !e.owns("a.jpg") || e.owns("a.jpg.png") {
		t.Errorf("%+v owns a.jpg: %v, a.jpg.png: %v", e, e.owns("a.jpg"), e.owns("a.jpg.png"))
	}
}
