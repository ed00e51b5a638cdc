// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxMember bounds one member: pictures in shards are small, and a damaged or
// hostile header may claim anything.
const maxMember = 1 << 30

// Reader reads a shard from its beginning to its end. It takes the members of
// a sample in any order, as long as they follow each other, and passes over
// members that it does not know. It is not safe for concurrent use.
type Reader struct {
	tar  *tar.Reader
	next *tar.Header // the first member of the sample to come
	err  error       // what ended the tar
}

// NewReader returns a Reader of the tar in r. Give it a buffered r.
func NewReader(r io.Reader) *Reader { return &Reader{tar: tar.NewReader(r)} }

// Next returns the next sample, or [io.EOF] at the end. A sample that lacks a
// member, holds one twice or has unreadable metadata is a [*SampleError], and
// the sample after it can still be read; any other error is final.
func (r *Reader) Next() (Sample, error) {
	var s Sample
	var have members
	var bad error // the first thing wrong with this sample
	for {
		h, err := r.header()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Sample{}, fmt.Errorf("reading shard: %w", err)
		}
		key, suffix := cutName(h.Name)
		which, ok := memberOf(suffix)
		if !ok || !plainFile(h) {
			r.next = nil
			continue
		}
		if have == 0 {
			s.Key = key
		} else if key != s.Key {
			break // r.next keeps it for the next call
		}
		r.next = nil
		data, err := r.take(h.Size)
		if err != nil {
			return Sample{}, fmt.Errorf("reading shard: member %q: %w", h.Name, err)
		}
		err = s.set(which, data)
		if have&which != 0 {
			err = errors.New("it occurs twice")
		}
		if err != nil && bad == nil {
			bad = fmt.Errorf("%s: %w", suffix, err)
		}
		have |= which
	}
	if have == 0 {
		return Sample{}, io.EOF
	}
	if bad == nil {
		bad = have.complete()
	}
	if bad != nil {
		return Sample{}, &SampleError{Key: s.Key, Err: bad}
	}
	return s, nil
}

// SampleError says what is wrong with one sample of a shard whose tar is
// sound.
type SampleError struct {
	Key string
	Err error
}

// Error returns key and cause.
func (e *SampleError) Error() string { return fmt.Sprintf("reading sample %q: %v", e.Key, e.Err) }

// Unwrap returns the cause.
func (e *SampleError) Unwrap() error { return e.Err }

// header returns the header that waits, or reads one; [io.EOF] is final.
func (r *Reader) header() (*tar.Header, error) {
	if r.next == nil && r.err == nil {
		r.next, r.err = r.tar.Next()
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.next, nil
}

// take reads one member.
func (r *Reader) take(size int64) ([]byte, error) {
	if size > maxMember {
		r.err = fmt.Errorf("%d bytes exceed the limit of %d", size, int64(maxMember))
		return nil, r.err
	}
	if size <= 1<<20 {
		data := make([]byte, size)
		_, r.err = io.ReadFull(r.tar, data)
		return data, r.err
	}
	// ReadAll grows with the data that is there, not with what a header claims.
	data, err := io.ReadAll(r.tar)
	r.err = err
	return data, err
}

// set stores one member.
func (s *Sample) set(which members, data []byte) error {
	switch which {
	case memberColor:
		s.Color = data
	case memberGray:
		s.Gray = data
	default:
		return json.Unmarshal(data, &s.Meta)
	}
	return nil
}

// members is a set of a sample's members.
type members uint8

const (
	memberColor members = 1 << iota
	memberGray
	memberMeta
	allMembers = memberColor | memberGray | memberMeta
)

// memberOf returns which member a suffix stands for.
func memberOf(suffix string) (members, bool) {
	switch suffix {
	case colorSuffix:
		return memberColor, true
	case graySuffix:
		return memberGray, true
	case metaSuffix:
		return memberMeta, true
	}
	return 0, false
}

// complete names the members that are missing.
func (m members) complete() error {
	var missing []string
	for _, suffix := range []string{colorSuffix, graySuffix, metaSuffix} {
		if which, _ := memberOf(suffix); m&which == 0 {
			missing = append(missing, suffix)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("missing %s", strings.Join(missing, ", "))
}

// plainFile reports whether a member's bytes lie in the tar as they are. A
// sparse file's do not: a small tar may claim gigabytes of zeros.
func plainFile(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return false
		}
	}
	return h.Typeflag == tar.TypeReg
}

// cutName splits a member's name at the first dot after its last slash, as
// WebDataset does.
func cutName(name string) (key, suffix string) {
	base := strings.LastIndexByte(name, '/') + 1
	if dot := strings.IndexByte(name[base:], '.'); dot >= 0 {
		return name[:base+dot], name[base+dot:]
	}
	return name, ""
}
