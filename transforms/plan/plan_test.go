// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

const dir = "parts/0"

func newStore(t testing.TB) store.Store {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// entryOf returns a picture of this name whose bytes are content.
func entryOf(name, content string) Entry {
	sum := sha256.Sum256([]byte(content))
	return Entry{Ref: source.Ref{Member: []byte(name)}, SHA256: hex.EncodeToString(sum[:])}
}

func rejectOf(name string) Entry {
	return Entry{Ref: source.Ref{Member: []byte(name)}, Reject: &fault.Reject{Source: name, Reason: "cut", Transient: true}}
}

// TestLayout checks that shards get equal shares, and that ranges and numbers
// of shards agree at their borders.
func TestLayout(t *testing.T) {
	t.Parallel()
	l := Layout{Seed: 3, ValPercent: 20, TestPercent: 10, Train: 4, Val: 2, Test: 1}
	const n = 20_000
	got := map[string]int{}
	for i := range n {
		p, err := l.place(entryOf("a", fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		got[fileName(p.split, l.shardAt(p.split, p.at))]++
	}
	want := map[string]float64{"val-000000": 0.1, "val-000001": 0.1, "test-000000": 0.1}
	for i := range 4 {
		want[fmt.Sprintf("train-%06d", i)] = 0.7 / 4
	}
	if len(got) != len(want) {
		t.Errorf("shards %v", got)
	}
	for name, share := range want {
		// Six standard deviations of a binomial: fails once in 10^8 seeds.
		if d := float64(got[name]) - n*share; d*d > 36*n*share*(1-share) {
			t.Errorf("%s has %d of %d, want about %.0f", name, got[name], n, n*share)
		}
	}
	for _, shards := range []int{1, 2, 3, 7, 1000, 99_999, 1 << 20} {
		l := Layout{Train: shards}
		for _, i := range []int{0, 1, shards / 2, shards - 1} {
			if i >= shards {
				continue
			}
			low, high := l.bounds(0, i, i+1)
			if l.shardAt(0, low) != i || l.shardAt(0, high) != i {
				t.Errorf("shard %d of %d: its range begins in %d and ends in %d", i, shards, l.shardAt(0, low), l.shardAt(0, high))
			}
			if low > 0 && l.shardAt(0, low-1) != i-1 || high < math.MaxUint64 && l.shardAt(0, high+1) != i+1 {
				t.Errorf("shard %d of %d: its range is too narrow", i, shards)
			}
		}
	}
}

// pool returns pictures with copies among them, and some that were not read.
func pool(n int, random *rand.Rand) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		name := fmt.Sprintf("p/%d.png", i)
		entries[i] = entryOf(name, fmt.Sprint(random.IntN(n)))
		if random.IntN(20) == 0 {
			entries[i] = rejectOf(name)
		}
	}
	return entries
}

// naive plans in memory what the merger plans from files.
func naive(t *testing.T, l Layout, entries []Entry, known map[string]bool) (files map[string][]Entry, copies int64) {
	t.Helper()
	files = map[string][]Entry{}
	var list []placed
	for _, e := range entries {
		p, err := l.place(e)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, compare)
	seen := map[string]bool{}
	for _, p := range list {
		if p.SHA256 != "" && (seen[p.SHA256] || known[p.SHA256]) {
			copies++
			continue
		}
		seen[p.SHA256] = true
		name := fileName(p.split, l.shardAt(p.split, p.at))
		files[name] = append(files[name], p.Entry)
	}
	return files, copies
}

// writeRuns divides entries among runs of the sizes.
func writeRuns(t *testing.T, st store.Store, m Merger, entries []Entry, sizes []int) [len(splits)]int64 {
	t.Helper()
	var total [len(splits)]int64
	for n, size := range sizes {
		part := entries[:size]
		entries = entries[size:]
		run, err := WriteRun(t.Context(), st, RunName(m.Dir, n), store.Anything(), m.Settings, m.Layout, part)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range run.Entries {
			total[i] += k
		}
	}
	return total
}

// mergeAll runs all tasks and reads back what they wrote.
func mergeAll(t *testing.T, st store.Store, m Merger, tasks []Task) (files map[string][]Entry, sealed Sealed) {
	t.Helper()
	files = map[string][]Entry{}
	sealed.Settings = m.Settings
	for _, task := range tasks {
		err := m.Write(t.Context(), st, task, func(f File) { sealed.Files = append(sealed.Files, f) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := Seal(t.Context(), st, m.Dir, sealed); err != nil {
		t.Fatal(err)
	}
	for _, f := range sealed.Files {
		if f.Pictures == 0 {
			continue
		}
		entries, err := ReadFile(t.Context(), st, m.Dir, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(entries)) != f.Pictures {
			t.Errorf("%s has %d lines, want %d", f.Name, len(entries), f.Pictures)
		}
		files[f.Name] = entries
	}
	return files, sealed
}

// TestMerge compares plans of random pictures with those made in memory: for
// runs of many sizes, tasks of many sizes and windows of a few pictures.
func TestMerge(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name    string
		layout  Layout
		sizes   []int
		windows int64 // for each task
		tasks   int   // for each split, 0 as by Tasks
	}{
		{"one picture", Layout{Train: 1}, []int{1}, 1, 0},
		{"one run", Layout{Train: 3, Val: 2, Test: 1, ValPercent: 20, TestPercent: 10}, []int{500}, 1, 0},
		{"empty runs", Layout{Train: 3, Val: 1, ValPercent: 20}, []int{0, 300, 0, 1}, 1, 0},
		{"many runs", Layout{Train: 5, Val: 2, ValPercent: 30, Seed: 9}, []int{200, 64, 65, 128, 1, 300}, 1, 0},
		{"many windows", Layout{Train: 4}, []int{700, 700}, 97, 0},
		{"many tasks", Layout{Train: 40, Val: 10, ValPercent: 20}, []int{400, 500}, 3, 7},
		{"more shards than pictures", Layout{Train: 5000}, []int{100, 100}, 2, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			for _, size := range tt.sizes {
				n += size
			}
			entries := pool(n, random)
			st := newStore(t)
			m := Merger{Dir: dir, Settings: "s", Layout: tt.layout, Runs: len(tt.sizes)}
			total := writeRuns(t, st, m, entries, tt.sizes)
			var tasks []Task
			for _, task := range tt.layout.Tasks(total) {
				task.Entries = tt.windows * windowEntries
				count := max(1, tt.tasks)
				for i := range count { // narrower tasks than their number of pictures asks for
					part := task
					width := task.End - task.First
					part.First, part.End = task.First+width*i/count, task.First+width*(i+1)/count
					if part.First < part.End {
						tasks = append(tasks, part)
					}
				}
			}
			got, sealed := mergeAll(t, st, m, tasks)
			want, copies := naive(t, tt.layout, entries, nil)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("plan files (-want +got):\n%s", diff)
			}
			var duplicates int64
			for _, f := range sealed.Files {
				duplicates += f.Duplicates
			}
			if duplicates != copies {
				t.Errorf("%d duplicates, want %d", duplicates, copies)
			}
		})
	}
}

// TestExtend plans pictures of which an earlier part has some, under another
// number of shards.
func TestExtend(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	st := newStore(t)
	before, after := pool(400, random), pool(500, random)
	first := Merger{Dir: dir, Settings: "1", Layout: Layout{Train: 4, Val: 2, ValPercent: 25}, Runs: 1}
	mergeAll(t, st, first, first.Layout.Tasks(writeRuns(t, st, first, before, []int{400})))
	known := map[string]bool{}
	for _, e := range before {
		if e.SHA256 != "" {
			known[e.SHA256] = true
		}
	}
	second := Merger{Dir: "parts/1", Settings: "2", Layout: Layout{Train: 7, Val: 1, ValPercent: 25}, Runs: 2,
		Earlier: []Part{{Dir: dir, Layout: first.Layout}}}
	tasks := second.Layout.Tasks(writeRuns(t, st, second, after, []int{100, 400}))
	got, _ := mergeAll(t, st, second, tasks)
	want, copies := naive(t, second.Layout, after, known)
	if diff := gocmp.Diff(want, got); diff != "" || copies == 0 {
		t.Errorf("%d copies, plan files (-want +got):\n%s", copies, diff)
	}
	unsealed := second
	unsealed.Earlier = []Part{{Dir: "parts/9", Layout: first.Layout}}
	if err := unsealed.Write(t.Context(), st, tasks[0], func(File) {}); err == nil || !strings.Contains(err.Error(), "not sealed") {
		t.Errorf("extending a part that is not there: %v", err)
	}
}

// TestOpenRun checks which runs a resumed job keeps.
func TestOpenRun(t *testing.T) {
	t.Parallel()
	st := newStore(t)
	name := RunName(dir, 0)
	if _, found, err := OpenRun(t.Context(), st, name, "s"); found || err != nil {
		t.Errorf("a run that is not there: %v, %v", found, err)
	}
	want, err := WriteRun(t.Context(), st, name, store.Anything(), "s", Layout{Train: 2}, pool(3000, rand.New(rand.NewPCG(5, 6))))
	if err != nil {
		t.Fatal(err)
	}
	got, found, err := OpenRun(t.Context(), st, name, "s")
	got.start = 0
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(Run{})); diff != "" || !found || err != nil || want.Transient == 0 {
		t.Errorf("%v, %v, run (-want +got):\n%s", found, err, diff)
	}
	if _, found, err := OpenRun(t.Context(), st, name, "other"); found || err != nil {
		t.Errorf("another job's run: %v, %v", found, err)
	}
	other := Merger{Dir: dir, Settings: "other", Layout: Layout{Train: 2}, Runs: 1}
	err = other.Write(t.Context(), st, Task{End: 2, Entries: 1}, func(File) {})
	if err == nil || !strings.Contains(err.Error(), "belongs to another job") {
		t.Errorf("merging another job's run: %v", err)
	}
	bad := []Entry{{Ref: source.Ref{Member: []byte("x")}, SHA256: "12"}}
	_, err = WriteRun(t.Context(), st, name, store.Anything(), "s", Layout{Train: 1}, bad)
	if err == nil || !strings.Contains(err.Error(), `picture "x": sha256 must be`) {
		t.Errorf("a run with a bad hash: %v", err)
	}
}

