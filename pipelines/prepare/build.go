// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// buildPlan adds the first pass over a part to the pipeline.
func (s *attempt) buildPlan(scope beam.Scope, k int, merger plan.Merger, progressID string) {
	numbers := make([]int, s.job.Parts[k].Files)
	for i := range numbers {
		numbers[i] = i
	}
	near := s.o.NearDistance
	if near == 0 {
		near = -1
	}
	transforms.Plan(scope, transforms.PlanConfig{
		Input: s.o.Input, Output: s.o.Output, Claim: s.rights(), Merger: merger, MaxBytes: s.o.Limits.MaxBytes,
		Parallel: s.o.parallel(), NearDistance: near, Pair: s.o.pair(), Job: progressID,
	}, beam.CreateList(scope, numbers))
}

// buildWrite adds the second pass to the pipeline. There must be tasks.
func (s *attempt) buildWrite(scope beam.Scope, tasks []transforms.ShardTask, progressID string) {
	transforms.WriteShards(scope, transforms.WriteConfig{
		Input: s.o.Input, Output: s.o.Output, Claim: s.rights(),
		Pair: s.o.pair(), Parallel: s.o.parallel(), Job: progressID,
	}, beam.CreateList(scope, tasks))
}

// tasks returns a task for each shard of the parts' plans. Shards are numbered
// without gaps: a plan of few pictures may leave a shard empty, and readers that
// are given a range of numbers would miss it. Those of a later part follow.
//
// A shard's settings name its plan too: a plan that is made again may hold
// pictures that could not be read before.
func (j job) tasks(plans []plan.Sealed) []transforms.ShardTask {
	var tasks []transforms.ShardTask
	next := map[string]int{}
	for k, p := range plans {
		settings := j.hash(k)
		for _, f := range p.Files {
			split := plan.SplitOf(f.Name)
			if split == plan.Rejects || f.Pictures == 0 {
				continue
			}
			tasks = append(tasks, transforms.ShardTask{
				Shard: shard.Name(split, next[split]), Dir: j.Parts[k].Dir, Plan: f.Name, Pictures: f.Pictures,
				Settings: hashOf([]byte(settings + f.SHA256)),
			})
			next[split]++
		}
	}
	return tasks
}
