// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// GenerateBatches builds the U-Net once in Train mode on several batches of one
// size, each as [Generator] takes it, and returns the colours of each: what
// Generator gives for each by itself, since batch norm takes the statistics of
// each batch apart. Weights are read once for all, and small maps fill the device
// better. No gradient flows into the weights.
func GenerateBatches(scope *ml.Scope, c GeneratorConfig, gray []*Node) []*Node {
	if len(gray) == 1 {
		return []*Node{graph.StopGradient(Generator(scope, c, gray[0], Train))}
	}
	n := newNetwork(scope, gray[0].Graph(), Train, nil)
	n.batches = len(gray)
	all := graph.StopGradient(n.generator(c, graph.Concatenate(gray, 0)))
	each, colors := gray[0].Shape().Dimensions[0], make([]*Node, len(gray))
	for i := range colors {
		colors[i] = graph.Slice(all, graph.AxisRange(i*each, (i+1)*each))
	}
	return colors
}
