// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// entry is where one sample's members lie in its shard.
type entry struct {
	key     string
	have    members
	members [3]extent // by the bit's number in members
}

type extent struct {
	offset int64
	size   int64
}

// index walks over a tar's headers and returns its samples in order. r must
// begin with the shard's first byte: the data are passed over by seeking.
func index(r io.ReadSeeker) ([]entry, error) {
	var out []entry
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		key, suffix := cutName(h.Name)
		which, ok := memberOf(suffix)
		if !ok || !plainFile(h) {
			continue
		}
		if h.Size > maxMember {
			return nil, fmt.Errorf("member %q: %d bytes exceed the limit of %d", h.Name, h.Size, int64(maxMember))
		}
		// The tar reader has read the header's blocks and nothing more.
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1].key != key {
			out = append(out, entry{key: key})
		}
		e := &out[len(out)-1]
		if e.have&which != 0 {
			return nil, fmt.Errorf("sample %q: %s occurs twice", key, suffix)
		}
		e.have |= which
		e.members[slot(which)] = extent{offset: at, size: h.Size}
	}
	for _, e := range out {
		if err := e.have.complete(); err != nil {
			return nil, fmt.Errorf("sample %q: %w", e.key, err)
		}
	}
	return out, nil
}

// slot numbers the members from 0.
func slot(m members) int {
	switch m {
	case memberColor:
		return 0
	case memberGray:
		return 1
	default:
		return 2
	}
}

// gap is how many bytes between a sample's members are read rather than
// passed over. Members that lie one after the other, as in every shard that
// [Writer] made, are less than two blocks apart, so that a sample is one read.
const gap = 4 << 10

// read fetches the sample's members.
func (e entry) read(r io.ReaderAt) (Sample, error) {
	s := Sample{Key: e.key}
	order := []members{memberColor, memberGray, memberMeta}
	slices.SortFunc(order, func(a, b members) int {
		return cmp.Compare(e.members[slot(a)].offset, e.members[slot(b)].offset)
	})
	for len(order) > 0 {
		begin := e.members[slot(order[0])].offset
		end, n := begin, 0
		for _, which := range order {
			x := e.members[slot(which)]
			if x.offset-end > gap {
				break
			}
			end, n = x.offset+x.size, n+1
		}
		data := make([]byte, end-begin)
		// ReadAt may give io.EOF with the last byte.
		if got, err := r.ReadAt(data, begin); got < len(data) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return Sample{}, err
		}
		for _, which := range order[:n] {
			x := e.members[slot(which)]
			from, to := x.offset-begin, x.offset-begin+x.size
			if err := s.set(which, data[from:to:to]); err != nil {
				return Sample{}, err
			}
		}
		order = order[n:]
	}
	return s, nil
}
