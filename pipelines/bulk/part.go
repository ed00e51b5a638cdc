// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/store"
)

// A part is at most about partSize pictures of an archive: what a killed run has
// to do again. Above maxParts of them they grow, since all are open when the
// archive is written.
const (
	partSize = 1000
	maxParts = 512
)

// partCount is a power of two, so that a few pictures more do not move all the
// others.
func partCount(pictures, size int64) int {
	parts := 1
	for parts < maxParts && int64(parts)*size < pictures {
		parts *= 2
	}
	return parts
}

// partRecord says that a part is whole; it is written after it.
type partRecord struct {
	// Run is the last run that has found the part to be what it needs.
	Run int `json:"run"`
	// Digest names the pictures that went in.
	Digest string `json:"digest"`
	// Bytes and Version are of the part's zip, Members what it holds, sorted by
	// name.
	Bytes   int64    `json:"bytes"`
	Version string   `json:"version"`
	Members []packed `json:"members,omitempty"`
	// Lines are for the ledger, when the archive is there.
	Lines []line `json:"lines"`
}

// retried reports whether a picture of the part is to be tried again.
func (r partRecord) retried(s spec) bool {
	all := s.Retry && r.Run < s.Run
	return slices.ContainsFunc(r.Lines, func(l line) bool { return l.Transient || all && l.rejected() })
}

// partName is a part's file without its extension. Parts of other models and
// settings lie in other folders.
func (s spec) partName(part string) string {
	return fmt.Sprintf("%s/%s/%s-of-%05d", partsFolder, s.partsDir(), part, s.Parts)
}

func (s spec) partsDir() string {
	d := newDigester()
	d.add(s.Model, s.Hash, s.RejectHash)
	return d.sum()
}

// partDigest names what a part is made of.
func (s spec) partDigest(items []item) string {
	d := newDigester()
	d.add(s.Model, s.Hash, s.RejectHash)
	for _, it := range items {
		d.add(it.Key, versionOf(it.Ref), it.Output, it.Reason)
	}
	return d.sum()
}

// readPart reads a part's record and checks that its zip is there.
func readPart(ctx context.Context, st store.Store, name string) (r partRecord, err error) {
	data, err := st.ReadFile(ctx, name+".json")
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reading %q: %w", name+".json", err)
	}
	info, err := st.Stat(ctx, name+".zip")
	if err == nil && (info.Size != r.Bytes || info.Version != r.Version) {
		err = fmt.Errorf("part %q must have %d bytes of version %s, got %d of %s",
			name+".zip", r.Bytes, r.Version, info.Size, info.Version)
	}
	return r, err
}
