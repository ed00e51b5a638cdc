// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// A merge reads each of its files from the beginning to the end, in pieces of at
// most maxPiece bytes, which all together take mergeBytes: where files lie in a
// bucket each piece is a request.
const (
	mergeBytes = 128 << 20
	minPiece   = 64 << 10
	maxPiece   = 4 << 20
)

// merge yields the members of several archives, each sorted by name, in the
// order of their names.
type merge struct {
	cursors []*cursor // a heap
	last    *cursor   // whose member was yielded; its bytes may be read still
	files   []store.File
}

// cursor is at one member of an archive.
type cursor struct {
	at   packed
	next func() (packed, bool, error)
	body *bufio.Reader
	pos  int64 // of body
	stop func()
}

// openMerge opens the parts of a run and, where pictures of it stay, the
// finished archive. The caller closes it.
func (d *driver) openMerge(ctx context.Context, sp spec) (m *merge, err error) {
	m = &merge{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	piece := int(min(max(mergeBytes/int64(sp.Parts+1), minPiece), maxPiece))
	for part := range sp.Parts {
		r, ok, err := d.readPart(ctx, sp, part)
		if err != nil {
			return m, err
		}
		if !ok || len(r.Members) == 0 {
			continue
		}
		f, err := d.st.Open(ctx, sp.partName(partNumber(part))+".zip")
		if err != nil {
			return m, fmt.Errorf("opening a part: %w", err)
		}
		if err := m.add(f, piece, sliced(r.Members), func() {}); err != nil {
			return m, err
		}
	}
	if len(d.plan.keep) == 0 {
		return m, nil
	}
	f, err := d.beside.Open(ctx, d.archiveName)
	if err != nil {
		return m, fmt.Errorf("opening the archive of an earlier run: %w", err)
	}
	next, stop := iter.Pull2(plan.Lines[packed](ctx, d.st, d.archive.Index))
	return m, m.add(f, piece, kept(next, d.plan.keep), stop)
}

func sliced(members []packed) func() (packed, bool, error) {
	return func() (packed, bool, error) {
		if len(members) == 0 {
			return packed{}, false, nil
		}
		first := members[0]
		members = members[1:]
		return first, true, nil
	}
}

// kept passes over members that do not stay.
func kept(next func() (packed, error, bool), keep map[uint64]struct{}) func() (packed, bool, error) {
	return func() (packed, bool, error) {
		for {
			m, err, ok := next()
			if err != nil || !ok {
				return packed{}, false, err
			}
			if _, stays := keep[m.tag()]; stays {
				return m, true, nil
			}
		}
	}
}

func (m *merge) add(f store.File, piece int, next func() (packed, bool, error), stop func()) error {
	m.files = append(m.files, f)
	c := &cursor{next: next, stop: stop, body: bufio.NewReaderSize(io.NewSectionReader(f, 0, f.Size()), piece)}
	return m.advance(c)
}

// advance puts a cursor to its next member and into the heap, unless it has
// none.
func (m *merge) advance(c *cursor) error {
	at, ok, err := c.next()
	if err != nil || !ok {
		c.stop()
		return err
	}
	c.at = at
	heap.Push((*cursorHeap)(&m.cursors), c)
	return nil
}

// next returns the next member and a reader that begins with its bytes, which
// must all be read before the next call; [io.EOF] at the end.
func (m *merge) next() (packed, io.Reader, error) {
	if m.last != nil {
		m.last.pos += m.last.at.Size
		if err := m.advance(m.last); err != nil {
			return packed{}, nil, err
		}
		m.last = nil
	}
	if len(m.cursors) == 0 {
		return packed{}, nil, io.EOF
	}
	c, _ := heap.Pop((*cursorHeap)(&m.cursors)).(*cursor)
	if c.at.Offset < c.pos {
		return packed{}, nil, fmt.Errorf("member %q begins at %d, inside the one before", c.at.Name, c.at.Offset)
	}
	if err := skip(c.body, c.at.Offset-c.pos); err != nil {
		return packed{}, nil, fmt.Errorf("reading up to member %q: %w", c.at.Name, err)
	}
	c.pos = c.at.Offset
	m.last = c
	return c.at, c.body, nil
}

func skip(r *bufio.Reader, n int64) error {
	const most = 1 << 30 // Discard takes an int
	for n > 0 {
		step, err := r.Discard(int(min(n, most)))
		if err != nil {
			return err
		}
		n -= int64(step)
	}
	return nil
}

func (m *merge) close() error {
	var errs []error
	for _, c := range m.cursors {
		c.stop()
	}
	if m.last != nil {
		m.last.stop()
	}
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// cursorHeap orders cursors by the names that they are at.
type cursorHeap []*cursor //nolint:recvcheck // as container/heap has it

func (h cursorHeap) Len() int           { return len(h) }
func (h cursorHeap) Less(i, j int) bool { return strings.Compare(h[i].at.Name, h[j].at.Name) < 0 }
func (h cursorHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *cursorHeap) Push(x any) {
	c, _ := x.(*cursor)
	*h = append(*h, c)
}

func (h *cursorHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}
