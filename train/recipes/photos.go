// SPDX-License-Identifier: Apache-2.0

package recipes

import "github.com/chromabeam/chromabeam/model"

// photos is where to start with pictures of one's own. The report has no such
// recipe: all values are ours.
//
// Hypothesis: the pix2pix paper's balance, L1 at 100 against a vanilla
// PatchGAN, needs no search on a new data set.
//
// Command: chromabeam train -recipe photos -data data/photos -output runs/photos
//
// Expected: sky, plants and skin have their colours; what may have any colour,
// such as clothes, stays pale.
//
// One channel in and chroma out: the picture's own luma is kept, so the network
// spends nothing on drawing it again, and bulk would replace it anyway. Vanilla
// has no penalty, whose second derivative takes time and memory. Five epochs on
// L1 and one of the critic come first, as in NoGAN. Pictures are
// mirrored, since people's own sets are small; the rates fall to 0 and the
// weights are averaged over about a thousand steps, so that the end does not
// depend on the last few batches. With fewer than a thousand pictures set ema
// to 0.99.
func photos() Recipe {
	return Recipe{
		About: About{
			Name: "photos", Title: "a starting point for pictures of your own",
			Hypothesis: "The pix2pix paper's balance, L1 at 100 against a vanilla PatchGAN, needs no search on new data.",
			Expected:   "sky, plants and skin have their colours; what may have any colour, such as clothes, stays pale",
			Command:    trainCommand("photos", "data/photos"),
			Ours: ours(
				"size", "train_batch_size", "val_batch_size", "in_channels", "out_channels", "num_downs",
				"critic", "gan_mode", "critic_conditional", "critic_filters", "critic_norm", "d_coef", "l1_weight",
				"g_epochs_num", "d_epochs_num", "epochs_num", "g_lr", "d_lr", "log_each",
			),
		},
		Size: 256, TrainBatchSize: 8, ValBatchSize: 16, Flip: true,
		InChannels: 1, OutChannels: 2, Downs: 7, Filters: 64, Norm: model.NormBatch,
		Critic: model.CriticPatchGAN, Adversary: model.AdversaryVanilla, CriticConditional: true,
		CriticFilters: 64, CriticNorm: model.NormInstance, CriticSteps: 1,
		L1Weight:        100,
		GeneratorEpochs: 5, CriticEpochs: 1, Epochs: 40, GeneratorRate: 2e-4, CriticRate: 2e-4, RateSchedule: RateLinear,
		Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8, EMADecay: 0.999,
		LogEach: 25, Seed: 1,
	}
}
