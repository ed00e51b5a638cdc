// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"math"
	"path"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// adamScope holds the moments: adam/generator/down_0/kernel/m and .../v.
const adamScope = "adam"

// adam is the optimizer of Kingma and Ba (2015) with explicit gradients.
//
// GoMLX has one too. It keeps the learning rate and the step counter in
// variables inside the network's own scope, beside the weights, and adds to a
// step counter of the whole store. Here the rate and the corrections of the
// moments' bias are inputs of the graph, computed on the host in float64: one
// compiled step serves all rates, several networks do not meet, and a test
// compares the two.
type adam struct {
	beta1, beta2, epsilon float64
}

// corrected returns the two factors that step number t (from 1) needs, such
// that rate*m/(sqrt(v)+epsilon) is Adam's step with both moments corrected.
func (a adam) corrected(rate float64, t int64) (stepSize, epsilon float32) {
	root := math.Sqrt(1 - math.Pow(a.beta2, float64(t)))
	return float32(rate * root / (1 - math.Pow(a.beta1, float64(t)))), float32(a.epsilon * root)
}

// momentPath names a moment of a variable.
func momentPath(v *ml.Variable, moment string) string {
	return path.Join("/", adamScope, v.Path(), moment)
}

// clear sets the moments of a network's weights to zero, and makes them where
// they do not exist.
func (a adam) clear(network *ml.Scope) error {
	store := network.Store()
	for _, v := range trainable(network) {
		for _, moment := range []string{"m", "v"} {
			if err := setVariable(store, momentPath(v, moment), tensors.FromShape(v.Shape())); err != nil {
				return err
			}
		}
	}
	return nil
}

// update builds one step: gradients come in the order of the network's
// trainable variables.
func (a adam) update(network *ml.Scope, gradients []*graph.Node, stepSize, epsilon *graph.Node) {
	weights := trainable(network)
	if len(weights) != len(gradients) {
		panic(fmt.Errorf("adam: %d gradients for %d weights", len(gradients), len(weights)))
	}
	for i, grad := range gradients {
		v, g := weights[i], grad.Graph()
		m, s := network.Store().GetVariable(momentPath(v, "m")), network.Store().GetVariable(momentPath(v, "v"))
		first := graph.Add(graph.MulScalar(m.NodeValue(g), a.beta1), graph.MulScalar(grad, 1-a.beta1))
		second := graph.Add(graph.MulScalar(s.NodeValue(g), a.beta2), graph.MulScalar(graph.Square(grad), 1-a.beta2))
		step := graph.Div(graph.Mul(stepSize, first), graph.Add(graph.Sqrt(second), epsilon))
		// What follows in the same graph must not be differentiated through this
		// step, but it may be by the weights that the step leaves: by a stopped
		// node itself every gradient would be 0.
		m.SetNodeValue(graph.StopGradient(first))
		s.SetNodeValue(graph.StopGradient(second))
		v.SetNodeValue(graph.Identity(graph.StopGradient(graph.Sub(v.NodeValue(g), step))))
	}
}

// trainable lists a network's weights in the order of its gradients.
func trainable(network *ml.Scope) []*ml.Variable {
	var list []*ml.Variable
	for v := range network.IterVariables() {
		if v.Trainable {
			list = append(list, v)
		}
	}
	return list
}

// setVariable gives a variable that is not trained a value, and makes it where
// it does not exist.
func setVariable(store *ml.Store, full string, value *tensors.Tensor) error {
	if v := store.GetVariable(full); v != nil {
		if err := v.SetValue(value); err != nil {
			return fmt.Errorf("setting variable %q: %w", full, err)
		}
		return nil
	}
	v, err := store.CreateVariable(full, value)
	if err != nil {
		return fmt.Errorf("making variable %q: %w", full, err)
	}
	v.SetTrainable(false)
	return nil
}

// zeros is a float32 tensor of zeros.
func zeros(dimensions ...int) *tensors.Tensor {
	return tensors.FromShape(shapes.Make(dtypes.Float32, dimensions...))
}