// TestLines checks that names of any bytes survive the files.
func TestLines(t *testing.T) {
	t.Parallel()
	st := newStore(t)
	want := []Entry{
		{Ref: source.Ref{Member: []byte("<a & b>.png"), Size: 7, Version: "v"}, SHA256: "00"},
		{Ref: source.Ref{Member: []byte("latin\xe9\n.png"), Offset: 1 << 40}, Reject: &fault.Reject{Source: "x", Reason: "y"}},
	}
	write := func(text func(io.Writer) error) {
		t.Helper()
		if _, err := st.Publish(t.Context(), "lines.jsonl", store.Anything(), text); err != nil {
			t.Fatal(err)
		}
	}
	write(func(w io.Writer) error { return WriteLines(w, want) })
	got, err := ReadLines[Entry](t.Context(), st, "lines.jsonl")
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, entries (-want +got):\n%s", err, diff)
	}
	write(func(w io.Writer) error { _, err := io.WriteString(w, "{}\n{}\n{\"size\":"); return err })
	if _, err := ReadLines[Entry](t.Context(), st, "lines.jsonl"); err == nil || !strings.Contains(err.Error(), "reading line 3 of") {
		t.Errorf("ReadLines of a cut file = %v", err)
	}
}

// TestNear compares the search in bands with one that compares all pairs.
func TestNear(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	var looks []look
	for i := range 600 {
		l := look{look: random.Uint64(), run: int32(i%3 - 1)}
		if len(looks) > 0 && random.IntN(2) == 0 { // near to one before
			l.look = looks[random.IntN(len(looks))].look
			for range random.IntN(6) {
				l.look ^= 1 << random.IntN(64)
			}
		}
		l.hash = sha256.Sum256(fmt.Append(nil, i))
		looks = append(looks, l)
	}
	slices.SortFunc(looks, func(a, b look) int { return slices.Compare(a.hash[:], b.hash[:]) })
	for distance := range MaxNearDistance + 1 {
		var kept []look
		want := map[string]bool{}
		for _, earlier := range []bool{true, false} {
			for _, l := range looks {
				if (l.run < 0) != earlier {
					continue
				}
				near := slices.ContainsFunc(kept, func(k look) bool { return onesCount(k.look^l.look) <= distance })
				if near && !earlier {
					want[hex.EncodeToString(l.hash[:])] = true
				} else {
					kept = append(kept, l)
				}
			}
		}
		got := map[string]bool{}
		found, err := search(t.Context(), looks, distance)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			got[f.SHA256] = true
			if f.Distance > distance || f.Like == f.SHA256 {
				t.Errorf("distance %d: %+v", distance, f)
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("distance %d (-want +got):\n%s", distance, diff)
		}
	}
}

