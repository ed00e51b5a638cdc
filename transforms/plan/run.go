// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// runFolder is the folder of the runs inside a plan's.
const runFolder = "runs"

// blockEntries is the number of entries between two marks of a run's index:
// what is read in vain at either end of a stretch.
const blockEntries = 64

// RunName returns the name of the run of the n-th listing file.
func RunName(dir string, n int) string {
	return path.Join(dir, runFolder, fmt.Sprintf("run-%05d.jsonl", n))
}

// Run is the first line of a run: what it holds and where.
type Run struct {
	// Settings is a hash of all that the run depends on.
	Settings string `json:"settings"`
	// Entries counts the run's lines by split, rejects last.
	Entries [len(splits)]int64 `json:"entries"`
	// Transient counts the pictures that another try may be able to read.
	Transient int64 `json:"transient,omitempty"`
	// Blocks marks every 64th entry, and each split's first.
	Blocks []mark `json:"blocks"`
	// Bytes is the length of all lines but this one.
	Bytes int64 `json:"bytes"`

	start int64 // where the second line begins
}

// mark is where an entry begins, counted from the second line.
type mark struct {
	Split  int    `json:"s"`
	At     uint64 `json:"at"`
	Offset int64  `json:"o"`
}

// WriteRun sorts the entries of one listing file and publishes them, where c holds.
func WriteRun(
	ctx context.Context, st store.Store, name string, c store.Condition, settings string, l Layout, entries []Entry,
) (Run, error) {
	sorted := make([]placed, len(entries))
	for i, e := range entries {
		p, err := l.place(e)
		if err != nil {
			return Run{}, fmt.Errorf("writing run %q: %w", name, err)
		}
		sorted[i] = p
	}
	slices.SortFunc(sorted, compare)
	run := Run{Settings: settings}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for i, p := range sorted {
		if i == 0 || sorted[i-1].split != p.split || run.Entries[p.split]%blockEntries == 0 {
			run.Blocks = append(run.Blocks, mark{p.split, p.at, int64(lines.Len())})
		}
		run.Entries[p.split]++
		if p.Reject != nil && p.Reject.Transient {
			run.Transient++
		}
		if err := encoder.Encode(p.Entry); err != nil {
			return Run{}, fmt.Errorf("writing run %q: %w", name, err)
		}
	}
	run.Bytes = int64(lines.Len())
	_, err := st.Publish(ctx, name, c, func(w io.Writer) error {
		if err := WriteLines(w, []Run{run}); err != nil {
			return err
		}
		_, err := lines.WriteTo(w)
		return err
	})
	if err != nil {
		return Run{}, fmt.Errorf("writing run: %w", err)
	}
	failpoint.Hit("prepare.run.written")
	return run, nil
}

// OpenRun reads a run's first line. It reports false where there is no whole
// run of these settings.
func OpenRun(ctx context.Context, st store.Store, name, settings string) (Run, bool, error) {
	file, err := st.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, false, nil
	}
	if err != nil {
		return Run{}, false, fmt.Errorf("opening run: %w", err)
	}
	run, err := readHead(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return Run{}, false, fmt.Errorf("opening run %q: %w", name, err)
	}
	return run, run.Settings == settings && run.start+run.Bytes == file.Size(), nil
}

// ReadRun returns a run's entries, in the run's order.
func ReadRun(ctx context.Context, st store.Store, name string) ([]Entry, error) {
	var entries []Entry
	if err := each(ctx, st, name, true, func(e Entry) { entries = append(entries, e) }); err != nil {
		return nil, fmt.Errorf("reading run: %w", err)
	}
	return entries, nil
}

// readHead reads a run's first line, whose length is not known before.
func readHead(file store.File) (Run, error) {
	for size := int64(1 << 16); ; size *= 4 {
		data := make([]byte, min(size, file.Size()))
		if _, err := file.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
			return Run{}, err
		}
		head, _, found := bytes.Cut(data, []byte("\n"))
		if !found && size < file.Size() {
			continue
		}
		var run Run
		if err := json.Unmarshal(head, &run); err != nil {
			return Run{}, fmt.Errorf("reading its first line: %w", err)
		}
		run.start = int64(len(head)) + 1
		return run, nil
	}
}

// stretch returns the bytes that hold the entries of a split from low to high,
// and others at either end.
func (r Run) stretch(split int, low, high uint64) (from, to int64) {
	before := func(m mark, at uint64) bool { return m.Split < split || m.Split == split && m.At < at }
	// The block before the first mark that is not below low may hold places of
	// low too.
	first := sort.Search(len(r.Blocks), func(i int) bool { return !before(r.Blocks[i], low) })
	if first > 0 && r.Blocks[first-1].Split == split {
		first--
	}
	end := sort.Search(len(r.Blocks), func(i int) bool {
		return r.Blocks[i].Split > split || r.Blocks[i].Split == split && r.Blocks[i].At > high
	})
	offset := func(i int) int64 {
		if i < len(r.Blocks) {
			return r.start + r.Blocks[i].Offset
		}
		return r.start + r.Bytes
	}
	return offset(first), max(offset(first), offset(end))
}
