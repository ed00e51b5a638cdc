// SPDX-License-Identifier: Apache-2.0

package model

import "github.com/gomlx/gomlx/core/graph"

// The forms of LowerScatter: of a unit convolution whose pad is the kernel's side
// less 1, as a transposed convolution's is, each product of an input pixel with a
// tap of the kernel is computed once, in one batch of matrix products over the
// taps, and added where it belongs. The other forms see such an input inside a
// frame of zeros, (s+1)^2 positions for s^2 pixels, and multiply the frame as
// well: more than twice the work where s is 2.

// scatters tells whether LowerScatter fits.
func scatters(k []int, pad int) bool { return k[0] == pad+1 && k[1] == pad+1 }

// scatterConv adds up the products of all taps: [b, h+pad, w+pad, out].
func scatterConv(x, kernel *Node, pad int) *Node {
	d, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	taps := k[0] * k[1]
	products := pointwise(everyTap(x, taps), 2, graph.Reshape(kernel, taps, k[2], k[3]), 1)
	var y *Node
	for t := range taps {
		part := graph.Reshape(graph.Slice(products, graph.AxisElem(t)), d[0], d[1], d[2], k[3])
		top, left := pad-t/k[1], pad-t%k[1]
		y = addTo(y, padZeros(part, graph.PadAxis{},
			graph.PadAxis{Start: top, End: pad - top}, graph.PadAxis{Start: left, End: pad - left}, graph.PadAxis{}))
	}
	return y
}

// scatterInputGrad gathers what each input pixel was added to.
func scatterInputGrad(dy, kernel *Node, in []int, pad int) *Node {
	k := kernel.Shape().Dimensions
	taps := k[0] * k[1]
	products := pointwise(tapWindows(dy, k, in, pad), 2, graph.Reshape(kernel, taps, k[2], k[3]), 2)
	return graph.Reshape(graph.ReduceSum(products, 0), in...)
}

func scatterKernelGrad(x, dy *Node, k []int, pad int) *Node {
	d := x.Shape().Dimensions
	return graph.Reshape(pointwise(everyTap(x, k[0]*k[1]), 1, tapWindows(dy, k, d, pad), 1), k...)
}

// everyTap repeats a picture's pixels for each tap: [taps, b*h*w, c].
func everyTap(x *Node, taps int) *Node {
	d := x.Shape().Dimensions
	rows := graph.Reshape(x, 1, d[0]*d[1]*d[2], d[3])
	return graph.BroadcastToDims(rows, taps, d[0]*d[1]*d[2], d[3])
}

// tapWindows are the outputs that the input pixels reach through each tap:
// [taps, b*h*w, out].
func tapWindows(dy *Node, k, in []int, pad int) *Node {
	out := dy.Shape().Dimensions[3]
	list := make([]*Node, k[0]*k[1])
	for t := range list {
		list[t] = graph.Reshape(window(dy, pad-t/k[1], pad-t%k[1], in[1], in[2]), 1, in[0]*in[1]*in[2], out)
	}
	return graph.Concatenate(list, 0)
}
