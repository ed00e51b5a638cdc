// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// statsAtOnce is how many statistics are read at once: each is a request or two
// where they lie in a bucket.
const statsAtOnce = 32

// outcome is a task's shard as it lies in the output.
type outcome struct {
	stats shard.Stats
	ok    bool // it is complete
}

// finished looks which shards are complete.
func finished(ctx context.Context, st store.Store, tasks []transforms.ShardTask) ([]outcome, error) {
	outcomes := make([]outcome, len(tasks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(statsAtOnce)
	for i, t := range tasks {
		group.Go(func() error {
			stats, err := transforms.ShardStats(ctx, st, t)
			outcomes[i] = outcome{stats, err == nil}
			return ctx.Err()
		})
	}
	return outcomes, group.Wait()
}

// finish checks that every shard of the plans is there and writes the data
// set's manifest, last. What lies in the output counts, not what the runner
// said.
func (s *attempt) finish(ctx context.Context, plans []plan.Sealed, tasks []transforms.ShardTask) (Summary, error) {
	// Of workers that were killed while the job went on without them.
	if err := cleanTemp(ctx, s.st, s.job); err != nil {
		return Summary{}, err
	}
	rejects, err := s.planRejects(ctx, plans)
	if err != nil {
		return Summary{}, err
	}
	outcomes, err := finished(ctx, s.st, tasks)
	if err != nil {
		return Summary{}, err
	}
	splits := map[string][]shard.Stats{}
	for i, t := range tasks {
		if !outcomes[i].ok {
			_, err := transforms.ShardStats(ctx, s.st, t)
			return Summary{}, cmp.Or(err, fmt.Errorf("reading shard %q: it was not complete a moment ago", t.Shard))
		}
		split := plan.SplitOf(t.Shard)
		splits[split] = append(splits[split], outcomes[i].stats)
		rejects = append(rejects, outcomes[i].stats.Rejects...)
	}
	slices.SortFunc(rejects, func(a, b fault.Reject) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	condition, err := s.rights().Condition(ctx, s.st, shard.RejectsName)
	if err != nil {
		return Summary{}, err
	}
	if _, err := shard.PublishRejects(ctx, s.st, condition, slices.Values(rejects)); err != nil {
		return Summary{}, err
	}
	failpoint.Hit("prepare.rejects.written")
	info := s.info(plans, splits, rejects)
	summary := summaryOf(info)
	if summary.Samples() == 0 {
		return summary, nothingUsable(s.o, rejects)
	}
	if condition, err = s.rights().Condition(ctx, s.st, shard.InfoName); err != nil {
		return Summary{}, err
	}
	if _, err := shard.PublishInfo(ctx, s.st, condition, info); err != nil {
		return Summary{}, err
	}
	failpoint.Hit("prepare.info.published")
	return summary, s.st.RemoveAll(ctx, stopFolder)
}

// nothingUsable is the error of an input all of whose pictures were rejected.
// It is a request error, since no run of this request can make a data set, unless
// another try may be able to read one.
func nothingUsable(o Options, rejects []fault.Reject) error {
	first := ""
	if len(rejects) > 0 {
		first = fmt.Sprintf("; the first is %q: %s", rejects[0].Source, rejects[0].Reason)
	}
	err := fmt.Errorf("input %q holds no usable picture: all %d were rejected, see %s in %q%s",
		o.Input, len(rejects), shard.RejectsName, o.Output, first)
	if slices.ContainsFunc(rejects, func(r fault.Reject) bool { return r.Transient }) {
		return err
	}
	return fault.AsRequest(err)
}

// planRejects returns the pictures that the first passes could not read, or left
// out for their look.
func (s *attempt) planRejects(ctx context.Context, plans []plan.Sealed) ([]fault.Reject, error) {
	var rejects []fault.Reject
	for k, p := range plans {
		near, err := plan.ReadNear(ctx, s.st, s.job.Parts[k].Dir)
		if err != nil {
			return nil, err
		}
		for _, n := range near {
			rejects = append(rejects, fault.Reject{
				Source: n.Source, Stage: fault.StageFilter,
				Reason: fmt.Sprintf("it looks like picture %s, %d of 64 bits apart", n.Like, n.Distance),
			})
		}
		for _, f := range p.Files {
			if plan.SplitOf(f.Name) != plan.Rejects || f.Pictures == 0 {
				continue
			}
			entries, err := plan.ReadFile(ctx, s.st, s.job.Parts[k].Dir, f.Name)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if e.Reject == nil {
					return nil, fmt.Errorf("reading plan %q: %q has no reason", f.Name, e.Name())
				}
				rejects = append(rejects, *e.Reject)
			}
		}
	}
	return rejects, nil
}

func (s *attempt) info(plans []plan.Sealed, splits map[string][]shard.Stats, rejects []fault.Reject) shard.Info {
	o := s.o
	info := shard.Info{
		ToolVersion: o.ToolVersion, Size: o.Size, Fit: string(o.Fit), Filter: string(o.Filter), Formula: string(o.Formula),
		Background: o.Background.String(), Seed: o.Seed, ValPercent: o.ValPercent, TestPercent: o.TestPercent,
		LicenseNote: o.LicenseNote, Rejects: len(rejects),
	}
	for _, p := range plans {
		for _, f := range p.Files {
			info.Duplicates += int(f.Duplicates)
			info.NearDuplicates += int(f.NearDuplicates)
		}
	}
	for _, r := range rejects {
		if r.Stage == fault.StageFilter {
			info.Filtered++
		}
	}
	for _, name := range []string{shard.Train, shard.Val, shard.Test} {
		if shards := splits[name]; len(shards) > 0 {
			info.Splits = append(info.Splits, shard.NewSplitInfo(name, shards))
		}
	}
	return info
}
