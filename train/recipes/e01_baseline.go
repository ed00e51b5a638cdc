// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// baseline is section 6.1 of the report: the U-Net alone on the mean absolute
// error, without a critic.
//
// Hypothesis: L1 alone does not solve the task. Where several colours are
// likely, their median costs least, and the median of colours is grayish.
//
// Command: chromabeam train -recipe 6.1 -data data/pokemon -output runs/6.1
//
// Expected: the training L1 falls throughout; the validation L1 soon stands
// still; generated pictures are desaturated where gray does not give away the
// colour.
//
// The report gives in_channels, num_downs, out_channels, both batch sizes,
// g_lr, epochs_num and log_each. Ours is what it leaves open throughout.
func baseline() Recipe {
	return Recipe{
		About: About{
			Name: "6.1", Section: "6.1", Title: "U-Net on L1 alone, the baseline",
			Hypothesis: "L1 alone does not solve the task: the median of likely colours is grayish.",
			Expected:   "training L1 falls throughout, validation L1 soon stands still, pictures stay desaturated",
			Command:    trainCommand("6.1", "data/pokemon"),
			Ours:       ours(),
		},
		Size: 256, TrainBatchSize: 1, ValBatchSize: 64,
		InChannels: 3, OutChannels: 3, Downs: 7, Filters: 64, Norm: model.NormBatch,
		Critic:   model.CriticNone,
		L1Weight: 1,
		Epochs:   100, GeneratorRate: 3e-4, RateSchedule: RateConstant,
		Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8,
		LogEach: 50, Seed: 1,
	}
}
