// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// product is a convolution of fixed sizes as what it is, a form in three
// tensors: sum over all taps of x * kernel * dy. With any two of them given,
// the gradient by the third is one of three operations (output, inputGrad,
// kernelGrad), and the gradient of each of these is made of the other two. So
// the three are closed under differentiation, to any order, and each is
// computed in its own best form: that is what automatic differentiation of a
// convolution cannot do, since its gradients take whatever form its forward
// pass had.
type product struct {
	// The values of the three operations, of which no gradient is asked.
	forward  func(x, kernel *Node) *Node
	byInput  func(dy, kernel *Node) *Node
	byKernel func(x, dy *Node) *Node
	// automatic tells that automatic differentiation of forward gives the same
	// forms.
	automatic bool
}

// newProduct returns the product of a unit convolution.
func newProduct(u unit, p plan) product {
	in, k, dtype := u.input.Shape().Dimensions, u.kernel.Shape().Dimensions, u.input.DType()
	return product{
		forward: func(x, kernel *Node) *Node {
			return graph.ConvertDType(unitConv(x, kernel, u.pad, p.forward), dtype)
		},
		byInput: func(dy, kernel *Node) *Node {
			return graph.ConvertDType(unitConvInputGrad(dy, kernel, in, u.pad, p.input), dtype)
		},
		byKernel: func(x, dy *Node) *Node {
			return graph.ConvertDType(unitConvKernelGrad(x, dy, k, u.pad, p.kernel), dtype)
		},
		// Automatic gradients of bfloat16 products would be products of float32.
		automatic: p.plain() && dtype == dtypes.Float32,
	}
}

// output is the convolution.
func (p product) output(x, kernel *Node) *Node {
	if p.automatic {
		return p.forward(x, kernel)
	}
	y := p.forward(graph.StopGradient(x), graph.StopGradient(kernel))
	return withGradient(y, x, kernel, func(dy *Node) (*Node, *Node) {
		return p.inputGrad(dy, kernel), p.kernelGrad(x, dy)
	})
}

// inputGrad is the gradient by x, linear in dy and the kernel.
func (p product) inputGrad(dy, kernel *Node) *Node {
	dx := p.byInput(graph.StopGradient(dy), graph.StopGradient(kernel))
	return withGradient(dx, dy, kernel, func(v *Node) (*Node, *Node) {
		return p.output(v, kernel), p.kernelGrad(v, dy)
	})
}

// kernelGrad is the gradient by the kernel, linear in x and dy.
func (p product) kernelGrad(x, dy *Node) *Node {
	dk := p.byKernel(graph.StopGradient(x), graph.StopGradient(dy))
	return withGradient(dk, x, dy, func(v *Node) (*Node, *Node) {
		return p.inputGrad(dy, v), p.output(x, v)
	})
}

// withGradient returns value as a function of a and b whose gradients by them,
// given that by the value, are what gradients returns. All are of one dtype.
//
// GoMLX lets a gradient be set for the identity only. So a, b and the value are
// laid end to end, the identity is taken of the whole, and the value is cut out
// again. XLA's simplifier removes all of that: a slice of a concatenation is
// one of its parts.
func withGradient(value, a, b *Node, gradients func(v *Node) (da, db *Node)) *Node {
	na, nb, n := a.Shape().Size(), b.Shape().Size(), value.Shape().Size()
	dims := value.Shape().Dimensions
	packed := graph.Concatenate([]*Node{graph.Reshape(a, na), graph.Reshape(b, nb), graph.Reshape(graph.StopGradient(value), n)}, 0)
	cut := func(all *Node) *Node {
		return graph.Reshape(graph.Slice(all, graph.AxisRange(na+nb, na+nb+n)), dims...)
	}
	return cut(graph.IdentityWithCustomGradient(packed, func(_, v *Node) *Node {
		da, db := gradients(cut(v))
		rest := graph.Zeros(v.Graph(), shapes.Make(v.DType(), n))
		return graph.Concatenate([]*Node{graph.Reshape(da, na), graph.Reshape(db, nb), rest}, 0)
	}))
}
