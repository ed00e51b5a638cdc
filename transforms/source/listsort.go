// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// entry is what a line of a list names.
type entry struct {
	path string // absolute: of a file or folder, the archive or the pattern's folder
	kind entryKind
	sub  string // the pattern, or the member
}

// entryKind sorts entries of one path: a folder's own entry comes before the
// patterns in it, an archive's before its members.
type entryKind uint8

const (
	entryPlain entryKind = iota
	entryGlob
	entryMember
)

// compareEntries puts all that is below a folder right behind it.
func compareEntries(a, b entry) int {
	return cmp.Or(comparePaths(a.path, b.path), cmp.Compare(a.kind, b.kind), cmp.Compare(a.sub, b.sub))
}

// comparePaths compares bytes, of which "/" is the smallest.
func comparePaths(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		switch x, y := a[i], b[i]; {
		case x == y:
		case x == '/':
			return -1
		case y == '/':
			return 1
		default:
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// sortMemory is how many bytes of entries are sorted in memory.
const sortMemory = 48 << 20

// sorter sorts any number of entries, with a temporary file for those that are
// more than limit bytes.
type sorter struct {
	limit   int
	entries []entry
	bytes   int

	file *os.File
	runs []sortedRun
	end  int64 // of file
}

// sortedRun is a part of the file.
type sortedRun struct{ at, length int64 }

func (s *sorter) add(e entry) error {
	s.entries = append(s.entries, e)
	s.bytes += len(e.path) + len(e.sub) + 64
	if s.bytes < s.limit {
		return nil
	}
	return s.spill()
}

// spill writes what is in memory to the file.
func (s *sorter) spill() error {
	if s.file == nil {
		file, err := tempFile()
		if err != nil {
			return fmt.Errorf("making a file to sort a list in: %w", err)
		}
		s.file = file
	}
	slices.SortFunc(s.entries, compareEntries)
	out := bufio.NewWriterSize(s.file, 256<<10)
	length := int64(0)
	var record []byte
	for _, e := range s.entries {
		record = append(record[:0], byte(e.kind))
		record = binary.AppendUvarint(record, uint64(len(e.path)))
		record = append(record, e.path...)
		record = binary.AppendUvarint(record, uint64(len(e.sub)))
		record = append(record, e.sub...)
		if _, err := out.Write(record); err != nil {
			return fmt.Errorf("sorting a list in %q: %w", os.TempDir(), err)
		}
		length += int64(len(record))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sorting a list in %q: %w", os.TempDir(), err)
	}
	s.runs = append(s.runs, sortedRun{s.end, length})
	s.end += length
	clear(s.entries)
	s.entries, s.bytes = s.entries[:0], 0
	return nil
}

// merge yields the entries in order, equal ones once.
func (s *sorter) merge(yield func(entry) error) error {
	slices.SortFunc(s.entries, compareEntries)
	heads := &runHeap{}
	for _, r := range s.runs {
		in := bufio.NewReaderSize(io.NewSectionReader(s.file, r.at, r.length), 16<<10)
		if err := heads.next(&runReader{in: in}); err != nil {
			return err
		}
	}
	if err := heads.next(&runReader{rest: s.entries}); err != nil {
		return err
	}
	var last entry
	for first := true; heads.Len() > 0; first = false {
		r, ok := heap.Pop(heads).(*runReader)
		if !ok {
			return errors.New("sorting a list: the heap holds no run")
		}
		e := r.head
		if err := heads.next(r); err != nil {
			return err
		}
		if !first && e == last {
			continue
		}
		last = e
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *sorter) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// runReader reads a sorted run, from the file or from memory.
type runReader struct {
	in   *bufio.Reader
	rest []entry
	head entry
}

// advance sets head. It returns io.EOF at the run's end.
func (r *runReader) advance() error {
	if r.in == nil {
		if len(r.rest) == 0 {
			return io.EOF
		}
		r.head, r.rest = r.rest[0], r.rest[1:]
		return nil
	}
	kind, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	path, err := r.text()
	if err != nil {
		return err
	}
	sub, err := r.text()
	r.head = entry{path: path, kind: entryKind(kind), sub: sub}
	return err
}

func (r *runReader) text() (string, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r.in, text); err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return string(text), nil
}

// runHeap has the run with the smallest head first.
type runHeap struct{ runs []*runReader }

// next advances a run that is not in the heap, and adds it unless it has ended.
func (h *runHeap) next(r *runReader) error {
	err := r.advance()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sorting a list: %w", err)
	}
	heap.Push(h, r)
	return nil
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (h *runHeap) Len() int { return len(h.runs) }

// Less compares the heads.
func (h *runHeap) Less(i, j int) bool { return compareEntries(h.runs[i].head, h.runs[j].head) < 0 }

// Swap exchanges two runs.
func (h *runHeap) Swap(i, j int) { h.runs[i], h.runs[j] = h.runs[j], h.runs[i] }

// Push adds a run.
func (h *runHeap) Push(r any) {
	if run, ok := r.(*runReader); ok {
		h.runs = append(h.runs, run)
	}
}

// Pop takes the last run.
func (h *runHeap) Pop() any {
	last := h.runs[len(h.runs)-1]
	h.runs = h.runs[:len(h.runs)-1]
	return last
}
