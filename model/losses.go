// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// GPReduction tells what a gradient penalty bounds where the critic gives a
// score for each patch.
type GPReduction string

const (
	// GPSum bounds the gradient of the sum of a picture's scores, as public
	// pix2pix code does.
	GPSum GPReduction = "sum"
	// GPMean bounds the gradient of their mean.
	GPMean GPReduction = "mean"
)

// gpEpsilon is added to the squared norm under the square root, whose gradient
// has no value at 0.
const gpEpsilon = 1e-12

// L1Loss is the mean absolute difference of a and b, a scalar.
func L1Loss(a, b *Node) *Node { return graph.ReduceAllMean(graph.Abs(graph.Sub(a, b))) }

// BCELogits is the mean binary cross-entropy of logits against the constant
// target, 0 or 1, a scalar.
func BCELogits(logits *Node, target float64) *Node {
	return graph.ReduceAllMean(crossEntropy(logits, target))
}

// crossEntropy is the binary cross-entropy of each logit. It is
// max(x, 0) - x*target + log(1 + exp(-|x|)), which overflows for no logit.
// max(x, 0) is written (x + |x|)/2: then the two slopes of |x| at 0 cancel,
// whatever a backend takes for them, and the gradient there is 0.5 - target.
func crossEntropy(logits *Node, target float64) *Node {
	magnitude := graph.Abs(logits)
	softplus := graph.Log1p(graph.Exp(graph.Neg(magnitude)))
	linear := graph.Add(graph.MulScalar(logits, 0.5-target), graph.MulScalar(magnitude, 0.5))
	return graph.Add(linear, softplus)
}

// GradientPenalty returns (norm - 1)^2 and norm for each picture, [batch], where
// norm is that of the critic's gradient at real + alpha*(fake-real), see
// [GradientNorms]. alpha is [batch, 1, 1, 1] in [0, 1]. The critic is a closure
// over the gray pictures: only colour is interpolated. No gradient flows into
// real and fake.
func GradientPenalty(
	critic func(color *Node) *Node, real, fake, alpha *Node, reduction GPReduction,
) (penalty, norm *Node) {
	mixed := graph.Add(real, graph.Mul(alpha, graph.Sub(fake, real)))
	norm = GradientNorms(critic, graph.StopGradient(mixed), reduction)
	return graph.Square(graph.AddScalar(norm, -1)), norm
}

// GradientNorms returns, [batch], the 2-norm over all pixels and channels of
// the gradient of a picture's reduced score by its colours.
func GradientNorms(critic func(color *Node) *Node, color *Node, reduction GPReduction) *Node {
	color = graph.Identity(color) // the gradient by a stopped node would be 0
	scores := critic(color)
	// The samples are independent, so the gradient of the scores' sum holds
	// each picture's own.
	total := graph.ReduceAllSum(scores)
	switch reduction {
	case GPSum:
	case GPMean:
		total = graph.DivScalar(total, float64(scores.Shape().Size()/scores.Shape().Dimensions[0]))
	default:
		panic(fmt.Errorf("building a gradient penalty: gp_reduction must be sum or mean, got %q", string(reduction)))
	}
	grad := graph.Gradient(total, color)[0]
	return graph.Sqrt(graph.AddScalar(graph.ReduceSum(graph.Square(grad), 1, 2, 3), gpEpsilon))
}