func onesCount(v uint64) (n int) {
	for ; v > 0; v >>= 1 {
		n += int(v & 1)
	}
	return n
}

// TestFindNear checks names, counts and plan files where pictures look alike.
func TestFindNear(t *testing.T) {
	t.Parallel()
	st := newStore(t)
	with := func(e Entry, look uint64) Entry { e.Look = &look; return e }
	entries := []Entry{
		with(entryOf("a.png", "a"), 0), with(entryOf("b.png", "b"), 1), with(entryOf("c.png", "c"), math.MaxUint64),
		with(entryOf("b2.png", "b"), 1), entryOf("d.png", "d"), rejectOf("e.png"),
	}
	m := Merger{Dir: dir, Settings: "s", Layout: Layout{Train: 1}, Runs: 2}
	total := writeRuns(t, st, m, entries, []int{3, 3})
	if err := m.FindNear(t.Context(), st, 2); err != nil {
		t.Fatal(err)
	}
	a, b := entries[0], entries[1]
	if a.SHA256 > b.SHA256 { // the one with the smaller hash stays
		a, b = b, a
	}
	list, err := ReadNear(t.Context(), st, dir)
	want := []Near{{Source: b.Name(), SHA256: b.SHA256, Like: a.SHA256, Distance: 1}}
	if diff := gocmp.Diff(want, list); diff != "" || err != nil {
		t.Errorf("%v, near duplicates (-want +got):\n%s", err, diff)
	}
	files, sealed := mergeAll(t, st, m, m.Layout.Tasks(total))
	if f := sealed.Files[0]; f.Pictures != 3 || f.NearDuplicates != 1 || f.Duplicates != 1 {
		t.Errorf("plan file %+v", f)
	}
	names := map[string]bool{}
	for _, e := range files["train-000000"] {
		names[e.Name()] = true
	}
	if names[b.Name()] || !names["c.png"] || !names["d.png"] {
		t.Errorf("planned %v", names)
	}
	if err := Remove(t.Context(), st, dir); err != nil {
		t.Fatal(err)
	}
	if list, err := ReadNear(t.Context(), st, dir); len(list) > 0 || err != nil {
		t.Errorf("after removal: %v, %v", list, err)
	}
	if _, found, err := ReadSealed(t.Context(), st, dir, "s"); found || err != nil {
		t.Errorf("after removal: sealed %v, %v", found, err)
	}
}

