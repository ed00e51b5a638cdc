// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
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

// index walks over a tar's headers and returns its samples in order. r must be
// an [io.ReadSeeker] over the whole shard: the data are passed over by seeking.
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

// read fetches the sample's members.
func (e entry) read(r io.ReaderAt) (Sample, error) {
	s := Sample{Key: e.key}
	for _, which := range []members{memberColor, memberGray, memberMeta} {
		x := e.members[slot(which)]
		data := make([]byte, x.size)
		if _, err := r.ReadAt(data, x.offset); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return Sample{}, err
		}
		if err := s.set(which, data); err != nil {
			return Sample{}, err
		}
	}
	return s, nil
}
