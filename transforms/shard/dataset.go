// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Dataset gives access to the samples of a data set folder. It is safe for
// concurrent use.
type Dataset struct {
	dir  string
	info Info

	mu     sync.Mutex
	splits map[string]*SplitReader
	files  []*os.File
}

// Open reads a data set's description. A folder that holds none is a request
// error. Shards are opened and indexed when their split is asked for; nothing
// is checksummed, which is [Verify]'s work.
func Open(dir string) (*Dataset, error) {
	info, err := ReadInfo(dir)
	if err != nil {
		return nil, noDataset(dir, err)
	}
	return &Dataset{dir: dir, info: info, splits: map[string]*SplitReader{}}, nil
}

// noDataset makes a request error of a missing description.
func noDataset(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Request("%q holds no data set: it has no %s", dir, InfoName)
	}
	return err
}

// Info returns the data set's description.
func (d *Dataset) Info() Info { return d.info }

// Split opens and indexes the shards of one split, once. An unknown name is an
// error; a split without samples is not.
func (d *Dataset) Split(name string) (*SplitReader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.splits[name]; ok {
		return s, nil
	}
	info, ok := d.info.Split(name)
	if !ok {
		return nil, fault.Request("data set %q has no split %q", d.dir, name)
	}
	s := &SplitReader{name: name}
	for _, sh := range info.Shards {
		if err := d.open(s, sh); err != nil {
			return nil, fmt.Errorf("opening shard %q: %w", filepath.Join(d.dir, sh.Name), err)
		}
	}
	d.splits[name] = s
	return s, nil
}

// open appends one shard to s.
func (d *Dataset) open(s *SplitReader, sh FileInfo) error {
	f, err := os.Open(filepath.Join(d.dir, sh.Name))
	if err != nil {
		return err
	}
	d.files = append(d.files, f)
	entries, err := index(f)
	if err != nil {
		return err
	}
	if len(entries) != sh.Samples {
		return fmt.Errorf("it holds %d samples, %s says %d", len(entries), InfoName, sh.Samples)
	}
	s.shards = append(s.shards, openShard{file: f, first: len(s.entries), end: len(s.entries) + len(entries)})
	s.entries = append(s.entries, entries...)
	return nil
}

// Close closes the shards. Its splits must not be used any more.
func (d *Dataset) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, f := range d.files {
		errs = append(errs, f.Close())
	}
	d.files, d.splits = nil, map[string]*SplitReader{}
	return errors.Join(errs...)
}

// SplitReader gives random access to one split's samples, in the order of the
// shards and of the keys inside them. It is safe for concurrent use.
type SplitReader struct {
	name    string
	shards  []openShard
	entries []entry
}

type openShard struct {
	file       *os.File
	first, end int // its samples' range in entries
}

// Name returns the split's name.
func (s *SplitReader) Name() string { return s.name }

// Len returns the number of samples.
func (s *SplitReader) Len() int { return len(s.entries) }

// Key returns the key of sample i, without reading it.
func (s *SplitReader) Key(i int) string { return s.entries[i].key }

// Sample reads sample i, 0 to Len()-1; it panics outside of that range.
func (s *SplitReader) Sample(i int) (Sample, error) {
	e := s.entries[i]
	at := sort.Search(len(s.shards), func(k int) bool { return i < s.shards[k].end })
	sample, err := e.read(s.shards[at].file)
	if err != nil {
		return Sample{}, fmt.Errorf("reading sample %q of %q: %w", e.key, s.shards[at].file.Name(), err)
	}
	return sample, nil
}
