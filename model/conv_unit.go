// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Lowering is a form in which a unit convolution, or one of its gradients, is
// computed. All forms give the same numbers but for rounding.
type Lowering int

const (
	// LowerConvolve is the backend's own convolution, strides never set.
	LowerConvolve Lowering = iota + 1
	// LowerMatMul is one matrix product over all taps of the kernel, with the
	// shifted pictures side by side (im2col).
	LowerMatMul
	// LowerTaps is one matrix product for each tap of the kernel, added up.
	LowerTaps
	// LowerRows is LowerMatMul, but for a kernel gradient: there it transposes
	// the picture first, so that the product reads both factors along rows.
	LowerRows
	// LowerWinograd is Winograd's minimal filtering, see winograd. It computes in
	// float32, whatever its operands are: bfloat16 is too coarse for its
	// transformations.
	LowerWinograd
	// LowerNative is no form of a unit convolution: the whole convolution and its
	// gradients are the backend's own, with strides and dilations, see native.
	LowerNative
	// LowerScatter multiplies the input's pixels alone where the others multiply a
	// frame of zeros around them as well, see scatterConv.
	LowerScatter
)

// String returns the form's name.
func (l Lowering) String() string {
	switch l {
	case LowerConvolve:
		return "convolve"
	case LowerMatMul:
		return "matmul"
	case LowerTaps:
		return "taps"
	case LowerRows:
		return "rows"
	case LowerWinograd:
		return "winograd"
	case LowerNative:
		return "native"
	case LowerScatter:
		return "scatter"
	}
	return fmt.Sprintf("Lowering(%d)", int(l))
}

// unitConv is the primitive: a convolution (correlation) of x, [b, h, w, in],
// zero-padded by pad on each side, with kernel, [kh, kw, in, out]. Only its
// LowerMatMul and LowerTaps forms may be differentiated by [graph.Gradient]:
// GoMLX's gradient of Convolve is shifted by a pixel where the kernel has an
// even number of rows or columns. See product. Of operands in bfloat16 its
// result, and those of the gradients, are float32, but for LowerConvolve's.
func unitConv(x, kernel *Node, pad int, l Lowering) *Node {
	k := kernel.Shape().Dimensions
	if l == LowerWinograd {
		return winogradConv(float32Of(x), float32Of(kernel), pad)
	}
	if l == LowerScatter {
		return scatterConv(x, kernel, pad)
	}
	if l == LowerConvolve {
		return graph.Convolve(x, kernel).PaddingPerDim([][2]int{{pad, pad}, {pad, pad}}).Done()
	}
	x = padSides(x, pad)
	d := x.Shape().Dimensions
	b, oh, ow := d[0], d[1]-k[0]+1, d[2]-k[1]+1
	var y *Node
	if l != LowerTaps {
		y = matMul(flatten(columns(x, k[0], k[1])), 1, graph.Reshape(kernel, k[0]*k[1]*k[2], k[3]), 0)
	} else {
		for t := range k[0] * k[1] {
			tap := matMul(flatten(window(x, t/k[1], t%k[1], oh, ow)), 1, kernelTap(kernel, t), 0)
			y = addTo(y, tap)
		}
	}
	return graph.Reshape(y, b, oh, ow, k[3])
}

// unitConvInputGrad returns the gradient by unitConv's input, of shape in,
// where dy is that by its output.
func unitConvInputGrad(dy, kernel *Node, in []int, pad int, l Lowering) *Node {
	k := kernel.Shape().Dimensions
	if l == LowerWinograd {
		return winogradInputGrad(float32Of(dy), float32Of(kernel), in, pad)
	}
	if l == LowerScatter {
		return scatterInputGrad(dy, kernel, in, pad)
	}
	if l == LowerConvolve {
		axes := graph.ConvolveAxesConfig{
			InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
			KernelInputChannels: 3, KernelOutputChannels: 2, KernelSpatial: []int{0, 1},
			OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
		}
		ph, pw := k[0]-1-pad, k[1]-1-pad
		return graph.Convolve(dy, graph.Reverse(kernel, 0, 1)).AxesConfig(axes).
			PaddingPerDim([][2]int{{ph, ph}, {pw, pw}}).Done()
	}
	d := dy.Shape().Dimensions
	rows := flatten(dy)
	var all *Node
	if l != LowerTaps {
		all = matMul(rows, 1, graph.Reshape(kernel, k[0]*k[1]*k[2], k[3]), 1)
	}
	var dx *Node
	for t := range k[0] * k[1] {
		var tap *Node
		if l != LowerTaps {
			tap = graph.Slice(all, graph.AxisRange(), graph.AxisRange(t*k[2], (t+1)*k[2]))
		} else {
			tap = matMul(rows, 1, kernelTap(kernel, t), 1)
		}
		y, x := t/k[1], t%k[1]
		tap = padZeros(graph.Reshape(tap, d[0], d[1], d[2], k[2]), graph.PadAxis{},
			graph.PadAxis{Start: y, End: k[0] - 1 - y}, graph.PadAxis{Start: x, End: k[1] - 1 - x}, graph.PadAxis{})
		dx = addTo(dx, tap)
	}
	if pad > 0 {
		dx = graph.Slice(dx, graph.AxisRange(), graph.AxisRange(pad, pad+in[1]), graph.AxisRange(pad, pad+in[2]))
	}
	return dx
}

