// SPDX-License-Identifier: Apache-2.0

package recipes

// builtin is the recipe of the model in the box, package model/builtin:
// anime-final in a width whose weights take 4.7 MB, on 819 emoji and 6,000 faces
// together.
//
// Hypothesis: a seventh of the weights is enough for flat drawings of 64 px, and
// one network for two kinds of them costs neither much.
//
// Command: chromabeam train -recipe builtin -data data/both -output runs/builtin
//
// Expected: skin and the common colours of faces and emoji, inside their
// outlines; dyed hair and clothes, whose gray tells nothing, of some other colour.
//
// Ours: the data and both widths; 6 epochs with warm-ups of one each, some
// 5,660 steps of the generator; flip, since 819 emoji are few; lr_schedule cosine and
// ema 0.999, so that what is shipped does not depend on the last few batches.
func builtin() Recipe {
	r := animeFinal()
	r.About = About{
		Name: "builtin", Title: "the model in the box, for drawings of 64 px",
		Hypothesis: "A seventh of the weights is enough for flat drawings of 64 px, " +
			"and one network for two kinds of them costs neither much.",
		Expected: "skin and the common colours of faces and emoji, inside their outlines; dyed hair and clothes of some other colour",
		Command:  trainCommand("builtin", "data/both"),
		Ours:     oursOfPatchGAN("num_downs", "epochs_num", "g_epochs_num", "d_epochs_num", "log_each"),
	}
	r.Flip, r.Filters, r.CriticFilters = true, 24, 32
	r.GeneratorEpochs, r.CriticEpochs, r.Epochs = 1, 1, 6
	r.RateSchedule, r.EMADecay, r.LogEach = RateCosine, 0.999, 100
	return r
}
