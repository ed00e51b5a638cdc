// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/chromabeam/chromabeam/transforms/source"
)

// steady lists the pictures of a source that have not changed for an interval:
// whose size and version were the same in a listing at least that long ago and
// in all listings since. A picture that is being written is left out.
type steady struct {
	source.Source

	interval time.Duration
	start    time.Time // from which times count
	now      time.Duration
	listing  uint32
	// seen is what the last listing had: some 80 bytes a picture.
	seen map[[16]byte]sighting
	// listed, and of these waiting, are counts of the last listing; failed is
	// the source's own error in it.
	listed, waiting int64
	failed          error
}

// sighting is since when a picture has been as it is.
type sighting struct {
	version uint64
	since   time.Duration
	listing uint32 // the last that had it
}

func newSteady(src source.Source, interval time.Duration) *steady {
	return &steady{Source: src, interval: interval, seen: map[[16]byte]sighting{}}
}

// begin sets the time of the next listing.
func (s *steady) begin(now time.Time) {
	if s.start.IsZero() {
		s.start = now
	}
	s.now = now.Sub(s.start)
	s.listing++
	s.listed, s.waiting, s.failed = 0, 0, nil
}

func (s *steady) List(ctx context.Context, yield func(source.Ref) error) error {
	var refused error
	err := s.Source.List(ctx, func(r source.Ref) error {
		s.listed++
		waits, err := s.look(r)
		if err == nil && !waits {
			err = yield(r)
		}
		refused = err
		return err
	})
	if err != nil {
		if refused == nil {
			s.failed = err
		}
		return err // what was not listed may still be there
	}
	for key, v := range s.seen {
		if v.listing != s.listing {
			delete(s.seen, key)
		}
	}
	return nil
}

// look notes a picture of the listing and reports whether it is to wait.
func (s *steady) look(r source.Ref) (waits bool, err error) {
	key, err := rawKey(keyOf(r, s.URI()))
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256([]byte(versionOf(r)))
	version := binary.BigEndian.Uint64(sum[:])
	v, known := s.seen[key]
	if !known || v.version != version {
		v, known = sighting{version: version, since: s.now}, false
	}
	v.listing = s.listing
	s.seen[key] = v
	if !known || s.now-v.since < s.interval {
		s.waiting++
		return true, nil
	}
	return false, nil
}
