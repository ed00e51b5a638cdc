// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// The networks' convolutions. A gradient penalty differentiates them twice,
// which GoMLX cannot do where strides are set, so their gradients are our own (see
// product). A convolution is computed as the backend has it (LowerNative, see
// native), or brought to one primitive, the unit convolution (stride 1, see
// unitConv), of which there are several forms:
//
//   - Stride s: the padded picture is cut into s x s blocks, whose pixels
//     become channels (space to depth); a 4x4 kernel, padded to a multiple of
//     s, becomes a 2x2 kernel over blocks.
//   - Transposed, 4x4, stride 2, padding 1: a 2x2 kernel, padding 1, gives the
//     2x2 block of output pixels as channels (depth to space), of which the
//     outermost ring is cropped. This is the four parity convolutions in one.
//
// The kernels of stride 2 and of transposed convolutions are kept in the block
// form, so that no step moves these, the largest of all tensors, around, but those
// that compute natively: they bring them to the form of the backend's kernels.

// convShape describes one convolution: a kernel of 4x4, and how it is applied.
type convShape struct {
	stride     int
	pad        int
	transposed bool // stride 2, padding 1
}

// kernelShape returns the shape in which a convolution keeps its kernel:
//
//	stride 2    [ty, tx, (py, px, in), out], where row 2*ty+py and column
//	            2*tx+px of the 4x4 kernel is at block (ty, tx), pixel (py, px)
//	transposed  [1-ty, 1-tx, in, (py, px, out)], likewise
//	stride 1, 3 [row, column, in, out]
func (c convShape) kernelShape(in, out int) []int {
	switch {
	case c.transposed:
		return []int{2, 2, in, 4 * out}
	case c.stride == 2:
		return []int{2, 2, 4 * in, out}
	}
	return []int{4, 4, in, out}
}

// unit is a convolution brought to the primitive: what comes before it (input,
// kernel, pad) and what after (finish).
type unit struct {
	input, kernel *Node
	pad           int
	finish        func(y *Node) *Node
}

// lower brings a convolution of x to a unit convolution.
func (c convShape) lower(x, kernel *Node) unit {
	keep := func(y *Node) *Node { return y }
	switch {
	case c.transposed:
		return unit{x, kernel, 1, func(y *Node) *Node { return cropRing(depthToSpace(y)) }}
	case c.stride == 1:
		return unit{x, kernel, c.pad, keep}
	case c.stride == 2:
		return unit{spaceToDepth(fitBlocks(x, 2, c.pad), 2), kernel, 0, keep}
	case c.stride == 3:
		return unit{spaceToDepth(fitBlocks(x, 3, c.pad), 3), blockKernel3(kernel), 0, keep}
	}
	panic(fmt.Errorf("building a convolution: no form for stride %d", c.stride))
}

// outputSide returns the side of the map that the convolution makes of one of
// the given side.
func (c convShape) outputSide(side int) int {
	if c.transposed {
		return 2 * side
	}
	return (side+2*c.pad-4)/c.stride + 1
}

// outputs returns the number of channels that a stored kernel gives.
func (c convShape) outputs(kernel *Node) int {
	out := kernel.Shape().Dimensions[3]
	if c.transposed {
		return out / 4
	}
	return out
}

// apply builds the convolution so that it can be differentiated any number of
// times.
func (c convShape) apply(x, kernel *Node, choose chooser) *Node {
	u := c.lower(x, kernel)
	p := choose(u)
	if p.native() { // nothing is computed of u, which no result depends on
		full := c.fullKernel(kernel)
		return c.newNative(x, c.outputs(kernel)).output(x, full)
	}
	return u.finish(newProduct(u, p).output(u.input, u.kernel))
}

// fitBlocks pads x by pad at the start and so much at the end that it is made
// of whole blocks, one more than there are outputs. A last row or column that
// no output reaches is dropped.
func fitBlocks(x *Node, stride, pad int) *Node {
	cfg := make([]graph.PadAxis, 4)
	spec := make([]graph.SliceAxisSpec, 4)
	cut := false
	for axis := range 4 {
		spec[axis] = graph.AxisRange()
		if axis == 0 || axis == 3 {
			continue
		}
		side := x.Shape().Dimensions[axis]
		want := stride * (convShape{stride: stride, pad: pad}.outputSide(side) + 1)
		end := want - pad - side
		if end < 0 {
			spec[axis], cut, end = graph.AxisRange(0, side+end), true, 0
		}
		cfg[axis] = graph.PadAxis{Start: pad, End: end}
	}
	if cut {
		x = graph.Slice(x, spec...)
	}
	return padZeros(x, cfg...)
}

func padZeros(x *Node, cfg ...graph.PadAxis) *Node {
	none := true
	for _, c := range cfg {
		none = none && c == graph.PadAxis{}
	}
	if none {
		return x
	}
	return graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), cfg...)
}

// spaceToDepth turns blocks of n x n pixels into channels: [b, h, w, c] to
// [b, h/n, w/n, n*n*c].
func spaceToDepth(x *Node, n int) *Node {
	d := x.Shape().Dimensions
	x = graph.Reshape(x, d[0], d[1]/n, n, d[2]/n, n, d[3])
	x = graph.TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	return graph.Reshape(x, d[0], d[1]/n, d[2]/n, n*n*d[3])
}

// depthToSpace turns channels into blocks of 2x2 pixels: [b, h, w, 4*c] to
// [b, 2*h, 2*w, c].
func depthToSpace(x *Node) *Node {
	d := x.Shape().Dimensions
	x = graph.Reshape(x, d[0], d[1], d[2], 2, 2, d[3]/4)
	x = graph.TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	return graph.Reshape(x, d[0], 2*d[1], 2*d[2], d[3]/4)
}

// cropRing drops the outermost ring of pixels.
func cropRing(x *Node) *Node {
	d := x.Shape().Dimensions
	return graph.Slice(x, graph.AxisRange(), graph.AxisRange(1, d[1]-1), graph.AxisRange(1, d[2]-1))
}

// blockKernel3 pads a 4x4 kernel to 6x6 and turns its 3x3 blocks into
// channels: [4, 4, in, out] to [2, 2, 9*in, out].
func blockKernel3(k *Node) *Node {
	d := k.Shape().Dimensions
	k = padZeros(k, graph.PadAxis{End: 2}, graph.PadAxis{End: 2}, graph.PadAxis{}, graph.PadAxis{})
	k = graph.Reshape(k, 2, 3, 2, 3, d[2], d[3])
	k = graph.TransposeAllAxes(k, 0, 2, 1, 3, 4, 5)
	return graph.Reshape(k, 2, 2, 9*d[2], d[3])
}
