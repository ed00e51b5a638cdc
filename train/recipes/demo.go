// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// demo learns the colours of about 100 small faces in a minute or two, on any
// machine. All values are ours.
//
// Hypothesis: on flat drawings whose palette is small, gray and a little of its
// surroundings nearly determine the colour, so that even L1 alone finds it.
//
// Command: chromabeam demo
//
// Expected: hair, skin and background have their colours on pictures that the
// network has not seen.
func demo() Recipe {
	return Recipe{
		About: About{
			Name: "demo", Title: "a small network for the embedded sample, trained in a minute or two",
			Hypothesis: "On flat drawings with a small palette, gray and its surroundings nearly determine colour.",
			Expected:   "hair, skin and background are coloured rightly on pictures kept apart",
			Command:    "chromabeam demo",
		},
		Size: 64, TrainBatchSize: 4, ValBatchSize: 8,
		InChannels: 1, OutChannels: 3, Downs: 4, Filters: 16, Norm: model.NormInstance,
		Critic:   model.CriticNone,
		L1Weight: 1,
		Epochs:   30, GeneratorRate: 2e-3,
		Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8,
		LogEach: 10, Seed: 1,
	}
}
