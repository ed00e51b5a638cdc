// SPDX-License-Identifier: Apache-2.0

package recipes

// animeFinal is the recipe that the report's experiments lead to (PatchGAN,
// WGAN-GP, one channel, l1_weight 25, batch size 8, d_coef 3) on the faces that
// it trained it on as well, at their 64 px.
//
// Hypothesis: what was found on 819 drawings holds for 21,551 faces of another
// size.
//
// Command: chromabeam train -recipe anime-final -data data/faces -output runs/anime-final
//
// Expected: skin, hair and eyes of plausible colours that stay inside their
// outlines; hair often of another colour than the original's.
//
// Ours: num_downs 5, whose bottleneck is 2x2 as that of 7 at 256 px (6 is the
// most that fits); epochs_num, 20 as in 6.7, which is 26 times the steps; the
// rest as in 6.5. At 64 px L1 leads the critic 8:1 per picture, at 256 px 51:1.
func animeFinal() Recipe {
	r := l1Weight().Resize(64)
	r.About = About{
		Name: "anime-final", Title: "the report's final recipe, on faces of 64 px",
		Hypothesis: "What was found on 819 drawings of 256 px holds for 21,551 faces of 64 px.",
		Expected:   "plausible colours inside their outlines; hair often of another colour than the original's",
		Command:    trainCommand("anime-final", "data/faces"),
		Ours:       oursOfPatchGAN("num_downs", "epochs_num"),
	}
	return r
}
