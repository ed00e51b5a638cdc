// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// The kinds of steps that other people's scripts time too.
const (
	TimedL1      = "l1"
	TimedVanilla = "vanilla"
	TimedWGANGP  = "wgan-gp"
)

// TimedKinds returns the kinds of [TimedRecipe].
func TimedKinds() []string { return []string{TimedL1, TimedVanilla, TimedWGANGP} }

// TimedRecipe returns a recipe for timing alone, of one of the three kinds of
// steps that scripts for other frameworks measure: a U-Net from 1 channel to 3 of
// 64 filters and 7 halvings (as many as the size allows) with batch norm; for the
// two adversarial kinds a PatchGAN of 64 filters on gray and colour, under vanilla
// with batch norm and one critic step on the generator's batch, under wgan-gp with
// instance norm, three critic steps and the penalty on the sum of the scores. Size
// and batch may be of no use: [recipes.Recipe.Validate] says so.
func TimedRecipe(kind string, size, batch int) (recipes.Recipe, error) {
	if !slices.Contains(TimedKinds(), kind) {
		return recipes.Recipe{}, fmt.Errorf("mode must be one of %s, got %q", strings.Join(TimedKinds(), ", "), kind)
	}
	r := recipes.Recipe{
		About: recipes.About{Name: kind, Title: "a step of kind " + kind + ", for timing"},
		Size:  size, TrainBatchSize: batch, ValBatchSize: 1,
		InChannels: 1, OutChannels: 3, Filters: 64, Norm: model.NormBatch,
		Downs:  max(1, min(7, bits.TrailingZeros(uint(max(1, size))))),
		Critic: model.CriticNone, L1Weight: 1,
		Epochs: 1, GeneratorRate: 2e-4, RateSchedule: recipes.RateConstant, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8,
		LogEach: 1, Seed: 1,
	}
	if kind == TimedL1 {
		return r, nil
	}
	r.Critic, r.CriticConditional, r.CriticFilters = model.CriticPatchGAN, true, 64
	r.L1Weight, r.CriticRate = 25, 2e-4
	if kind == TimedVanilla {
		r.Adversary, r.CriticNorm, r.CriticSteps = model.AdversaryVanilla, model.NormBatch, 1
		r.SharedBatch = true
		return r, nil
	}
	r.Adversary, r.CriticNorm, r.CriticSteps = model.AdversaryWGANGP, model.NormInstance, 3
	r.PenaltyWeight, r.PenaltyReduction = 10, model.GPSum
	return r, nil
}
