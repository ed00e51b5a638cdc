// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// explainMemory adds to an error of the device that its memory is used up what
// it was wanted for, an estimate of how much, and what a user can do. Any other
// error comes back as it is.
func explainMemory(err error, what string, need int64, advice string) error {
	if !model.OutOfMemory(err) {
		return err
	}
	return fmt.Errorf("the device has too little memory %s (an estimate of the need is %.1f GiB): %s: %w",
		what, float64(need)/(1<<30), advice, err)
}

// floatBytes is the size of a weight or a value of a map.
const floatBytes = 4

// stepBytes is about what a training step needs on the device: weights,
// gradients and both moments twice (the backend does not update in place), and
// of each picture the maps of both networks, forward and backward.
func stepBytes(r recipes.Recipe) int64 {
	critic := r.CriticNetwork()
	weights, maps := r.Generator().ParameterCount(), 2*r.Generator().Activations()
	if r.Adversarial() {
		weights += critic.ParameterCount()
		// True, generated and interpolated pictures, the last one twice over.
		maps += 6 * critic.Activations()
	}
	return floatBytes * (7*weights + int64(r.TrainBatchSize)*maps)
}

// validationBytes is about what a validation step needs: all weights, and of
// each picture of the batch the generator's maps and the critic's, the penalty's included.
func validationBytes(r recipes.Recipe, batch int) int64 {
	weights, maps := r.Generator().ParameterCount(), r.Generator().Activations()
	if r.Adversarial() {
		weights += r.CriticNetwork().ParameterCount()
		maps += 5 * r.CriticNetwork().Activations()
	}
	return floatBytes * (weights + int64(batch)*maps)
}
