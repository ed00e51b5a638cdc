// SPDX-License-Identifier: Apache-2.0

package train

import (
	"testing"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// BenchmarkStep takes steps of recipe 6.1 on one batch that stays on the
// device: what a run's timings.jsonl can be compared with.
func BenchmarkStep(b *testing.B) {
	r, err := recipes.Find("6.1")
	if err != nil {
		b.Fatal(err)
	}
	device := xlaBackend(b)
	store := ml.NewStore()
	defer store.Finalize()
	if err := model.InitGenerator(store, model.GeneratorScope, r.Generator(), r.Seed); err != nil {
		b.Fatal(err)
	}
	step, err := newGeneratorStep(device, store, r, r.GeneratorRate)
	if err != nil {
		b.Fatal(err)
	}
	defer step.close()
	if err := step.adam.clear(store.Scope(model.GeneratorScope)); err != nil {
		b.Fatal(err)
	}
	if err := resetLosses(store); err != nil {
		b.Fatal(err)
	}
	in := makeBatch(openTrain(b, dataset(b, r.Size, r.TrainBatchSize, 0), 1<<30), device, []int{0})
	if in.err != nil {
		b.Fatal(in.err)
	}
	defer in.finalize()
	t := int64(1)
	if err := step.run(in, t); err != nil { // compiles
		b.Fatal(err)
	}
	for b.Loop() {
		t++
		if err := step.run(in, t); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*r.TrainBatchSize)/b.Elapsed().Seconds(), "img/s")
}
