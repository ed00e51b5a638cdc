// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// BenchmarkStep takes whole training steps on pictures that stay on the device,
// as they are measured elsewhere: a U-Net of 7 halvings (6 at 64 px), a PatchGAN
// on gray and colour, and for WGAN-GP three critic steps. A picture of the
// generator's batch counts once.
func BenchmarkStep(b *testing.B) {
	device := xlaBackend(b)
	for _, size := range []struct{ side, downs, batch int }{{64, 6, 8}, {256, 7, 4}} {
		data := dataset(b, size.side, 12, 0)
		for _, kind := range []string{"l1", "vanilla", "wgan-gp"} {
			b.Run(fmt.Sprintf("%s/%dpx/b%d", kind, size.side, size.batch), func(b *testing.B) {
				r := benchRecipe(kind)
				r.Size, r.Downs, r.TrainBatchSize = size.side, size.downs, size.batch
				benchmarkSteps(b, device, r, openTrain(b, data, 1<<30))
			})
		}
	}
}

// benchRecipe is the last stage of a recipe of each kind of loss.
func benchRecipe(kind string) recipes.Recipe {
	r := tinyRecipe()
	r.Filters, r.Epochs, r.GeneratorRate = 64, 1e6, 2e-4
	if kind == "l1" {
		return r
	}
	r = adversarialRecipe(r)
	r.GeneratorEpochs, r.CriticEpochs, r.CriticFilters, r.L1Weight, r.CriticRate = 0, 0, 64, 25, 2e-4
	if kind == "vanilla" {
		r.Adversary, r.PenaltyWeight, r.PenaltyReduction, r.CriticSteps, r.CriticNorm = model.AdversaryVanilla, 0, "", 1, model.NormBatch
	}
	return r
}

func benchmarkSteps(b *testing.B, device *model.Backend, r recipes.Recipe, p *pictures) {
	work := newWorkspace(device)
	defer work.close()
	if err := r.Validate(); err != nil {
		b.Fatal(err)
	}
	if err := work.prepare(r); err != nil {
		b.Fatal(err)
	}
	tr := &trainer{o: Options{Recipe: r, Backend: device}, work: work, train: p}
	if err := tr.clearMoments(); err != nil {
		b.Fatal(err)
	}
	if err := resetLosses(work.store); err != nil {
		b.Fatal(err)
	}
	tr.schedule = schedule{stages: r.Stages(), pictures: int64(p.n), batch: int64(r.TrainBatchSize)}
	var err error
	if tr.supply, err = newSupply(p, device, FeedDevice, 0); err != nil {
		b.Fatal(err)
	}
	defer tr.supply.close()
	steps, err := newStepper(work, r, tr.schedule.stages[0], tr.schedule.stageSteps(0))
	if err != nil {
		b.Fatal(err)
	}
	f := tr.startFeed(b.Context(), tr.schedule.stages[0])
	defer f.stop()
	at := int64(0)
	step := func() {
		if _, _, err := steps.run(b.Context(), f, at, false); err != nil {
			b.Fatal(err)
		}
		at++
	}
	step() // compiles
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.N*r.TrainBatchSize)/b.Elapsed().Seconds(), "img/s")
}
