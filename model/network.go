// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// network builds the layers of one network in a graph.
type network struct {
	scope  *ml.Scope
	graph  *graph.Graph
	mode   Mode
	dtype  dtypes.DType // of convolutions and of the maps between layers
	choose chooser
	tape   *Tape
	// batches is the number of batches that lie one after the other in the
	// pictures, each with statistics of its own; 0 is 1.
	batches int
	// leaky is the activation of all but the generator's up layers. Finite
	// differences want a smooth one, hence a field.
	leaky func(x *Node) *Node
}

func newNetwork(scope *ml.Scope, g *graph.Graph, mode Mode, tape *Tape) *network {
	return &network{
		scope: scope, graph: g, mode: mode, dtype: precisionOf(scope).dtype(),
		choose: chooserFor(scope, g.Backend()), tape: tape, leaky: leakyReLU,
	}
}

// param returns a trainable variable's value.
func (n *network) param(path string, shape ...int) *Node {
	return variable(n.scope, path, shape).NodeValue(n.graph)
}

// conv builds a convolution from x to the given number of channels, in the
// network's dtype.
func (n *network) conv(layer string, shape convShape, x *Node, out int) *Node {
	in := x.Shape().Dimensions[3]
	kernel := n.param(layer+"/kernel", shape.kernelShape(in, out)...)
	return shape.apply(n.kept(x), n.kept(kernel), n.choose)
}

// kept is x in the dtype in which maps are kept between layers. What is between
// two layers of that, biases and norms, is computed in float32: so are their
// gradients then, which are sums over all pixels.
func (n *network) kept(x *Node) *Node { return graph.ConvertDType(x, n.dtype) }

// bias adds a shift to each channel, in float32.
func (n *network) bias(layer string, x *Node) *Node {
	c := x.Shape().Dimensions[3]
	return graph.Add(float32Of(x), perChannel(n.param(layer+"/bias", c)))
}

// norm builds a norm layer, in float32. Batch norm always has a gain and a shift
// of its own, the others where affine is set. NormNone returns x as it is.
func (n *network) norm(layer string, norm Norm, x *Node, affine bool) *Node {
	switch norm {
	case NormBatch:
		return n.batchNorm(layer, x)
	case NormInstance:
		x = instanceNorm(x)
	case NormLayer:
		x = layerNorm(x)
	case NormNone:
		return x
	}
	if !affine {
		return x
	}
	c := x.Shape().Dimensions[3]
	x = graph.Mul(x, perChannel(n.param(layer+"/norm/gamma", c)))
	return graph.Add(x, perChannel(n.param(layer+"/norm/beta", c)))
}

// batchNorm standardizes each channel by the batch's statistics (Train) or the
// running ones (Infer). It needs running ones only in Infer mode and for a tape.
func (n *network) batchNorm(layer string, x *Node) *Node {
	d := x.Shape().Dimensions
	c := d[3]
	gamma, beta := n.param(layer+"/norm/gamma", c), n.param(layer+"/norm/beta", c)
	running := func(name string) *ml.Variable { return variable(n.scope, layer+"/norm/"+name, []int{c}) }
	if n.mode == Infer {
		scale := graph.Mul(gamma, inverseDeviation(running("variance").NodeValue(n.graph)))
		shift := graph.Sub(beta, graph.Mul(running("mean").NodeValue(n.graph), scale))
		return graph.Add(graph.Mul(float32Of(x), perChannel(scale)), perChannel(shift))
	}
	if n.batches > 1 {
		each := graph.Reshape(x, n.batches, d[0]/n.batches, d[1], d[2], c)
		y, _, _ := standardize(each, 1, 2, 3)
		return graph.Add(graph.Mul(graph.Reshape(y, d...), perChannel(gamma)), perChannel(beta))
	}
	y, mean, variance := standardize(x, 0, 1, 2)
	if n.tape != nil {
		n.tape.statistics = append(n.tape.statistics,
			statistic{running("mean"), graph.Reshape(mean, c)},
			statistic{running("variance"), unbiased(graph.Reshape(variance, c), d[0]*d[1]*d[2])})
	}
	return graph.Add(graph.Mul(y, perChannel(gamma)), perChannel(beta))
}

// leakyReLU is x above 0 and 0.2 x below.
func leakyReLU(x *Node) *Node {
	zero := graph.ScalarZero(x.Graph(), x.DType())
	return graph.Where(graph.GreaterThan(x, zero), x, graph.MulScalar(x, 0.2))
}

// relu is x above 0 and 0 below.
func relu(x *Node) *Node {
	return graph.Where(graph.GreaterThan(x, graph.ScalarZero(x.Graph(), x.DType())), x, graph.ZerosLike(x))
}
