// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// indexers is how many shards are indexed at a time: remote ones are a matter
// of waiting, and each has a block of at most 1 MiB in memory.
const indexers = 8

// Dataset gives access to the samples of a data set. It is safe for concurrent
// use.
type Dataset struct {
	ctx   context.Context //nolint:containedctx // that of all reads on gs://, as Open says
	store store.Store
	info  Info

	mu     sync.Mutex
	splits map[string]*SplitReader
	files  []store.File
}

// Open reads the description of the data set at uri, a folder or gs://. A place
// that holds none is a request error. Shards are opened and indexed when their
// split is asked for; nothing is checksummed, which is [Verify]'s work. Reads
// of samples on gs:// are made under ctx, one request a sample.
func Open(ctx context.Context, uri string) (*Dataset, error) {
	st, err := store.Open(uri)
	if err != nil {
		return nil, err
	}
	info, err := ReadInfo(ctx, st)
	if err != nil {
		return nil, noDataset(st, err)
	}
	return &Dataset{ctx: ctx, store: st, info: info, splits: map[string]*SplitReader{}}, nil
}

// noDataset makes a request error of a missing description.
func noDataset(st store.Store, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Request("%q holds no data set: it has no %s", st.URI(), InfoName)
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
		return nil, fault.Request("data set %q has no split %q", d.store.URI(), name)
	}
	s := &SplitReader{name: name, uri: d.store.URI(), shards: make([]openShard, len(info.Shards))}
	found := make([][]entry, len(info.Shards))
	var g errgroup.Group // without a context: the files' own must outlive it
	g.SetLimit(indexers)
	for i, sh := range info.Shards {
		g.Go(func() (err error) {
			s.shards[i].file, found[i], err = d.open(sh)
			if err != nil {
				return fmt.Errorf("opening shard %q of %q: %w", sh.Name, d.store.URI(), err)
			}
			return nil
		})
	}
	err := g.Wait()
	for i := range s.shards {
		if s.shards[i].file != nil {
			d.files = append(d.files, s.shards[i].file)
		}
		s.entries = append(s.entries, found[i]...)
		s.shards[i].end = len(s.entries)
	}
	if err != nil {
		return nil, err
	}
	d.splits[name] = s
	return s, nil
}

// open opens and indexes one shard.
func (d *Dataset) open(sh FileInfo) (store.File, []entry, error) {
	f, err := d.store.Open(d.ctx, sh.Name)
	if err != nil {
		return nil, nil, err
	}
	var r io.ReadSeeker = newReadAhead(f, f.Size())
	if _, ok := d.store.Local(); ok {
		r = io.NewSectionReader(f, 0, f.Size()) // reads headers and nothing else
	}
	entries, err := index(r)
	if err == nil && len(entries) != sh.Samples {
		err = fmt.Errorf("it holds %d samples, %s says %d", len(entries), InfoName, sh.Samples)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, entries, nil
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
	uri     string
	shards  []openShard
	entries []entry
}

type openShard struct {
	file store.File
	end  int // one past its last sample in entries
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
		return Sample{}, fmt.Errorf("reading sample %q of %q in %q: %w", e.key, s.shards[at].file.Name(), s.uri, err)
	}
	return sample, nil
}
