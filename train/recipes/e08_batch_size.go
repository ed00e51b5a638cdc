// SPDX-License-Identifier: Apache-2.0

package recipes

// batchSize is section 6.8 of the report: 6.7 at l1_weight 25 with the batch
// size varied.
//
// Hypothesis: small batches give noisy gradients, large ones too few steps in
// 20 epochs; 8 is best.
//
// Command: chromabeam train -recipe 6.8 -data data/pokemon -output runs/6.8
//
// Expected: 8 is best. Epochs are equal, so 32 has an eighth of the steps of 4:
// a worse result there may be one of time.
//
// Ours: as in 6.5. The report prints no table: all but the batch size is taken
// from 6.7.
func batchSize() Experiment {
	e := l1Weight()
	e.About = About{
		Name: "6.8", Section: "6.8", Title: "the batch size, from 4 to 32",
		Hypothesis: "Small batches give noisy gradients, large ones too few steps in 20 epochs; 8 is best.",
		Expected:   "8 is best",
		Command:    trainCommand("6.8", "data/pokemon"),
		Ours:       oursOfPatchGAN(),
	}
	e.Vary = Vary{Key: "train_batch_size", Values: []string{"4", "8", "16", "32"}, Best: "8"}
	return e
}
