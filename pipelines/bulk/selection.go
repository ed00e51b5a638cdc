// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// maxSample bounds a sample, whose references are held in memory.
const maxSample = 1_000_000

// selected returns what of src is to be listed. Reading, and the source's URI,
// stay as they are.
func (o Options) selected(src source.Source) source.Source {
	if o.Limit > 0 {
		src = limited{src, o.Limit}
	}
	if o.Sample > 0 {
		src = sampled{src, o.Sample}
	}
	return src
}

// limited lists the first pictures of a source.
type limited struct {
	source.Source

	limit int
}

func (l limited) List(ctx context.Context, yield func(source.Ref) error) error {
	enough, left := errors.New("enough"), l.limit
	err := l.Source.List(ctx, func(r source.Ref) error {
		if err := yield(r); err != nil {
			return err
		}
		if left--; left == 0 {
			return enough // without listing what comes after
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// sampled lists pictures from all over a source, in its order: those whose keys
// have the smallest hashes. So a larger sample holds a smaller one, and what is
// added to the input changes a sample little.
type sampled struct {
	source.Source

	size int
}

func (s sampled) List(ctx context.Context, yield func(source.Ref) error) error {
	drawn := newDraw[source.Ref](s.size)
	err := s.Source.List(ctx, func(r source.Ref) error {
		drawn.add(keyOf(r, s.URI()), r)
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range drawn.values() {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// draw keeps the values with the smallest hashes of their keys, at most size of
// them.
type draw[T any] struct {
	size int
	seen int
	lots lots[T]
}

// lot is a value that was drawn, with its place among all that were seen.
type lot[T any] struct {
	hash  uint64
	place int
	value T
}

func newDraw[T any](size int) *draw[T] { return &draw[T]{size: size} }

func (d *draw[T]) add(key string, value T) {
	// Not the key's own bits, which pick the parts of archives and the pictures
	// of reports: a sample would fall into one part.
	sum := sha256.Sum256([]byte("sample\x00" + key))
	l := lot[T]{hash: binary.BigEndian.Uint64(sum[:]), place: d.seen, value: value}
	d.seen++
	switch {
	case len(d.lots) < d.size:
		heap.Push(&d.lots, l)
	case d.size > 0 && l.before(d.lots[0]):
		d.lots[0] = l
		heap.Fix(&d.lots, 0)
	}
}

// values returns what was drawn in the order in which it was added.
func (d *draw[T]) values() []T {
	slices.SortFunc(d.lots, func(a, b lot[T]) int { return cmp.Compare(a.place, b.place) })
	out := make([]T, len(d.lots))
	for i, l := range d.lots {
		out[i] = l.value
	}
	return out
}

func (l lot[T]) before(o lot[T]) bool {
	return l.hash < o.hash || l.hash == o.hash && l.place < o.place
}

// lots is a heap with the largest hash on top.
type lots[T any] []lot[T]

func (l lots[T]) Len() int           { return len(l) }
func (l lots[T]) Less(i, j int) bool { return l[j].before(l[i]) }
func (l lots[T]) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }

// Push is [heap.Interface]'s.
func (l *lots[T]) Push(x any) {
	drawn, _ := x.(lot[T]) // heap.Push gets no other
	*l = append(*l, drawn)
}

// Pop is [heap.Interface]'s.
func (l *lots[T]) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	*l = (*l)[:last]
	return x
}
