// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/source"
)

func init() {
	beam.RegisterType(reflect.TypeFor[item]())
	beam.RegisterType(reflect.TypeFor[source.Ref]())
	beam.RegisterDoFn(reflect.TypeFor[readPlanFn]())
	beam.RegisterDoFn(reflect.TypeFor[assignFn]())
	register.Emitter1[item]()
	register.Emitter2[string, item]()
	register.Iter1[item]()
	register.Iter1[int]()
}

// build adds the job to a pipeline: plan files in, totals.json out.
func build(s beam.Scope, files []string, sp spec) {
	s = s.Scope("bulk")
	// Not a Reshuffle: of two with nothing but ParDos between them Flink takes the
	// second for done, and all pictures would stay with one worker.
	names := beam.GroupByKey(s, beam.SwapKV(s, beam.AddFixedKey(s, beam.CreateList(s, files))))
	items := beam.ParDo(s, &readPlanFn{Spec: sp}, names)
	var done beam.PCollection
	if sp.Layout.archive() {
		parts := beam.GroupByKey(s, beam.ParDo(s, &assignFn{Parts: sp.Parts}, items))
		done = beam.ParDo(s, &partFn{Spec: sp}, parts)
	} else {
		done = beam.ParDo(s, &colorizeFn{Spec: sp}, beam.Reshuffle(s, items))
	}
	// Heavy work must not be a pipeline's last stage: prism would spin.
	beam.ParDo0(s, &totalsFn{Spec: sp}, beam.GroupByKey(s, beam.AddFixedKey(s, done)))
}

// readPlanFn turns plan files into their items.
type readPlanFn struct{ Spec spec }

// ProcessElement reads one plan file. Its name is the key, and there is no more to it.
func (f *readPlanFn) ProcessElement(ctx context.Context, name string, _ func(*int) bool, emit func(item)) error {
	st, err := f.Spec.Layout.records()
	if err != nil {
		return f.Spec.job().Fail(err)
	}
	for it, err := range plan.Lines[item](ctx, st, name) {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return f.Spec.job().Fail(err)
		}
		emit(it)
	}
	return nil
}

// assignFn gives every picture its part of the archive.
type assignFn struct{ Parts int }

// ProcessElement emits the item under its part's name.
func (f *assignFn) ProcessElement(it item, emit func(string, item)) {
	emit(fmt.Sprintf("%05d", partOf(it.Key, f.Parts)), it)
}

// partOf is a stable hash of a key.
func partOf(key string, parts int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % uint32(parts))
}
