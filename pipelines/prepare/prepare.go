// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// Run prepares a data set, or goes on with one that an earlier call began with
// the same options; it tries again the pictures that failed for a transient
// reason. A request that cannot work is an error for which
// [fault.IsRequest] holds; unless every picture turns out unusable it is found
// before any work starts. Pictures that cannot be used are rejects: they are
// counted in the summary and listed in rejects.jsonl.
//
// Of two calls for one output at the same time one wins: in a folder the second
// is refused at once; in a bucket calls for the same job agree, and of others
// the first ends with an error when the second takes over.
func Run(ctx context.Context, o Options) (_ Summary, err error) {
	if err := o.Validate(); err != nil {
		return Summary{}, fault.AsRequest(err)
	}
	o = o.withDefaults().whole()
	s, err := open(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	defer source.Keep(o.Input)()
	extends := o.Extend && s.resumed
	summary, err := s.complete(ctx)
	if err != nil || !extends {
		return summary, s.cleared(err)
	}
	added, err := s.extend(ctx)
	if err != nil || !added {
		return summary, err
	}
	return s.complete(ctx)
}

// cleared explains why a job's own records are gone: another one that began in the
// same bucket at the same moment, and lost it to this one, was clearing the output
// of what it had found there.
func (s *attempt) cleared(err error) error {
	if _, local := s.st.Local(); local || !errors.Is(err, fs.ErrNotExist) || errors.Is(err, transforms.ErrTakenOver) {
		return err
	}
	return fmt.Errorf("%w, or was about to: %w", transforms.ErrTakenOver, err)
}

// complete runs both passes over every part, as far as they have not been run.
func (s *attempt) complete(ctx context.Context) (Summary, error) {
	var plans []plan.Sealed
	for k := range s.job.Parts {
		p, err := s.plan(ctx, k, true)
		if err != nil {
			return Summary{}, fmt.Errorf("planning: %w", err)
		}
		plans = append(plans, p)
	}
	return s.writeShards(ctx, plans, nil)
}

// plan runs the first pass over a part, unless its result is there. A plan to
// which another try could add pictures is made again where retry is set; what it
// has stays in it.
func (s *attempt) plan(ctx context.Context, k int, retry bool) (plan.Sealed, error) {
	dir, settings := s.job.Parts[k].Dir, s.job.hash(k)
	sealed, found, err := plan.ReadSealed(ctx, s.st, dir, settings)
	if err != nil {
		return sealed, err
	}
	if !found || retry && sealed.Transient() > 0 {
		merger := s.job.merger(k, func(i int) bool {
			_, planned, err := plan.ReadSealed(ctx, s.st, s.job.Parts[i].Dir, s.job.hash(i))
			return planned && err == nil
		})
		if err := plan.Remove(ctx, s.st, dir); err != nil {
			return sealed, err
		}
		err = s.pass(ctx, "prepare-plan", s.job.Parts[k].Pictures, func(sc beam.Scope, id string) { s.buildPlan(sc, k, merger, id) })
		if err != nil {
			return sealed, err
		}
		if sealed, found, err = plan.ReadSealed(ctx, s.st, dir, settings); err == nil && !found {
			err = errors.New("the runner reported success, but there is no plan")
		}
		if err != nil {
			return sealed, err
		}
	}
	if sealed.Transient() == 0 {
		err = plan.RemoveRuns(ctx, s.st, dir)
	}
	return sealed, err
}

// writeShards runs the second pass and completes the data set. A repair names
// the shards to make again, with the number of samples that each must have; all
// others that are whole stay, whatever another try might add to them.
func (s *attempt) writeShards(ctx context.Context, plans []plan.Sealed, repair map[string]int) (Summary, error) {
	tasks := s.job.tasks(plans)
	before, err := finished(ctx, s.st, tasks)
	if err != nil {
		return Summary{}, err
	}
	done := map[string]bool{}
	var todo []transforms.ShardTask
	var total int64
	for i, t := range tasks {
		t.AtLeast, t.Again = repair[t.Shard]
		if before[i].ok && !t.Again && (before[i].stats.Transient() == 0 || repair != nil) {
			done[t.Shard] = true
			continue
		}
		todo = append(todo, t)
		total += t.Pictures
	}
	if err := s.check(ctx); err != nil {
		return Summary{}, err
	}
	settled := maps.Clone(done)
	for name := range repair {
		settled[name] = true // it gets the bytes that the manifest names, or stays
	}
	if err := dropStale(ctx, s.st, tasks, settled); err != nil {
		return Summary{}, err
	}
	if len(todo) > 0 {
		err := s.pass(ctx, "prepare-write", total, func(sc beam.Scope, id string) { s.buildWrite(sc, todo, id) })
		if err != nil {
			return Summary{}, fmt.Errorf("writing shards: %w", err)
		}
	}
	summary, err := s.finish(ctx, plans, tasks)
	summary.ReusedShards = int64(len(done))
	return summary, err
}

// pass runs one pipeline, of this name, over a number of pictures. The error of a
// DoFn comes back as it was, where the runner would have made text of it.
func (s *attempt) pass(ctx context.Context, name string, pictures int64, build func(s beam.Scope, progressID string)) error {
	counts := progress.Start()
	defer counts.End()
	counts.SetTotal(pictures)
	stop := counts.Report(s.o.Progress)
	defer stop()
	p, scope := runner.NewPipeline()
	build(scope, counts.ID())
	job := s.o.runnerJob(name)
	job.Record = s.handover()
	_, err := runner.Run(ctx, job, p)
	// A bundle that the runner cancelled is not what went wrong.
	if first := counts.Err(); err != nil && first != nil && ctx.Err() == nil && !errors.Is(first, context.Canceled) {
		return first
	}
	return err
}
