// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// windowEntries is about the number of pictures that a [Merger] holds at once,
// some 300 bytes each.
const windowEntries = 1 << 16

// readsAtOnce is how many runs a Merger reads at once: most of the time is
// waiting where they lie in a bucket.
const readsAtOnce = 16

// Merger turns runs into plan files. Its fields may travel between machines.
type Merger struct {
	// Dir is the plan's folder inside the store.
	Dir string
	// Settings is the hash that the runs must have.
	Settings string
	Layout   Layout
	// Runs is the number of runs, which are numbered from 0.
	Runs int
	// Earlier are the other parts of the data set, whose plans are sealed:
	// pictures that they hold count as copies.
	Earlier []Part
}

// Part is a sealed plan that an extension of its data set must respect.
type Part struct {
	Dir    string
	Layout Layout
}

// Task is a range of consecutive shards whose plan files are written together.
type Task struct {
	Split      int
	First, End int
	// Entries is about how many there are, copies included.
	Entries int64
}

// tally counts what a plan file leaves out.
type tally struct{ duplicates, near int64 }

// merged is an entry on its way into a plan file, or one that is left out of it:
// then it has no more than its place, and left says why.
type merged struct {
	placed

	left tally
}

// entries yields what belongs into the task's shards, and what is left out of
// them, in order.
func (m Merger) entries(
	ctx context.Context, st store.Store, t Task, earlier earlierParts, dropped NearSet,
) iter.Seq2[merged, error] {
	low, high := m.Layout.bounds(t.Split, t.First, t.End)
	windows := uint64(max(1, (t.Entries+windowEntries-1)/windowEntries))
	width := (high - low) / windows
	return func(yield func(merged, error) bool) {
		for i := range windows {
			from, to := low+i*width, low+(i+1)*width-1
			if i == windows-1 {
				to = high
			}
			list, err := m.window(ctx, st, t.Split, from, to)
			if err != nil {
				yield(merged{}, err)
				return
			}
			known, err := earlier.known(ctx, st, t.Split, list)
			if err != nil {
				yield(merged{}, err)
				return
			}
			if !sift(list, known, dropped, yield) {
				return
			}
		}
	}
}

// sift yields the first of each set of copies, unless an earlier part has it or
// it looks like another picture.
func sift(list []placed, known map[string]bool, dropped NearSet, yield func(merged, error) bool) bool {
	for i, p := range list {
		out := merged{placed: p}
		switch {
		case p.SHA256 == "":
		case i > 0 && list[i-1].SHA256 == p.SHA256, known[p.SHA256]:
			out = merged{placed: placed{split: p.split, at: p.at}, left: tally{duplicates: 1}}
		case dropped[p.SHA256]:
			out = merged{placed: placed{split: p.split, at: p.at}, left: tally{near: 1}}
		}
		if !yield(out, nil) {
			return false
		}
	}
	return true
}

// window reads the entries of one range of places from every run.
func (m Merger) window(ctx context.Context, st store.Store, split int, low, high uint64) ([]placed, error) {
	parts := make([][]placed, m.Runs)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for n := range m.Runs {
		group.Go(func() error {
			list, err := m.fromRun(ctx, st, RunName(m.Dir, n), split, low, high)
			parts[n] = list
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	list := slices.Concat(parts...)
	slices.SortFunc(list, compare)
	return list, nil
}

func (m Merger) fromRun(ctx context.Context, st store.Store, name string, split int, low, high uint64) (_ []placed, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := st.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("opening run: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = fmt.Errorf("reading run %q: %w", name, err)
		}
	}()
	run, err := readHead(file)
	if err != nil {
		return nil, err
	}
	if run.Settings != m.Settings {
		return nil, errors.New("it belongs to another job")
	}
	from, to := run.stretch(split, low, high)
	if from < run.start || to > file.Size() {
		return nil, errors.New("its index is damaged")
	}
	data := make([]byte, to-from)
	if _, err := file.ReadAt(data, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var list []placed
	for line := range bytes.Lines(data) {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		p, err := m.Layout.place(e)
		if err != nil {
			return nil, err
		}
		if p.split == split && p.at >= low && p.at <= high {
			list = append(list, p)
		}
	}
	return list, nil
}