// unitConvKernelGrad returns the gradient by unitConv's kernel, of shape k,
// where dy is that by its output.
func unitConvKernelGrad(x, dy *Node, k []int, pad int, l Lowering) *Node {
	if l == LowerWinograd {
		return winogradKernelGrad(float32Of(x), float32Of(dy), k, pad)
	}
	if l == LowerScatter {
		return scatterKernelGrad(x, dy, k, pad)
	}
	if l == LowerConvolve {
		axes := graph.ConvolveAxesConfig{
			InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
			KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
			OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1},
		}
		return graph.Convolve(x, dy).AxesConfig(axes).PaddingPerDim([][2]int{{pad, pad}, {pad, pad}}).Done()
	}
	x = padSides(x, pad)
	rows := flatten(dy)
	if l == LowerMatMul {
		return graph.Reshape(matMul(flatten(columns(x, k[0], k[1])), 0, rows, 0), k...)
	}
	d := dy.Shape().Dimensions
	if l == LowerRows {
		return graph.Reshape(matMul(columnRows(x, k[0], k[1]), 1, rows, 0), k...)
	}
	taps := make([]*Node, k[0]*k[1])
	for t := range taps {
		taps[t] = matMul(flatten(window(x, t/k[1], t%k[1], d[1], d[2])), 0, rows, 0)
	}
	return graph.Reshape(graph.Concatenate(taps, 0), k...)
}

func padSides(x *Node, pad int) *Node {
	return padZeros(x, graph.PadAxis{}, graph.PadAxis{Start: pad, End: pad}, graph.PadAxis{Start: pad, End: pad}, graph.PadAxis{})
}

// window is the part of x that one tap of a kernel sees.
func window(x *Node, top, left, height, width int) *Node {
	return graph.Slice(x, graph.AxisRange(), graph.AxisRange(top, top+height), graph.AxisRange(left, left+width))
}

// columns puts the windows of all taps side by side: [b, oh, ow, kh*kw*c].
func columns(x *Node, kh, kw int) *Node {
	d := x.Shape().Dimensions
	list := make([]*Node, 0, kh*kw)
	for t := range kh * kw {
		list = append(list, window(x, t/kw, t%kw, d[1]-kh+1, d[2]-kw+1))
	}
	if len(list) == 1 {
		return list[0]
	}
	return graph.Concatenate(list, 3)
}

// columnRows is columns, flattened and transposed: [kh*kw*c, b*oh*ow]. The
// barrier keeps XLA from taking the transposition back.
func columnRows(x *Node, kh, kw int) *Node {
	d := x.Shape().Dimensions
	b, oh, ow, c := d[0], d[1]-kh+1, d[2]-kw+1, d[3]
	x = graph.OptimizationBarrier(graph.TransposeAllAxes(x, 3, 0, 1, 2))
	list := make([]*Node, 0, kh*kw)
	for t := range kh * kw {
		y, x0 := t/kw, t%kw
		w := graph.Slice(x, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(y, y+oh), graph.AxisRange(x0, x0+ow))
		list = append(list, graph.Reshape(w, c, b*oh*ow))
	}
	return graph.Concatenate(list, 0)
}

// kernelTap is the [in, out] matrix of a kernel's tap t, counted row by row.
func kernelTap(kernel *Node, t int) *Node {
	k := kernel.Shape().Dimensions
	rows := graph.Reshape(kernel, k[0]*k[1]*k[2], k[3])
	return graph.Slice(rows, graph.AxisRange(t*k[2], (t+1)*k[2]))
}

// flatten makes a matrix of all but the last axis.
func flatten(x *Node) *Node {
	d := x.Shape().Dimensions
	return graph.Reshape(x, d[0]*d[1]*d[2], d[3])
}

// matMul is the product of two matrices over the given axis of each, summed up
// and returned in float32.
func matMul(a *Node, axisA int, b *Node, axisB int) *Node {
	return dot(a, b).General([]int{axisA}, nil, []int{axisB}, nil)
}

// pointwise is a product of matrices for each element of the first axis, over the
// given axis of each, likewise.
func pointwise(a *Node, axisA int, b *Node, axisB int) *Node {
	return dot(a, b).General([]int{axisA}, []int{0}, []int{axisB}, []int{0})
}

func dot(a, b *Node) *graph.DotBuilder {
	product := graph.Dot(a, b)
	if a.DType().IsHalfPrecision() {
		product = product.WithOutputDType(dtypes.Float32)
	}
	return product
}

func addTo(sum, x *Node) *Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}
