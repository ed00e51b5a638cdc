// SPDX-License-Identifier: Apache-2.0

package train

import (
	"math/rand/v2"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// draw is what one execution reads: which pictures, mirrored or not, and where
// WGAN-GP bounds the gradient, for each of its parts in turn.
type draw struct {
	parts int
	index []int32   // [parts, batch]
	draws []float32 // [parts, 2, batch]: 1 to mirror; alpha in [0, 1)
}

// sampler decides what the steps of a stage read. Everything follows from seed,
// stage and the step's number, so that a resumed run sees the same.
//
// Generator and critic have streams of their own: the generator's pass over the
// pictures is what an epoch counts in a joint stage.
type sampler struct {
	recipe    recipes.Recipe
	stage     int
	plan      []program // the executions of a step
	generator *order
	critic    *order
}

func newSampler(r recipes.Recipe, stage int, kind recipes.StageKind, n int) *sampler {
	return &sampler{
		recipe: r, stage: stage, plan: programsOf(kind, r),
		generator: newOrder("order", r.Seed, stage, n),
		critic:    newOrder("critic order", r.Seed, stage, n),
	}
}

// draw returns what execution number e of the stage reads, from 0. Numbers that
// grow are cheap.
func (s *sampler) draw(e int64) draw {
	step, at := e/int64(len(s.plan)), int(e%int64(len(s.plan)))
	critic := step*ownBatches(s.plan) + ownBatches(s.plan[:at])
	p := s.plan[at]
	d := draw{parts: p.parts()}
	for i := range p.ownBatches() {
		s.add(&d, s.critic, critic+int64(i), "alpha")
	}
	switch {
	case p.shared:
		s.add(&d, s.generator, step, "shared alpha")
	case p.generator != generatorNone:
		s.add(&d, s.generator, step, "")
	}
	return d
}

// add appends batch number n of a network's stream, with alphas of the given
// stream, or none where it is empty.
func (s *sampler) add(d *draw, from *order, n int64, alphas string) {
	size := s.recipe.TrainBatchSize
	for i := range size {
		d.index = append(d.index, int32(from.at(n*int64(size)+int64(i))))
	}
	words := []uint64{s.recipe.Seed, uint64(s.stage), uint64(n)}
	mirror, alpha := make([]float32, size), make([]float32, size)
	if s.recipe.Flip {
		rng := newSource(from.label+" flip", words...)
		for i := range mirror {
			mirror[i] = float32(rng.Uint64() >> 63)
		}
	}
	if alphas != "" {
		rng := newSource(alphas, words...)
		for i := range alpha {
			alpha[i] = uniform(rng)
		}
	}
	d.draws = append(append(d.draws, mirror...), alpha...)
}

// uniform returns a number in [0, 1) that a float32 holds exactly.
func uniform(rng *rand.PCG) float32 { return float32(rng.Uint64()>>40) / (1 << 24) }
