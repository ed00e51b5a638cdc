// SPDX-License-Identifier: Apache-2.0

package train

import (
	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// StepFLOPs counts the floating-point operations of a recipe's step in a stage of
// some kind, two for each of the multiply-adds that [model.Work] counts, over the
// whole batch:
//
//   - the generator's step: its forward pass and gradient by its weights, and in a
//     joint stage the critic forward and back to the generated picture;
//   - each of the critic's steps: the generator's forward pass on a batch of its
//     own (none where it shares the generator step's), the critic's forward pass
//     and gradient by its weights on true and on generated pictures, and under
//     WGAN-GP the penalty's forward pass, gradient and gradient of that.
//
// It is what the mathematics of the step asks for, whatever a backend computes for
// it: time divided by it compares machines and forms, and a form that saves
// multiplications may show more than its device can do.
func StepFLOPs(r recipes.Recipe, kind recipes.StageKind) int64 {
	var perPicture int64
	for _, p := range programsOf(kind, r) {
		perPicture += p.multiplyAdds(r)
	}
	return 2 * perPicture * int64(r.TrainBatchSize)
}

// multiplyAdds counts one execution for each picture of its batches.
func (p program) multiplyAdds(r recipes.Recipe) int64 {
	generator, critic := r.Generator().Work(), r.CriticNetwork().Work()
	each := generator.Forward() + 2*critic.Train()
	if r.Adversary == model.AdversaryWGANGP {
		each += critic.Penalty()
	}
	total := int64(p.critics) * each
	switch p.generator {
	case generatorNone:
	case generatorL1:
		total += generator.Train()
	case generatorAdversarial:
		total += generator.Train() + critic.Through()
	}
	if p.shared { // the generator's pass is counted with both
		total -= generator.Forward()
	}
	return total
}
