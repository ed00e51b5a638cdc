// SPDX-License-Identifier: Apache-2.0

package model

import "github.com/gomlx/gomlx/core/graph"

// winogradPoints is the number of points of a transformed row.
const winogradPoints = 5

// The transformations of rows, for the points 0, 1, -1, 2 and infinity. See
// Toom-Cook: a row of the kernel and one of the outputs' gradient are
// polynomials, evaluated at the points; the input's transformation is the
// transposed interpolation, whose denominators are winogradScale.
var (
	winogradInput = [][]float64{
		{2, -1, -2, 1, 0},
		{0, -2, -1, 1, 0},
		{0, 2, -3, 1, 0},
		{0, -1, 0, 1, 0},
		{0, 2, -1, -2, 1},
	}
	winogradScale = []float64{1.0 / 2, -1.0 / 2, -1.0 / 6, 1.0 / 6, 1}
)

// winogradPowers evaluates a polynomial of n coefficients at the points.
func winogradPowers(n int, scale []float64) [][]float64 {
	rows := make([][]float64, winogradPoints)
	for i, at := range []float64{0, 1, -1, 2} {
		row, power := make([]float64, n), scale[i]
		for j := range row {
			row[j] = power
			power *= at
		}
		rows[i] = row
	}
	last := make([]float64, n)
	last[n-1] = scale[winogradPoints-1]
	rows[winogradPoints-1] = last
	return rows
}

// winogradMatrix is the Kronecker square of a row transformation: that of a
// plane, [25, columns^2].
func winogradMatrix(g *graph.Graph, m [][]float64) *Node {
	n := len(m[0])
	square := make([][]float32, len(m)*len(m))
	for i := range square {
		square[i] = make([]float32, n*n)
		for j := range square[i] {
			square[i][j] = float32(m[i/len(m)][j/n] * m[i%len(m)][j%n])
		}
	}
	return graph.Const(g, square)
}

// winograd is a unit convolution of fixed sizes in the form of LowerWinograd,
// Winograd's minimal filtering in two dimensions (Lavin and Gray 2016): tiles of
// 5x5 input pixels and the kernel are transformed, multiplied point by point, a
// matrix product over channels for each of the 25 points, and transformed back.
// A 4x4 kernel then gives 2x2 outputs and a 2x2 kernel 4x4 outputs with 25
// multiplications instead of 64. All transformations are matrix products too,
// since those are what XLA's CPU back end is fast at. The gradient by the input
// is a convolution by the reversed kernel, that by the kernel the transposed form.
// Kernels must be 2x2 or 4x4.
type winograd struct {
	kernel, tile  int // sides
	batch         int
	height, width int // of the outputs
	down, across  int // tiles
}

func newWinograd(kernel, batch, height, width int) winograd {
	tile := winogradPoints + 1 - kernel
	return winograd{
		kernel: kernel, tile: tile, batch: batch, height: height, width: width,
		down: (height + tile - 1) / tile, across: (width + tile - 1) / tile,
	}
}

func (w winograd) tiles() int { return w.batch * w.down * w.across }

// inputs transforms the convolution's input: [25, tiles, c].
func (w winograd) inputs(x *Node, pad int) *Node {
	d := x.Shape().Dimensions
	c, n := d[3], w.tile
	// Tiles overlap: each is cut out of blocks of n x n pixels, its own and those
	// behind it.
	more := (winogradPoints + n - 1) / n
	blocksH, blocksW := w.down+more-1, w.across+more-1
	x = fitSides(x, pad, n*blocksH, n*blocksW)
	x = graph.Reshape(x, d[0], blocksH, n, blocksW, n, c)
	list := make([]*Node, 0, winogradPoints*winogradPoints)
	for i := range winogradPoints {
		for j := range winogradPoints {
			part := graph.Slice(x, graph.AxisRange(),
				graph.AxisRange(i/n, i/n+w.down), graph.AxisElem(i%n),
				graph.AxisRange(j/n, j/n+w.across), graph.AxisElem(j%n))
			list = append(list, graph.Reshape(part, 1, w.tiles()*c))
		}
	}
	all := matMul(winogradMatrix(x.Graph(), winogradInput), 1, graph.Concatenate(list, 0), 0)
	return graph.Reshape(all, winogradPoints*winogradPoints, w.tiles(), c)
}

