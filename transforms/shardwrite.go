// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// writeShard makes one shard, or finds it complete.
func writeShard(ctx context.Context, src source.Source, c WriteConfig, task ShardTask) (Totals, error) {
	job := progress.Find(c.Job)
	if stats, err := ShardStats(c.Output, task); err == nil && stats.Transient() == 0 {
		job.Add(task.Pictures)
		totals := totalsOf(stats)
		totals.Reused = 1
		return totals, nil
	}
	entries, err := ReadPlan(c.Dir, task.Plan)
	if err != nil {
		return Totals{}, err
	}
	if int64(len(entries)) != task.Pictures {
		return Totals{}, fmt.Errorf("reading plan %q: it must have %d pictures, got %d", task.Plan, task.Pictures, len(entries))
	}
	var stats shard.Stats
	err = shard.Publish(c.Output, task.Shard, func(w io.Writer) error {
		var err error
		stats, err = fillShard(ctx, w, src, c, entries)
		return err
	})
	if err != nil {
		return Totals{}, fmt.Errorf("writing shard %q: %w", task.Shard, err)
	}
	failpoint.Hit("prepare.shard.published")
	stats.Shard, stats.Settings = task.Shard, task.Settings
	if err := shard.WriteStats(c.Output, stats); err != nil {
		return Totals{}, err
	}
	failpoint.Hit("prepare.shard.committed")
	return totalsOf(stats), nil
}

func totalsOf(s shard.Stats) Totals {
	return Totals{Shards: 1, Pictures: int64(s.Samples), Rejects: int64(len(s.Rejects)), Bytes: s.Bytes}
}

// fillShard writes the tar.
func fillShard(ctx context.Context, w io.Writer, src source.Source, c WriteConfig, entries []Entry) (shard.Stats, error) {
	job := progress.Find(c.Job)
	tar := shard.NewWriter(w)
	var rejects []fault.Reject
	work := func(ctx context.Context, e Entry) (made, error) { return makeSample(ctx, src, c, e) }
	err := ordered(ctx, c.Workers, entries, work, func(m made) error {
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
	return stats, err
}

// made is a picture's pair, or why there is none.
type made struct {
	sample shard.Sample
	reject *fault.Reject
}

// makeSample reads a picture and makes its pair. The only errors are those
// that end the job.
func makeSample(ctx context.Context, src source.Source, c WriteConfig, e Entry) (made, error) {
	data, err := src.Read(ctx, e.Ref, c.Limits.MaxBytes)
	if err == nil {
		err = checkHash(data, e.SHA256)
	}
	var sample shard.Sample
	if err == nil {
		err = withBudget(ctx, c.MemoryBudget, pairCost(data, c.Size, c.Limits), func() error {
			var err error
			sample, err = encodePair(data, c)
			return err
		})
	}
	if ctx.Err() != nil {
		return made{}, ctx.Err()
	}
	if err != nil {
		reject := fault.RejectOf(e.Name(), fault.StageRead, err)
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

// encodePair decodes a picture, makes it square and encodes it twice. A panic
// on the way is that picture's fault and no reason to end the job.
func encodePair(data []byte, c WriteConfig) (sample shard.Sample, err error) {
	defer func() {
		if v := recover(); v != nil {
			sample, err = shard.Sample{}, &fault.PictureError{
				Stage: fault.StageEncode, Reason: "internal error", Err: fmt.Errorf("panic: %v", v),
			}
		}
	}()
	p, err := pixel.Decode(data, c.Limits)
	if err != nil {
		return shard.Sample{}, err
	}
	rgb := pixel.ResizeSquare(p.RGB(), c.Size, c.Fit)
	var gray, color bytes.Buffer
	if err := pixel.EncodePNG(&gray, rgb.Luma()); err != nil {
		return shard.Sample{}, &fault.PictureError{Stage: fault.StageEncode, Reason: "encoding gray", Err: err}
	}
	if err := pixel.EncodePNG(&color, rgb); err != nil {
		return shard.Sample{}, &fault.PictureError{Stage: fault.StageEncode, Reason: "encoding colour", Err: err}
	}
	alpha := shard.AlphaNone
	if p.HasAlpha {
		alpha = shard.AlphaWhite
	}
	return shard.Sample{Gray: gray.Bytes(), Color: color.Bytes(), Meta: shard.Meta{
		Width: p.Width, Height: p.Height, Size: c.Size, Formula: shard.FormulaLuma601, Alpha: alpha,
	}}, nil
}

// ShardStats returns the stats of a task's finished shard, and an error if it is
// not finished: the stats must be of the task's settings, and the tar must have
// the size they name. (inspect compares checksums; a resumed job of terabytes
// cannot.) A later run tries again where they hold transient rejects.
func ShardStats(dir string, task ShardTask) (shard.Stats, error) {
	stats, err := shard.ReadStats(dir, task.Shard)
	if err != nil {
		return shard.Stats{}, err
	}
	info, err := os.Stat(filepath.Join(dir, task.Shard))
	if err == nil && (stats.Settings != task.Settings || !info.Mode().IsRegular() || info.Size() != stats.Bytes) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return shard.Stats{}, fmt.Errorf("reading shard %q: it is not complete: %w", task.Shard, err)
	}
	return stats, nil
}
