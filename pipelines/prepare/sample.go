// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// samplePictures is the number of pictures from which the size of a pair is
// estimated.
const samplePictures = 64

// sampleFiles is how many of the first listing files they come from.
const sampleFiles = 4

// pictureBytes estimates how many bytes a picture takes in a shard, from
// pictures at equal distances in the first listing files. Unusable ones count
// for none, as they do in shards.
func (s *attempt) pictureBytes(ctx context.Context, src source.Source, p part) (float64, error) {
	var refs []source.Ref
	for n := range min(sampleFiles, p.Files) {
		list, err := plan.ReadLines[source.Ref](ctx, s.st, transforms.ListingName(p.Dir, n))
		if err != nil {
			return 0, fmt.Errorf("reading listing: %w", err)
		}
		refs = append(refs, list...)
	}
	return s.meanBytes(ctx, src, refs)
}

// meanBytes makes pairs of some of the pictures.
func (s *attempt) meanBytes(ctx context.Context, src source.Source, refs []source.Ref) (float64, error) {
	step := max(1, len(refs)/samplePictures)
	var picked []source.Ref
	for i := 0; i < len(refs); i += step {
		picked = append(picked, refs[i])
	}
	total, err := transforms.PairBytes(ctx, src, s.o.pair(), s.o.parallel(), picked)
	if err != nil {
		return 0, fmt.Errorf("estimating the size of pairs: %w", err)
	}
	return float64(total) / float64(len(picked)), nil
}