// kernels transforms the kernel: [25, in, out].
func (w winograd) kernels(kernel *Node) *Node {
	k := kernel.Shape().Dimensions
	all := matMul(w.kernelMatrix(kernel.Graph()), 1, graph.Reshape(kernel, k[0]*k[1], k[2]*k[3]), 0)
	return graph.Reshape(all, winogradPoints*winogradPoints, k[2], k[3])
}

func (w winograd) kernelMatrix(g *graph.Graph) *Node {
	return winogradMatrix(g, winogradPowers(w.kernel, winogradScale))
}

func (w winograd) outputMatrix(g *graph.Graph) *Node {
	return winogradMatrix(g, winogradPowers(w.tile, []float64{1, 1, 1, 1, 1}))
}

// outputs transforms products, [25, tiles, c], back.
func (w winograd) outputs(products *Node) *Node {
	c, n := products.Shape().Dimensions[2], w.tile
	y := matMul(w.outputMatrix(products.Graph()), 0, graph.Reshape(products, winogradPoints*winogradPoints, w.tiles()*c), 0)
	y = graph.Reshape(y, n, n, w.batch, w.down, w.across, c)
	y = graph.Reshape(graph.TransposeAllAxes(y, 2, 3, 0, 4, 1, 5), w.batch, n*w.down, n*w.across, c)
	return graph.Slice(y, graph.AxisRange(), graph.AxisRange(0, w.height), graph.AxisRange(0, w.width))
}

// gradients is the transposed form of outputs.
func (w winograd) gradients(dy *Node) *Node {
	c, n := dy.Shape().Dimensions[3], w.tile
	dy = fitSides(dy, 0, n*w.down, n*w.across)
	dy = graph.Reshape(dy, w.batch, w.down, n, w.across, n, c)
	dy = graph.Reshape(graph.TransposeAllAxes(dy, 2, 4, 0, 1, 3, 5), n*n, w.tiles()*c)
	all := matMul(w.outputMatrix(dy.Graph()), 1, dy, 0)
	return graph.Reshape(all, winogradPoints*winogradPoints, w.tiles(), c)
}

// pointwise is a matrix product for each point, over the given axis of each.
func pointwise(a *Node, axisA int, b *Node, axisB int) *Node {
	return graph.DotGeneral(a, []int{axisA}, []int{0}, b, []int{axisB}, []int{0})
}

func winogradConv(x, kernel *Node, pad int) *Node {
	d, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	w := newWinograd(k[0], d[0], d[1]+2*pad-k[0]+1, d[2]+2*pad-k[1]+1)
	return w.outputs(pointwise(w.inputs(x, pad), 2, w.kernels(kernel), 1))
}

func winogradInputGrad(dy, kernel *Node, in []int, pad int) *Node {
	d, k := dy.Shape().Dimensions, kernel.Shape().Dimensions
	w := newWinograd(k[0], d[0], in[1], in[2])
	return w.outputs(pointwise(w.inputs(dy, k[0]-1-pad), 2, w.kernels(graph.Reverse(kernel, 0, 1)), 2))
}

func winogradKernelGrad(x, dy *Node, k []int, pad int) *Node {
	d := dy.Shape().Dimensions
	w := newWinograd(k[0], d[0], d[1], d[2])
	all := pointwise(w.inputs(x, pad), 1, w.gradients(dy), 1)
	all = graph.Reshape(all, winogradPoints*winogradPoints, k[2]*k[3])
	return graph.Reshape(matMul(w.kernelMatrix(x.Graph()), 0, all, 0), k...)
}

// fitSides pads x by pad at the start, and pads or cuts it at the end to the
// given height and width.
func fitSides(x *Node, pad, height, width int) *Node {
	d := x.Shape().Dimensions
	endH, endW := height-pad-d[1], width-pad-d[2]
	x = padZeros(x, graph.PadAxis{},
		graph.PadAxis{Start: pad, End: max(endH, 0)}, graph.PadAxis{Start: pad, End: max(endW, 0)}, graph.PadAxis{})
	if endH < 0 || endW < 0 {
		x = graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, height), graph.AxisRange(0, width))
	}
	return x
}
