// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// The names of the splits.
const (
	Train = "train"
	Val   = "val"
	Test  = "test"
)

// Name returns the file name of a split's n-th shard: "train-000000.tar".
func Name(split string, n int) string { return fmt.Sprintf("%s-%06d.tar", split, n) }

// StatsName returns the name of the stats beside a shard:
// "train-000000_stats.json" for "train-000000.tar".
func StatsName(shard string) string { return strings.TrimSuffix(shard, ".tar") + "_stats.json" }

// Split assigns a picture to "train", "val" or "test" by the hash of its bytes
// and the seed alone: so it keeps its side when pictures are added or removed,
// or when the other percentage changes. The percentages are of all pictures;
// together they must not exceed 100.
func Split(sha [32]byte, seed uint64, valPercent, testPercent float64) string {
	salted := sha256.Sum256(binary.LittleEndian.AppendUint64(sha[:], seed))
	// 53 bits: exactly what a float64 holds.
	at := float64(binary.BigEndian.Uint64(salted[:])>>11) / (1 << 53) * 100
	switch {
	case at < testPercent:
		return Test
	// Val is counted from the other end, so that neither percentage moves the
	// other split's pictures.
	case at >= 100-valPercent:
		return Val
	}
	return Train
}

// checkKey returns what is wrong with a sample's key, or nil. WebDataset cuts
// a member's name at its first dot, and a USTAR name holds 100 bytes.
func checkKey(key string) error {
	const longest = 100 - len(colorSuffix)
	if key == "" || len(key) > longest {
		return fmt.Errorf("key must have 1 to %d bytes, got %d", longest, len(key))
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c >= 0x7f || c == '.' || c == '/' || c == '\\' {
			return fmt.Errorf("key must be printable ASCII without dots and slashes, got %q", key)
		}
	}
	return nil
}
