// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func init() {
	beam.RegisterType(reflectTypeOf[ShardTask]())
	beam.RegisterType(reflectTypeOf[Totals]())
	beam.RegisterDoFn(reflect.TypeFor[writeShardFn]())
	register.Combiner1[Totals](&addTotals{})
	register.Emitter2[string, Totals]()
}

func reflectTypeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// ShardTask names a shard to write and the plan file that says what goes in.
type ShardTask struct {
	Shard string // the tar's name
	// Dir is the plan's folder, Plan the plan file as in [plan.File].
	Dir, Plan string
	// Pictures is the number of lines that the plan file must have.
	Pictures int64
	// Again makes the shard also where it looks complete. AtLeast is the number
	// of samples below which it is not replaced: an error then.
	Again   bool
	AtLeast int
	// Settings is a hash of everything that the shard's bytes depend on; a
	// shard whose stats hold another one is made again.
	Settings string
}

// Totals sums what writing shards has done.
type Totals struct {
	Shards, Reused    int64
	Pictures, Rejects int64
	Bytes             int64
}

func (t Totals) plus(u Totals) Totals {
	return Totals{
		Shards: t.Shards + u.Shards, Reused: t.Reused + u.Reused,
		Pictures: t.Pictures + u.Pictures, Rejects: t.Rejects + u.Rejects,
		Bytes: t.Bytes + u.Bytes,
	}
}

// WriteConfig configures [WriteShards].
type WriteConfig struct {
	// Input is the source's URI, Output the data set's store, which holds the
	// plans too.
	Input, Output string
	Claim         Claim
	Pair          PairSettings
	Parallel      Parallel
	Job           string
}

// WriteShards writes the shard of each task: a PCollection<ShardTask> in, one
// KV<"", Totals> out, none where there are no tasks. Pictures are read,
// decoded, resized and encoded inside one DoFn; a picture that cannot be used
// is recorded in its shard's stats. Shards that are complete already are left
// as they are, unless another try may add a picture to them.
func WriteShards(s beam.Scope, c WriteConfig, tasks beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.WriteShards")
	done := beam.ParDo(s, &writeShardFn{c}, beam.Reshuffle(s, tasks))
	return beam.CombinePerKey(s, &addTotals{}, done)
}

// writeShardFn maps a ShardTask to KV<"", Totals>.
type writeShardFn struct{ WriteConfig }

func (f *writeShardFn) ProcessElement(ctx context.Context, task ShardTask, emit func(string, Totals)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	job := progress.Find(f.Job)
	st, err := store.Open(f.Output)
	if err != nil {
		return job.Fail(err)
	}
	totals, err := writeShard(ctx, st, f.WriteConfig, task)
	if err != nil {
		return job.Fail(err)
	}
	emit("", totals)
	return nil
}

// addTotals is a CombineFn.
type addTotals struct{}

// MergeAccumulators adds two sums.
func (*addTotals) MergeAccumulators(a, b Totals) Totals { return a.plus(b) }
