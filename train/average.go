// SPDX-License-Identifier: Apache-2.0

package train

import (
	"path"

	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
)

// averagePath names the moving average of one of the generator's variables.
func averagePath(v *ml.Variable) string { return path.Join("/", model.EMAScope, v.Path()) }

// startAverage lets the moving average begin at the network's values.
func startAverage(network *ml.Scope) error {
	for v := range network.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return err
		}
		copied, err := value.Clone()
		if err != nil {
			return err
		}
		if err := setVariable(network.Store(), averagePath(v), copied); err != nil {
			return err
		}
	}
	return nil
}

// updateAverage moves the average towards the values that the network has at
// the end of the graph. So does it running statistics: they belong to weights
// that the average lags behind.
func updateAverage(network *ml.Scope, decay float64, g *graph.Graph) {
	for v := range network.IterVariables() {
		average := network.Store().GetVariable(averagePath(v))
		average.SetNodeValue(graph.Add(graph.MulScalar(average.NodeValue(g), decay), graph.MulScalar(v.NodeValue(g), 1-decay)))
	}
}
