// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func init() {
	beam.RegisterType(reflectTypeOf[plan.File]())
	beam.RegisterType(reflectTypeOf[plan.Task]())
	beam.RegisterDoFn(reflect.TypeFor[divideFn]())
	beam.RegisterDoFn(reflect.TypeFor[mergeFn]())
	beam.RegisterDoFn(reflect.TypeFor[sealFn]())
	register.Iter1[planRun]()
	register.Iter1[plan.File]()
	register.Emitter1[plan.Task]()
	register.Emitter2[string, plan.File]()
	register.Emitter1[string]()
}

// Plan hashes the pictures of each listing file, spreads them over shards by
// content, and writes one plan file for each shard: sorted by hash, exact
// copies kept once. The listings are a PCollection<int> of their numbers. When
// every plan file is written the plan is sealed; the result, a
// PCollection<string>, holds the plan's folder once.
//
// Pictures travel in files (see package plan); what crosses a shuffle are some
// 200 bytes for each listing file and each plan file.
func Plan(s beam.Scope, c PlanConfig, listings beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Plan")
	runs := beam.GroupByKey(s, hashPictures(s, c, listings))
	tasks := beam.Reshuffle(s, beam.ParDo(s, &divideFn{c}, runs))
	files := beam.ParDo(s, &mergeFn{c}, tasks)
	return beam.ParDo(s, &sealFn{c}, beam.GroupByKey(s, files))
}

// divideFn waits for every run, looks for near duplicates, and divides the plan
// files into tasks. It maps CoGBK<"", planRun> to plan.Task.
type divideFn struct{ PlanConfig }

func (f *divideFn) ProcessElement(ctx context.Context, _ string, runs func(*planRun) bool, emit func(plan.Task)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	job := progress.Find(f.Job)
	var total plan.Run
	seen := map[int]bool{}
	var run planRun
	for runs(&run) {
		if seen[run.Listing] {
			continue // a runner may run a bundle twice
		}
		seen[run.Listing] = true
		for i, n := range run.Entries {
			total.Entries[i] += n
		}
	}
	if len(seen) != f.Runs {
		return job.Fail(fmt.Errorf("planning: there must be %d runs, got %d", f.Runs, len(seen)))
	}
	if f.NearDistance >= 0 {
		st, err := store.Open(f.Output)
		if err == nil {
			err = f.FindNear(ctx, st, f.NearDistance)
		}
		if err != nil {
			return job.Fail(err)
		}
	}
	for _, t := range f.Layout.Tasks(total.Entries) {
		emit(t)
	}
	return nil
}

// mergeFn writes the plan files of a task. It maps a plan.Task to KV<"",
// plan.File>.
type mergeFn struct{ PlanConfig }

func (f *mergeFn) ProcessElement(ctx context.Context, t plan.Task, emit func(string, plan.File)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	st, err := store.Open(f.Output)
	if err == nil {
		err = f.Claim.Check(ctx, st)
	}
	if err == nil {
		err = f.Write(ctx, st, t, func(file plan.File) { emit("", file) })
	}
	if err != nil {
		return progress.Find(f.Job).Fail(err)
	}
	return nil
}

// sealFn writes the list of plan files: from then on the plan is kept.
type sealFn struct{ PlanConfig }

func (f *sealFn) ProcessElement(ctx context.Context, _ string, files func(*plan.File) bool, emit func(string)) error {
	ctx, stop := progress.Bind(ctx)
	defer stop()
	byName := map[string]plan.File{}
	var file plan.File
	for files(&file) {
		byName[file.Name] = file // once, should a bundle have run twice
	}
	sealed := plan.Sealed{Settings: f.Settings}
	for _, file := range byName {
		sealed.Files = append(sealed.Files, file)
	}
	st, err := store.Open(f.Output)
	if err == nil {
		err = f.Claim.Check(ctx, st)
	}
	if err == nil {
		err = plan.Seal(ctx, st, f.Dir, sealed)
	}
	if err != nil {
		return progress.Find(f.Job).Fail(err)
	}
	emit(f.Dir)
	return nil
}
