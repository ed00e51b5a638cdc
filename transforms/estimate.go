// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"crypto/sha256"
	"io"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// PairBytes makes pairs of some pictures and returns the bytes that they take in
// a shard. Pictures that make no pair take none.
func PairBytes(ctx context.Context, src source.Source, c PairSettings, p Parallel, refs []source.Ref) (total int64, err error) {
	work := func(ctx context.Context, r source.Ref) (int64, error) {
		var bytes int64
		err := p.withFile(ctx, src, r, c.Limits.MaxBytes, func(data []byte) error {
			return p.withPixels(ctx, pairCost(data, c), func() error {
				sample, err := encodePair(data, c)
				if err == nil {
					bytes, err = sampleBytes(sample, r)
				}
				return err
			})
		})
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			return 0, nil //nolint:nilerr // the job will meet it again and record it
		}
		return bytes, nil
	}
	err = ordered(ctx, p.ahead(), refs, work, func(n int64) error { total += n; return nil })
	return total, err
}

// sampleBytes returns what a sample takes in a tar, its headers included.
func sampleBytes(s shard.Sample, r source.Ref) (int64, error) {
	s.Key, s.Meta.Source, s.Meta.SHA256 = strings.Repeat("0", 2*sha256.Size), r.Name(), strings.Repeat("0", 2*sha256.Size)
	empty, one := shard.NewWriter(io.Discard), shard.NewWriter(io.Discard)
	nothing, err := empty.Close()
	if err == nil {
		err = one.Add(s)
	}
	if err != nil {
		return 0, err
	}
	stats, err := one.Close()
	return stats.Bytes - nothing.Bytes, err
}
