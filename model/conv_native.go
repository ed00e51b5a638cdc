// SPDX-License-Identifier: Apache-2.0

package model

import "github.com/gomlx/gomlx/core/graph"

// native is a convolution of fixed sizes as the backend has it: strided, with a
// kernel of 4x4. It is a form in three tensors, a large map [b, h, w, in], a
// kernel [4, 4, in, out] and a small map [b, h', w', out], of which each tap
// reaches pixel stride*i+tap-pad of the large map from pixel i of the small one.
// A convolution goes from the large map to the small one, a transposed one the
// other way. GoMLX's own gradient is never taken of these operations, see
// product.
type native struct {
	stride, pad int
	large       []int // dimensions of the large map
	small       []int // and of the small one
}

// newNative returns the convolution of x as a product on the kernel that
// fullKernel makes of the stored one.
func (c convShape) newNative(x *Node, out int) product {
	from := x.Shape().Dimensions
	to := []int{from[0], c.outputSide(from[1]), c.outputSide(from[2]), out}
	if c.transposed {
		n := native{stride: c.stride, pad: c.pad, large: to, small: from}
		return product{
			forward:  n.toLarge,
			byInput:  n.toSmall,
			byKernel: func(x, dy *Node) *Node { return n.toKernel(dy, x) },
		}
	}
	n := native{stride: c.stride, pad: c.pad, large: from, small: to}
	return product{forward: n.toSmall, byInput: n.toLarge, byKernel: n.toKernel}
}

// fullKernel brings a stored kernel, see kernelShape, to [4, 4, in, out], and
// that of a transposed convolution to [4, 4, out, in].
func (c convShape) fullKernel(k *Node) *Node {
	d := k.Shape().Dimensions
	switch {
	case c.transposed:
		k = graph.Reshape(graph.Reverse(k, 0, 1), 2, 2, d[2], 2, 2, d[3]/4)
		return graph.Reshape(graph.TransposeAllAxes(k, 0, 3, 1, 4, 5, 2), 4, 4, d[3]/4, d[2])
	case c.stride == 2:
		k = graph.Reshape(k, 2, 2, 2, 2, d[2]/4, d[3])
		return graph.Reshape(graph.TransposeAllAxes(k, 0, 2, 1, 3, 4, 5), 4, 4, d[2]/4, d[3])
	}
	return k
}

// toSmall is the strided convolution of a large map.
func (n native) toSmall(large, kernel *Node) *Node {
	return graph.Convolve(large, kernel).Strides(n.stride).
		PaddingPerDim([][2]int{{n.pad, n.pad}, {n.pad, n.pad}}).Done()
}

// toLarge is the transposed convolution of a small map: the sum of what each of
// its pixels gives to the large one. The reversal stands right before the
// convolution, as XLA looks for it when it takes cuDNN's backward form.
func (n native) toLarge(small, kernel *Node) *Node {
	axes := graph.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
		KernelInputChannels: 3, KernelOutputChannels: 2, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
	}
	start := 3 - n.pad
	return graph.Convolve(small, graph.Reverse(kernel, 0, 1)).AxesConfig(axes).
		InputDilationPerAxis(n.stride, n.stride).
		PaddingPerDim([][2]int{{start, n.end(1) + 3}, {start, n.end(2) + 3}}).Done()
}

// toKernel sums over all pixels of both maps what each tap has joined.
func (n native) toKernel(large, small *Node) *Node {
	axes := graph.ConvolveAxesConfig{
		InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
		KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
		OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1},
	}
	endH, endW := n.end(1), n.end(2)
	if endH > 0 || endW > 0 { // rows or columns that no tap reaches
		large = graph.Slice(large, graph.AxisRange(),
			graph.AxisRange(0, n.large[1]-max(endH, 0)), graph.AxisRange(0, n.large[2]-max(endW, 0)))
	}
	return graph.Convolve(large, small).AxesConfig(axes).DilationPerAxis(n.stride, n.stride).
		PaddingPerDim([][2]int{{n.pad, max(-endH, 0)}, {n.pad, max(-endW, 0)}}).Done()
}

// end is the number of the large map's pixels beyond the last tap of the last
// pixel of the small one, negative where that tap lies in the padding.
func (n native) end(axis int) int {
	return n.large[axis] - (n.stride*(n.small[axis]-1) + 4 - n.pad)
}
