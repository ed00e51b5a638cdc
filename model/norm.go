// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

const (
	// normEpsilon keeps the norms from dividing by 0, as in PyTorch.
	normEpsilon = 1e-5
	// batchNormMomentum is the weight of the newest batch in the running
	// statistics, as in PyTorch.
	batchNormMomentum = 0.1
)

// standardize subtracts the mean over the axes and divides by the standard
// deviation. Statistics are in float32. It returns them with axes kept, the
// variance biased.
func standardize(x *Node, axes ...int) (y, mean, variance *Node) {
	x = float32Of(x)
	mean = graph.ReduceAndKeep(x, graph.ReduceMean, axes...)
	centered := graph.Sub(x, mean)
	variance = graph.ReduceAndKeep(graph.Square(centered), graph.ReduceMean, axes...)
	return graph.Mul(centered, inverseDeviation(variance)), mean, variance
}

// inverseDeviation is 1/Sqrt, since Rsqrt has no gradient.
func inverseDeviation(variance *Node) *Node {
	return graph.Reciprocal(graph.Sqrt(graph.AddScalar(variance, normEpsilon)))
}

// instanceNorm standardizes each channel of each picture. It panics on maps
// under 2x2, of which nothing but zeros would be left.
func instanceNorm(x *Node) *Node {
	d := x.Shape().Dimensions
	if d[1] < 2 || d[2] < 2 {
		panic(fmt.Errorf("building instance norm: maps must be at least 2x2, got %dx%d", d[1], d[2]))
	}
	y, _, _ := standardize(x, 1, 2)
	return y
}

// layerNorm standardizes each picture over all its pixels and channels.
func layerNorm(x *Node) *Node {
	y, _, _ := standardize(x, 1, 2, 3)
	return y
}

// unbiased turns the variance over n values into the estimate that PyTorch
// keeps as running variance. Of a single value, which PyTorch refuses, the
// variance is 0.
func unbiased(variance *Node, n int) *Node {
	if n < 2 {
		return variance
	}
	return graph.MulScalar(variance, float64(n)/float64(n-1))
}

// movingAverage is the running statistic after one more batch.
func movingAverage(running, batch *Node) *Node {
	return graph.Add(graph.MulScalar(running, 1-batchNormMomentum), graph.MulScalar(batch, batchNormMomentum))
}

// perChannel makes a [c] vector apply to the channels of a picture.
func perChannel(v *Node) *Node { return graph.Reshape(v, 1, 1, 1, v.Shape().Dimensions[0]) }
