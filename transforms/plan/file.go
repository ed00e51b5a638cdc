// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// fileFolder is the folder of the plan files inside a plan's.
const fileFolder = "plan"

func fileOf(dir, name string) string { return path.Join(dir, fileFolder, name+".jsonl") }

// File describes one plan file.
type File struct {
	// Name is the file's, without extension: SPLIT-000000.
	Name string `json:"name"`
	// Pictures are the file's lines, Duplicates the exact copies left out,
	// NearDuplicates the pictures that look like another one.
	Pictures       int64 `json:"pictures"`
	Duplicates     int64 `json:"duplicates,omitempty"`
	NearDuplicates int64 `json:"near_duplicates,omitempty"`
	// Transient counts the pictures that another try may be able to read.
	Transient int64 `json:"transient,omitempty"`
	// SHA256 is the hexadecimal hash of the file: a shard made from another
	// plan is made anew.
	SHA256 string `json:"sha256"`
}

// Write writes the plan files of a task's shards and yields what they are. A
// shard without pictures gets none; it is yielded where copies were left out of
// it.
//
// Memory: a window of pictures, and the lines of one plan file.
func (m Merger) Write(ctx context.Context, st store.Store, t Task, yield func(File)) error {
	earlier, err := openEarlier(ctx, st, m.Earlier)
	if err != nil {
		return err
	}
	dropped, err := readNear(ctx, st, m.Dir)
	if err != nil {
		return err
	}
	w := fileWriter{merger: m, split: t.Split, shard: t.First}
	w.encoder = json.NewEncoder(&w.lines)
	w.encoder.SetEscapeHTML(false)
	for e, err := range m.entries(ctx, st, t, earlier, dropped) {
		if err != nil {
			return fmt.Errorf("merging runs: %w", err)
		}
		if shard := m.Layout.shardAt(t.Split, e.at); shard != w.shard {
			if err := w.flush(ctx, st, yield); err != nil {
				return err
			}
			w.shard = shard
		}
		if err := w.add(e); err != nil {
			return err
		}
	}
	return w.flush(ctx, st, yield)
}

// fileWriter gathers the lines of one plan file after the other.
type fileWriter struct {
	merger       Merger
	split, shard int
	file         File
	lines        bytes.Buffer
	encoder      *json.Encoder // into lines
}

func (w *fileWriter) add(e merged) error {
	w.file.Duplicates += e.left.duplicates
	w.file.NearDuplicates += e.left.near
	if e.left != (tally{}) {
		return nil
	}
	w.file.Pictures++
	if e.Reject != nil && e.Reject.Transient {
		w.file.Transient++
	}
	return w.encoder.Encode(e.Entry)
}

// flush publishes the plan file that is gathered and begins the next.
func (w *fileWriter) flush(ctx context.Context, st store.Store, yield func(File)) error {
	file := w.file
	file.Name = fileName(w.split, w.shard)
	if file.Pictures > 0 {
		sum := sha256.Sum256(w.lines.Bytes())
		file.SHA256 = hex.EncodeToString(sum[:])
		_, err := st.Publish(ctx, fileOf(w.merger.Dir, file.Name), store.Anything(), func(to io.Writer) error {
			_, err := w.lines.WriteTo(to)
			return err
		})
		if err != nil {
			return fmt.Errorf("writing plan %q: %w", file.Name, err)
		}
		failpoint.Hit("prepare.plan.written")
	}
	if file.Pictures+file.Duplicates+file.NearDuplicates > 0 {
		yield(file)
	}
	w.file = File{}
	w.lines.Reset()
	return nil
}

// ReadFile returns the entries of a plan file.
func ReadFile(ctx context.Context, st store.Store, dir, name string) ([]Entry, error) {
	entries, err := ReadLines[Entry](ctx, st, fileOf(dir, name))
	if err != nil {
		return nil, fmt.Errorf("reading plan %q: %w", name, err)
	}
	return entries, nil
}
