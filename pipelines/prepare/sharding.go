// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"math"

	"github.com/chromabeam/chromabeam/transforms/plan"
)

// picturesPerShard is the default number of pictures in a training shard.
const picturesPerShard = 1000

// Sharding says how many shards a data set has: at most one field is set. None
// is as 1,000 Pictures. The splits get shards in proportion to their share, at
// least one; shards that no picture falls into are not made.
//
// Pictures are spread by the hash of their bytes, so shards come out about
// equally large, not exactly.
type Sharding struct {
	// Shards is the number of training shards.
	Shards int `json:"shards,omitempty"`
	// Pictures is about the number of pictures in a shard, Bytes about its
	// size, estimated from some of the input's pictures.
	Pictures int64 `json:"shard_pictures,omitempty"`
	Bytes    int64 `json:"shard_bytes,omitempty"`
}

func (s Sharding) validate() []error {
	var p problems
	p.checkf(s.Shards >= 0 && s.Shards <= maxShards, "shards must be in [1, %d], or 0 for the default, got %d", maxShards, s.Shards)
	p.checkf(s.Pictures >= 0, "pictures in a shard must be positive, or 0 for the default, got %d", s.Pictures)
	p.checkf(s.Bytes == 0 || s.Bytes >= minShardBytes, "bytes of a shard must be at least %d, got %d", minShardBytes, s.Bytes)
	set := 0
	for _, n := range []int64{int64(s.Shards), s.Pictures, s.Bytes} {
		if n != 0 {
			set++
		}
	}
	p.checkf(set <= 1, "only one of shards, pictures and bytes of a shard must be given")
	return p
}

// layout returns how many shards n pictures make, which take so many bytes each
// in a shard.
func (s settings) layout(n int64, pictureBytes float64) plan.Layout {
	l := plan.Layout{Seed: s.Seed, ValPercent: s.ValPercent, TestPercent: s.TestPercent}
	trainPercent := 100 - s.ValPercent - s.TestPercent
	train := float64(n) * trainPercent / 100
	switch {
	case s.Shards > 0:
		l.Train = s.Shards
	case s.Bytes > 0:
		l.Train = atLeastOne(train * pictureBytes / float64(s.Bytes))
	case s.Pictures > 0:
		l.Train = atLeastOne(train / float64(s.Pictures))
	default:
		l.Train = atLeastOne(train / picturesPerShard)
	}
	share := func(percent float64) int {
		if percent == 0 {
			return 0
		}
		return atLeastOne(float64(l.Train) * percent / trainPercent)
	}
	l.Val, l.Test = share(s.ValPercent), share(s.TestPercent)
	return l
}

// atLeastOne rounds to a number of shards.
func atLeastOne(shards float64) int { return int(math.Round(max(1, min(shards, 999_999)))) } // names have six digits
