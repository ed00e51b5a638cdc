// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/shard"
)

// Rejects is the first part of the names of those plan files that hold pictures
// which could not be read.
const Rejects = "rejects"

// splits are the groups of plan files, in the order of every listing of them.
var splits = [...]string{shard.Train, shard.Val, shard.Test, Rejects}

// rejectsSplit is the number of [Rejects] in splits.
const rejectsSplit = len(splits) - 1

// Layout says how content hashes are spread over splits and shards. A picture's
// split follows from its hash and the seed, its shard from its hash: every
// shard has a contiguous range of hashes, all of the same width.
type Layout struct {
	Seed                    uint64
	ValPercent, TestPercent float64
	// Train, Val and Test are the numbers of shards, at least 1 where the
	// split may get pictures.
	Train, Val, Test int
}

func (l Layout) split(hash [sha256.Size]byte) int {
	return slices.Index(splits[:], shard.Split(hash, l.Seed, l.ValPercent, l.TestPercent))
}

// shards returns the number of shards of a split, of plan files for the rejects.
func (l Layout) shards(split int) int {
	return [...]int{l.Train, l.Val, l.Test, max(1, l.Train)}[split]
}

// shardAt returns the number of the shard whose range holds a place.
func (l Layout) shardAt(split int, at uint64) int {
	n, _ := bits.Mul64(at, uint64(l.shards(split)))
	return int(n)
}

// bounds returns the first and the last place of the shards from first to just
// before end.
func (l Layout) bounds(split, first, end int) (low, high uint64) {
	n := uint64(l.shards(split))
	start := func(i int) uint64 {
		q, rest := bits.Div64(uint64(i), 0, n)
		if rest > 0 {
			q++
		}
		return q
	}
	if high = math.MaxUint64; end < int(n) {
		high = start(end) - 1
	}
	return start(first), high
}

// fileName names a plan file: SPLIT-000000.
func fileName(split, n int) string { return fmt.Sprintf("%s-%06d", splits[split], n) }

// SplitOf returns the split that a plan file's pictures belong to, or
// [Rejects].
func SplitOf(name string) string {
	split, _, _ := strings.Cut(name, "-")
	return split
}
