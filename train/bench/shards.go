// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// ShardsOptions says which shards to write and read.
type ShardsOptions struct {
	Common
	// Size is the side of the pictures, Pictures their number in the shard.
	Size, Pictures int
}

// maxSamples bounds the samples of a timed shard.
const maxSamples = 100_000

// ShardsResult is what writing and reading shards took.
type ShardsResult struct {
	Bench    string     `json:"bench"` // "shards"
	Machine  Machine    `json:"machine"`
	Size     int        `json:"size"`
	Pictures int        `json:"pictures"`
	Rows     []ShardRow `json:"rows"`
}

// ShardRow is one thing that is done with a shard.
type ShardRow struct {
	// Way is "write", "read", "random" or "decode"; see [Shards].
	Way   string `json:"way"`
	Cores int    `json:"cores"`
	// Bytes is the size of the shard.
	Bytes             int64   `json:"shard_bytes"`
	PicturesPerSecond float64 `json:"pictures_per_second"`
	BytesPerSecond    float64 `json:"bytes_per_second"`
	// Spread is that of a whole shard.
	Spread
}

// Validate returns every problem of the options, joined.
func (o ShardsOptions) Validate() error {
	problems := []error{o.Repeat.Validate()}
	if o.Size < minSide || o.Size > maxSide {
		problems = append(problems, fmt.Errorf("size must be in [%d, %d], got %d", minSide, maxSide, o.Size))
	}
	if o.Pictures < 1 || o.Pictures > maxSamples {
		problems = append(problems, fmt.Errorf("pictures must be in [1, %d], got %d", maxSamples, o.Pictures))
	}
	return errors.Join(problems...)
}

// Shards times a shard of made-up samples in a temporary folder, which is removed:
//
//   - write: made of encoded samples, synced and renamed, statistics beside it.
//   - read: from beginning to end, as inspect and other people's readers do.
//   - random: each sample once, in another order, as training reads a stream.
//   - decode: the same with both pictures decoded, on one core and on all.
//
// What was written lies in the system's cache, so that reading shows what the code
// takes and not what a disk does.
func Shards(ctx context.Context, o ShardsOptions) (r ShardsResult, err error) {
	if err := o.Validate(); err != nil {
		return ShardsResult{}, fault.AsRequest(err)
	}
	dir, err := os.MkdirTemp("", "chromabeam-bench-*")
	if err != nil {
		return ShardsResult{}, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newShardWork(dir, o)
	if err != nil {
		return ShardsResult{}, err
	}
	defer w.close()
	r = ShardsResult{Bench: "shards", Machine: ReadMachine(o.Version, nil), Size: o.Size, Pictures: o.Pictures}
	all := runtime.GOMAXPROCS(0)
	for _, way := range []struct {
		name  string
		cores int
		work  func(context.Context) error
	}{
		{"write", 1, w.write}, {"read", 1, w.read}, {"random", 1, w.random}, {"decode", 1, w.decode}, {"decode", all, w.decode},
	} {
		if way.name == "decode" && way.cores == 1 && len(r.Rows) == 4 {
			continue // there is one core
		}
		times, wall, err := inLanes(ctx, o.Common, fmt.Sprintf("%s on %d", way.name, way.cores), way.cores, way.work)
		if err != nil {
			return ShardsResult{}, err
		}
		row := ShardRow{Way: way.name, Cores: way.cores, Bytes: w.bytes, Spread: NewSpread(times)}
		row.PicturesPerSecond = rate(float64(o.Pictures*len(times)), milliseconds(wall))
		row.BytesPerSecond = row.PicturesPerSecond * float64(w.bytes) / float64(o.Pictures)
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}
