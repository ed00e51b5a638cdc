// SPDX-License-Identifier: Apache-2.0

package recipes

// criticSteps is section 6.9 of the report: 6.7 at l1_weight 25 with the number
// of critic steps for each generator step varied.
//
// Hypothesis: too few leave the critic behind, too many cost time and let it
// run ahead; 3 is best.
//
// Command: chromabeam train -recipe 6.9 -data data/pokemon -output runs/6.9
//
// Expected: 3 is best. An epoch is a pass of the generator, so the runs have
// equal generator steps and unequal times.
//
// Ours: as in 6.5. The report prints no table: all but d_coef is taken from 6.7.
func criticSteps() Experiment {
	e := l1Weight()
	e.About = About{
		Name: "6.9", Section: "6.9", Title: "critic steps for a generator step, 1 to 6",
		Hypothesis: "Too few leave the critic behind, too many let it run ahead; 3 is best.",
		Expected:   "3 is best",
		Command:    trainCommand("6.9", "data/pokemon"),
		Ours:       oursOfPatchGAN(),
	}
	e.Vary = Vary{Key: "d_coef", Values: []string{"1", "2", "3", "4", "5", "6"}, Best: "3"}
	return e
}
