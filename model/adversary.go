// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// Adversary names the loss that generator and critic play for.
type Adversary string

// The adversarial losses.
const (
	// AdversaryVanilla is the binary cross-entropy of Goodfellow et al. (2014)
	// with the generator's non-saturating form. The critic's is halved, as in
	// pix2pix.
	AdversaryVanilla Adversary = "vanilla"
	// AdversaryWGANGP is the Wasserstein loss with gradient penalty of Gulrajani
	// et al. (2017).
	AdversaryWGANGP Adversary = "wgan-gp"
)

// CriticObjective says what a critic is trained on.
type CriticObjective struct {
	Adversary Adversary
	// Reduction is that of WGAN-GP's penalty; vanilla has none.
	Reduction GPReduction
	// Apart tells that the critic keeps the pictures of a batch apart, as it
	// does without batch norm: true and generated ones then go through it at
	// once.
	Apart bool
}

// Score is a critic's graph in a precision, see [ScoreOf]: scores of colours,
// [batch, size, size, 3], beside their gray pictures, [batch, size, size, 1 or 3].
// PrecisionAuto stands for the precision of the critic's store.
type Score func(p Precision, gray, color *Node) *Node

// CriticTerms are a critic's loss and its parts, one value for each picture,
// [batch]: their means over the batch are what papers call by these names.
type CriticTerms struct {
	// Loss is what the critic minimizes, the weighted penalty included.
	Loss *Node
	// Distance is the score of the true picture less that of the generated one:
	// under WGAN-GP the critic's estimate of the Wasserstein distance.
	Distance *Node
	// Penalty is the gradient penalty before its weight, Norm the norm that it
	// wants to be 1. Both are nil under vanilla.
	Penalty, Norm *Node
}

// Loss builds the critic's loss on true and generated colours,
// [batch, size, size, 3]. Under WGAN-GP alpha, [batch, 1, 1, 1] in [0, 1),
// places the picture at which the gradient is bounded between the two, and
// weight, a scalar, is λ; vanilla reads neither. Only colour is interpolated,
// gray stays. The penalty's pass, which is differentiated twice, is in float32
// whatever the critic's store says: of a norm near 1 its square takes the
// difference to 1, which bfloat16 would leave little of. The loss cannot be
// differentiated by the pictures.
func (o CriticObjective) Loss(critic Score, gray, real, fake, alpha, weight *Node) CriticTerms {
	real, fake = graph.StopGradient(real), graph.StopGradient(fake)
	onReal, onFake := o.scores(critic, gray, real, fake)
	t := CriticTerms{Distance: graph.Sub(pictureMeans(onReal), pictureMeans(onFake))}
	switch o.Adversary {
	case AdversaryVanilla:
		t.Loss = graph.MulScalar(graph.Add(pictureMeans(crossEntropy(onReal, 1)), pictureMeans(crossEntropy(onFake, 0))), 0.5)
	case AdversaryWGANGP:
		exact := func(color *Node) *Node { return critic(PrecisionFloat32, gray, color) }
		t.Penalty, t.Norm = GradientPenalty(exact, real, fake, alpha, o.Reduction)
		t.Loss = graph.Sub(graph.Mul(weight, t.Penalty), t.Distance)
	default:
		panic(fmt.Errorf("building a critic's loss: gan_mode must be vanilla or wgan-gp, got %q", string(o.Adversary)))
	}
	return t
}

// scores applies the critic to both kinds of pictures, in its own precision.
func (o CriticObjective) scores(critic Score, gray, real, fake *Node) (onReal, onFake *Node) {
	if !o.Apart {
		return critic(PrecisionAuto, gray, real), critic(PrecisionAuto, gray, fake)
	}
	both := critic(PrecisionAuto, graph.Concatenate([]*Node{gray, gray}, 0), graph.Concatenate([]*Node{real, fake}, 0))
	n := real.Shape().Dimensions[0]
	return graph.Slice(both, graph.AxisRange(0, n)), graph.Slice(both, graph.AxisRange(n, 2*n))
}

// GeneratorLoss returns the adversarial part of the generator's loss for each
// picture, [batch], from the critic's scores of what it generated.
func (o CriticObjective) GeneratorLoss(scores *Node) *Node {
	if o.Adversary == AdversaryVanilla {
		return pictureMeans(crossEntropy(scores, 1))
	}
	return graph.Neg(pictureMeans(scores))
}

// pictureMeans returns the mean over all but the first axis, [batch].
func pictureMeans(x *Node) *Node {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i + 1
	}
	return graph.ReduceMean(x, axes...)
}
