// SPDX-License-Identifier: Apache-2.0

package train

import (
	"github.com/gomlx/gomlx/core/graph"
)

// globalNorm is the 2-norm over all gradients of a network, a scalar.
func globalNorm(gradients []*graph.Node) *graph.Node {
	var sum *graph.Node
	for _, g := range gradients {
		sum = plus(sum, graph.ReduceAllSum(graph.Square(g)))
	}
	return graph.Sqrt(sum)
}

// clip scales gradients of the given global norm so that it is most at the
// most (Pascanu et al. 2013).
func clip(gradients []*graph.Node, norm *graph.Node, most float64) []*graph.Node {
	limit := graph.Scalar(norm.Graph(), norm.DType(), most)
	// Where the norm is 0 so are all gradients, and any factor will do.
	factor := graph.Where(graph.GreaterThan(norm, limit), graph.Div(limit, norm), graph.OnesLike(norm))
	clipped := make([]*graph.Node, len(gradients))
	for i, g := range gradients {
		clipped[i] = graph.Mul(g, factor)
	}
	return clipped
}
