// SPDX-License-Identifier: Apache-2.0

package prepare

import "github.com/chromabeam/chromabeam/transforms/shard"

// Summary says what a data set holds.
type Summary struct {
	// Train, Val and Test count the pairs of each split.
	Train int64 `json:"train"`
	Val   int64 `json:"val"`
	Test  int64 `json:"test"`
	// Duplicates counts exact copies that were left out, Rejects the pictures
	// that could not be used, Filtered those that the options leave out, near
	// duplicates among them.
	Duplicates int64 `json:"duplicates"`
	Rejects    int64 `json:"rejects"`
	Filtered   int64 `json:"filtered"`
	Shards     int64 `json:"shards"`
	Bytes      int64 `json:"bytes"` // of all shards
	// ReusedShards counts those that an earlier run had finished.
	ReusedShards int64 `json:"reused_shards"`
	// ManifestSHA256 names the data set's content.
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Samples returns the number of pairs in all splits.
func (s Summary) Samples() int64 { return s.Train + s.Val + s.Test }

func summaryOf(info shard.Info) Summary {
	s := Summary{
		Duplicates: int64(info.Duplicates), Rejects: int64(info.Rejects - info.Filtered), Filtered: int64(info.Filtered),
		ManifestSHA256: info.Manifest(),
	}
	for _, split := range info.Splits {
		switch split.Name {
		case shard.Train:
			s.Train = int64(split.Samples)
		case shard.Val:
			s.Val = int64(split.Samples)
		case shard.Test:
			s.Test = int64(split.Samples)
		}
		s.Shards += int64(len(split.Shards))
		s.Bytes += split.Bytes
	}
	return s
}
