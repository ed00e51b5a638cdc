// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// buildPlan adds the first pass to the pipeline.
func buildPlan(s beam.Scope, o Options, j job, progressID string) {
	listings := beam.CreateList(s, j.Listing.names())
	transforms.Plan(s, transforms.PlanConfig{
		Input: o.Input, Dir: filepath.Join(o.Output, jobFolder), Settings: j.hash(),
		Buckets: j.buckets(), MaxBytes: o.Limits.MaxBytes, Workers: o.Workers,
		MemoryBudget: o.MemoryBudget, Job: progressID,
	}, listings)
}

// buildWrite adds the second pass to the pipeline. There must be tasks.
func buildWrite(s beam.Scope, o Options, tasks []transforms.ShardTask, progressID string) {
	transforms.WriteShards(s, transforms.WriteConfig{
		Input: o.Input, Dir: filepath.Join(o.Output, jobFolder), Output: o.Output,
		Size: o.Size, Fit: o.Fit, Limits: o.Limits, Workers: o.Workers,
		MemoryBudget: o.MemoryBudget, Job: progressID,
	}, beam.CreateList(s, tasks))
}

// tasksOf returns a task for each shard of a plan. Shards are numbered without
// gaps: a plan of few pictures may leave a shard empty, and readers that are
// given a range of numbers would miss it.
//
// A shard's settings name its plan too: a plan that is made again may hold
// pictures that could not be read before.
func tasksOf(j job, plan transforms.SealedPlan) []transforms.ShardTask {
	var tasks []transforms.ShardTask
	next := map[string]int{}
	settings := j.hash()
	for _, f := range plan.Files {
		split := f.Split()
		if split == transforms.RejectsBucket {
			continue
		}
		tasks = append(tasks, transforms.ShardTask{
			Shard: shard.Name(split, next[split]), Plan: f.Name, Pictures: f.Pictures,
			Settings: hashOf([]byte(settings + f.SHA256)),
		})
		next[split]++
	}
	return tasks
}
