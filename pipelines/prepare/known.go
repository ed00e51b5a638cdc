// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// knownRefs holds 8 bytes of the hash of every reference that a job has listed,
// sorted: at a hundred million of them, a new one is taken for a known one with
// a chance of one in 10^11.
type knownRefs []uint64

// readKnown reads the listings of all parts.
func readKnown(ctx context.Context, st store.Store, j job) (knownRefs, error) {
	var known knownRefs
	for _, p := range j.Parts {
		for n := range p.Files {
			for ref, err := range plan.Lines[source.Ref](ctx, st, transforms.ListingName(p.Dir, n)) {
				if err != nil {
					return nil, fmt.Errorf("reading listing: %w", err)
				}
				line, err := json.Marshal(ref)
				if err != nil {
					return nil, err
				}
				sum := sha256.Sum256(line)
				known = append(known, binary.BigEndian.Uint64(sum[:]))
			}
		}
	}
	slices.Sort(known)
	return known, nil
}

func (k knownRefs) isNew(sum [sha256.Size]byte) bool {
	_, found := slices.BinarySearch(k, binary.BigEndian.Uint64(sum[:]))
	return !found
}
