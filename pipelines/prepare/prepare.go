// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Run prepares a data set, or goes on with one that an earlier call began with
// the same options; it tries again the pictures that failed for a transient
// reason. A request that cannot work is an error for which
// [fault.IsRequest] holds; unless every picture turns out unusable it is found
// before any work starts. Pictures that cannot be used are rejects: they are
// counted in the summary and listed in rejects.jsonl.
func Run(ctx context.Context, o Options) (Summary, error) {
	if err := o.Validate(); err != nil {
		return Summary{}, fault.AsRequest(err)
	}
	o = o.withDefaults()
	src, err := source.Open(ctx, o.Input)
	if err != nil {
		return Summary{}, err
	}
	j, err := begin(ctx, o, src)
	if err := errors.Join(err, src.Close()); err != nil {
		return Summary{}, err
	}
	defer source.Forget(o.Input)
	plan, err := makePlan(ctx, o, j)
	if err != nil {
		return Summary{}, fmt.Errorf("planning: %w", err)
	}
	return write(ctx, o, j, plan)
}

// begin lists the input and settles the job: a new one is recorded, the one
// that the output was begun for must be the same.
func begin(ctx context.Context, o Options, src source.Source) (job, error) {
	// Nothing is made or removed for an input without pictures.
	l, err := list(ctx, src, o.Preset, "")
	if err != nil {
		return job{}, err
	}
	if l.Pictures == 0 {
		return job{}, fault.Request("input %q holds no pictures (png, jpg, gif, bmp, tiff or webp)", o.Input)
	}
	j := newJob(o, l)
	before, resumed, err := openOutput(o)
	if err != nil {
		return job{}, err
	}
	if resumed {
		return j, sameJob(o.Output, before, j)
	}
	written, err := list(ctx, src, o.Preset, filepath.Join(o.Output, jobFolder))
	if err != nil {
		return job{}, err
	}
	if written != l {
		return job{}, fmt.Errorf("listing the input: it changes while it is read")
	}
	return j, writeJob(o.Output, j)
}

// makePlan runs the first pass, unless its result is there and another try
// could add nothing to it.
func makePlan(ctx context.Context, o Options, j job) (transforms.SealedPlan, error) {
	dir := filepath.Join(o.Output, jobFolder)
	plan, sealed, err := transforms.ReadSealed(dir, j.hash())
	if err != nil || sealed && plan.Transient() == 0 {
		return plan, err
	}
	if err := transforms.RemovePlan(dir); err != nil {
		return plan, err
	}
	err = pass(ctx, o, j.Listing.Pictures, func(s beam.Scope, id string) { buildPlan(s, o, j, id) })
	if err != nil {
		return plan, err
	}
	plan, sealed, err = transforms.ReadSealed(dir, j.hash())
	if err == nil && !sealed {
		err = errors.New("the runner reported success, but there is no plan")
	}
	return plan, err
}

// write runs the second pass and completes the data set.
func write(ctx context.Context, o Options, j job, plan transforms.SealedPlan) (Summary, error) {
	tasks := tasksOf(j, plan)
	var reused, total int64
	for _, t := range tasks {
		total += t.Pictures
		if stats, err := transforms.ShardStats(o.Output, t); err == nil && stats.Transient() == 0 {
			reused++
		}
	}
	if err := dropStale(o.Output, tasks, reused); err != nil {
		return Summary{}, err
	}
	if reused < int64(len(tasks)) {
		err := pass(ctx, o, total, func(s beam.Scope, id string) { buildWrite(s, o, tasks, id) })
		if err != nil {
			return Summary{}, fmt.Errorf("writing shards: %w", err)
		}
	}
	summary, err := finish(o, plan, tasks)
	summary.ReusedShards = reused
	return summary, err
}

// pass runs one pipeline over a number of pictures. The error of a DoFn comes
// back as it was, where the runner would have made text of it.
func pass(ctx context.Context, o Options, pictures int64, build func(s beam.Scope, progressID string)) error {
	counts := progress.Start()
	defer counts.End()
	counts.SetTotal(pictures)
	stop := counts.Report(o.Progress)
	defer stop()
	p, s := runner.NewPipeline()
	build(s, counts.ID())
	_, err := runner.Run(ctx, o.Runner, p)
	if first := counts.Err(); err != nil && first != nil && ctx.Err() == nil {
		return first
	}
	return err
}
