// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// vanilla is section 6.2 of the report: the U-Net against the conv critic under
// binary cross-entropy, both from the first step.
//
// Hypothesis: a critic brings colour, which L1 alone does not, but one score
// for a whole picture is met by tinting all of it.
//
// Command: chromabeam train -recipe 6.2 -data data/pokemon -output runs/6.2
//
// Expected: colour appears, but each picture is nearly of one colour; the
// critic tells true from generated early, and its loss nears 0.
//
// Ours: the report's table has lambda 10, but there is no penalty under vanilla
// for it to weigh. It is read as the weight of L1, so lambda is 0 and l1_weight
// 10, which 6.3 has too. d_coef is not in the table either: 1, on the generator's
// own batch, as in public pix2pix code. The critic sees the colour picture alone,
// as its layers in the report say.
func vanilla() Recipe {
	return Recipe{
		About: About{
			Name: "6.2", Section: "6.2", Title: "vanilla GAN with the conv critic",
			Hypothesis: "A critic brings colour, but one score for a whole picture is met by tinting all of it.",
			Expected:   "colour appears, but each picture is nearly of one colour; the critic wins early",
			Command:    trainCommand("6.2", "data/pokemon"),
			Ours:       ours("d_coef", "shared_batch", "lambda", "l1_weight"),
		},
		Size: 256, TrainBatchSize: 1, ValBatchSize: 64,
		InChannels: 3, OutChannels: 3, Downs: 7, Filters: 64, Norm: model.NormBatch,
		Critic: model.CriticConv, Adversary: model.AdversaryVanilla,
		CriticFilters: 16, CriticNorm: model.NormNone, CriticSteps: 1, SharedBatch: true,
		L1Weight: 10,
		Epochs:   100, GeneratorRate: 3e-4, CriticRate: 3e-4, RateSchedule: RateConstant,
		Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8,
		LogEach: 50, Seed: 1,
	}
}
