// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// Tape remembers what a network's training step needs to know of how the
// network was built.
type Tape struct {
	scope      *ml.Scope
	statistics []statistic
}

// NewTape returns the tape of a network without running statistics, such as a
// critic that is built several times in a graph. Its Gradients are by the weights
// that the network has in the graph at the moment of the call.
func NewTape(scope *ml.Scope) *Tape { return &Tape{scope: scope} }

// statistic is a running statistic and its value in this batch.
type statistic struct {
	variable *ml.Variable
	batch    *Node
}

// UpdateStatistics lets this graph update batch norm's running statistics
// (momentum 0.1, unbiased variance, as PyTorch).
func (t *Tape) UpdateStatistics() {
	for _, s := range t.statistics {
		running := s.variable.NodeValue(s.batch.Graph())
		s.variable.SetNodeValue(movingAverage(running, graph.StopGradient(s.batch)))
	}
}

// Gradients returns the gradient of the scalar loss by each trainable variable
// of the network, in the order of the scope's variables: what
// optimizer.UpdateGraphWithGradients takes.
func (t *Tape) Gradients(loss *Node) []*Node {
	var values []*Node
	for v := range t.scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(loss.Graph()) {
			values = append(values, v.NodeValue(loss))
		}
	}
	return graph.Gradient(loss, values...)
}
