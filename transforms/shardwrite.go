// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// writeShard makes one shard, or finds it complete.
func writeShard(ctx context.Context, st store.Store, c WriteConfig, task ShardTask) (Totals, error) {
	job := progress.Find(c.Job)
	before, err := ShardStats(ctx, st, task)
	whole := err == nil && !task.Again
	if whole && before.Transient() == 0 {
		job.Add(task.Pictures)
		return reused(before), nil
	}
	entries, err := plan.ReadFile(ctx, st, task.Dir, task.Plan)
	if err != nil {
		return Totals{}, err
	}
	if int64(len(entries)) != task.Pictures {
		return Totals{}, fmt.Errorf("reading plan %q: it must have %d pictures, got %d", task.Plan, task.Pictures, len(entries))
	}
	src, err := source.Shared(ctx, c.Input)
	if err != nil {
		return Totals{}, err
	}
	atLeast := task.AtLeast
	if whole {
		atLeast = max(atLeast, before.Samples)
	}
	var stats shard.Stats
	err = c.Claim.publish(ctx, st, task.Shard, func(w io.Writer) error {
		stats, err = fillShard(ctx, w, src, c, entries)
		if err == nil && stats.Samples < atLeast {
			err = poorer(stats, atLeast)
		}
		return err
	})
	if whole && errors.Is(err, errPoorer) {
		return reused(before), nil
	}
	if err != nil {
		return Totals{}, fmt.Errorf("writing shard %q: %w", task.Shard, err)
	}
	failpoint.Hit("prepare.shard.published")
	stats.Shard, stats.Settings = task.Shard, task.Settings
	condition, err := c.Claim.Condition(ctx, st, shard.StatsName(task.Shard))
	if err != nil {
		return Totals{}, err
	}
	if _, err := shard.PublishStats(ctx, st, condition, stats); err != nil {
		return Totals{}, err
	}
	failpoint.Hit("prepare.shard.committed")
	return totalsOf(stats), nil
}

// errPoorer says that a shard would lose pictures that it has.
var errPoorer = errors.New("pictures that it had cannot be read now, so it stays as it is")

func poorer(stats shard.Stats, atLeast int) error {
	first := ""
	for _, r := range stats.Rejects {
		if r.Transient {
			first = fmt.Sprintf(" (%q: %s)", r.Source, r.Reason)
			break
		}
	}
	return fmt.Errorf("%w: %d of %d%s", errPoorer, atLeast-stats.Samples, atLeast, first)
}

func reused(s shard.Stats) Totals {
	t := totalsOf(s)
	t.Reused = 1
	return t
}

func totalsOf(s shard.Stats) Totals {
	return Totals{Shards: 1, Pictures: int64(s.Samples), Rejects: int64(len(s.Rejects)), Bytes: s.Bytes}
}

// fillShard writes the tar.
func fillShard(ctx context.Context, w io.Writer, src source.Source, c WriteConfig, entries []plan.Entry) (shard.Stats, error) {
	job := progress.Find(c.Job)
	tar := shard.NewWriter(w)
	var rejects []fault.Reject
	work := func(ctx context.Context, e plan.Entry) (made, error) { return makeSample(ctx, src, c, e) }
	err := ordered(ctx, c.Parallel.ahead(), entries, work, func(m made) error {
		job.Add(1)
		if m.reject != nil {
			rejects = append(rejects, *m.reject)
			return nil
		}
		failpoint.Hit("prepare.shard.sample")
		return tar.Add(m.sample)
	})
	if err != nil {
		return shard.Stats{}, err
	}
	stats, err := tar.Close()
	stats.Rejects = rejects
	for _, r := range rejects {
		if r.Stage == fault.StageFilter {
			stats.Filtered++
		}
	}
	return stats, err
}

// made is a picture's pair, or why there is none.
type made struct {
	sample shard.Sample
	reject *fault.Reject
}

// makeSample reads a picture and makes its pair. The only errors are those
// that end the job.
func makeSample(ctx context.Context, src source.Source, c WriteConfig, e plan.Entry) (made, error) {
	var sample shard.Sample
	err := c.Parallel.withFile(ctx, src, e.Ref, c.Pair.Limits.MaxBytes, func(data []byte) error {
		if err := checkHash(data, e.SHA256); err != nil {
			return err
		}
		return c.Parallel.withPixels(ctx, pairCost(data, c.Pair), func() (err error) {
			sample, err = encodePair(data, c.Pair)
			return err
		})
	})
	if ctx.Err() != nil {
		return made{}, ctx.Err()
	}
	if err != nil {
		reject := fault.RejectOf(e.Name(), fault.StageRead, err)
		// It was read once, for the plan: what cannot be read now may come back.
		reject.Transient = reject.Transient || reject.Stage == fault.StageRead
		return made{reject: &reject}, nil
	}
	sample.Key, sample.Meta.SHA256, sample.Meta.Source = e.SHA256, e.SHA256, e.Name()
	return made{sample: sample}, nil
}

// checkHash refuses a picture that was replaced since it was planned: it would
// lie in the wrong shard under the wrong key.
func checkHash(data []byte, want string) error {
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
		return &fault.PictureError{Stage: fault.StageRead, Reason: "file has changed since the job began", Transient: true}
	}
	return nil
}

// ShardStats returns the stats of a task's finished shard, and an error if it is
// not finished: the stats must be of the task's settings, and the tar must have
// the size they name. (inspect compares checksums; a resumed job of terabytes
// cannot.) A later run tries again where they hold transient rejects.
func ShardStats(ctx context.Context, st store.Store, task ShardTask) (shard.Stats, error) {
	stats, err := shard.ReadStats(ctx, st, task.Shard)
	if err != nil {
		return shard.Stats{}, err
	}
	info, err := st.Stat(ctx, task.Shard)
	if err == nil && (stats.Settings != task.Settings || info.Size != stats.Bytes) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return shard.Stats{}, fmt.Errorf("reading shard %q: it is not complete: %w", task.Shard, err)
	}
	return stats, nil
}