// FuzzRun reads runs and plan files of any bytes: an error or entries, and no
// more memory than the file is long.
func FuzzRun(f *testing.F) {
	f.Add([]byte(`{"settings":"s","entries":[1,0,0,0],"blocks":[{"s":0,"at":0,"o":0}],"bytes":12}` + "\n" + `{"size":1}` + "\n"))
	f.Add([]byte(`{"settings":"s","blocks":[{"s":0,"at":0,"o":-5},{"s":0,"at":9,"o":1152921504606846976}],"bytes":99}` + "\n"))
	f.Add([]byte(`{"settings":"s","blocks":[{"s":0,"at":0,"o":0}],"bytes":1152921504606846976}` + "\n"))
	f.Add([]byte(`{"settings":"s","bytes":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		st := newStore(t)
		for _, name := range []string{RunName(dir, 0), fileOf(dir, "train-000000"), sealedOf(dir), nearOf(dir)} {
			_, err := st.Publish(t.Context(), name, store.Anything(), func(w io.Writer) error { _, err := w.Write(data); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		m := Merger{Dir: dir, Settings: "s", Layout: Layout{Train: 1}, Runs: 1}
		_, found, err := OpenRun(t.Context(), st, RunName(dir, 0), "s")
		if found && err != nil {
			t.Errorf("found, and %v", err)
		}
		if list, err := m.window(t.Context(), st, 0, 0, math.MaxUint64); err == nil && !slices.IsSortedFunc(list, compare) {
			t.Error("a window is not sorted")
		}
		entries, err := ReadFile(t.Context(), st, dir, "train-000000")
		if err != nil && !strings.Contains(err.Error(), "train-000000") {
			t.Errorf("ReadFile = %d entries, %v", len(entries), err)
		}
		_, _, sealErr := ReadSealed(t.Context(), st, dir, "s")
		_, nearErr := ReadNear(t.Context(), st, dir)
		for _, err := range []error{sealErr, nearErr} {
			if err != nil && !strings.Contains(err.Error(), "reading") {
				t.Errorf("an error without a subject: %v", cmp.Or(err))
			}
		}
	})
}
