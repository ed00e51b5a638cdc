// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// winogradPoints returns the finite points of a kernel's side; infinity is one
// more. They were chosen for small errors: of 256 channels' sums in float32 the
// largest is 4e-6 of the largest value for a 2x2 kernel's and 7e-6 for a 4x4's,
// where direct sums have 5e-7.
func winogradPoints(kernel int) []float64 {
	if kernel == 4 {
		return []float64{0, 1, -1, 0.5, 2, -0.75}
	}
	return []float64{0, 1, -1, 2}
}

// winogradRows are the transformations of rows, a row for each point (Toom and
// Cook): a row of the kernel and one of the outputs' gradient are polynomials,
// evaluated at the points; the input's transformation is the transposed
// interpolation, whose denominators go to the kernel.
type winogradRows struct {
	input, kernel, output [][]float64
}

func newWinogradRows(points []float64, kernel, tile int) winogradRows {
	var r winogradRows
	whole := []float64{1} // the product of all x - point
	for i, at := range points {
		others, scale := []float64{1}, 1.0
		for j, other := range points {
			if j != i {
				others, scale = timesRoot(others, other), scale*(at-other)
			}
		}
		whole = timesRoot(whole, at)
		// A power of two moves from the one to the other, which costs no digit, so
		// that both are of a size.
		even := math.Exp2(math.Round(math.Log2(sumOf(others)*math.Abs(scale)/sumOf(powers(at, 1, kernel))) / 2))
		r.input = append(r.input, append(scaled(others, 1/even), 0))
		r.kernel = append(r.kernel, powers(at, even/scale, kernel))
		r.output = append(r.output, powers(at, 1, tile))
	}
	r.input = append(r.input, whole)
	r.kernel = append(r.kernel, leading(kernel))
	r.output = append(r.output, leading(tile))
	return r
}

// timesRoot multiplies a polynomial, lowest coefficient first, by x - root.
func timesRoot(p []float64, root float64) []float64 {
	q := make([]float64, len(p)+1)
	for i, c := range p {
		q[i] -= root * c
		q[i+1] += c
	}
	return q
}

// powers are factor times the first n powers of x.
func powers(x, factor float64, n int) []float64 {
	row := make([]float64, n)
	for i := range row {
		row[i] = factor
		factor *= x
	}
	return row
}

// leading picks the highest of n coefficients: a polynomial's value at infinity.
func leading(n int) []float64 {
	row := make([]float64, n)
	row[n-1] = 1
	return row
}

func scaled(row []float64, factor float64) []float64 {
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = v * factor
	}
	return out
}

// sumOf is the sum of magnitudes.
func sumOf(row []float64) (sum float64) {
	for _, v := range row {
		sum += math.Abs(v)
	}
	return sum
}

// winogradMatrix is the Kronecker square of a row transformation: that of a
// plane, [rows^2, columns^2].
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
// the input and the kernel are transformed, multiplied point by point, a matrix
// product over channels for each point of the plane, and transformed back. Of a
// 2x2 kernel tiles of 5x5 pixels give 4x4 outputs with 25 multiplications instead
// of 64, of a 4x4 kernel tiles of 7x7 pixels 4x4 outputs with 49 instead of 256.
// All transformations are matrix products too, since those are what XLA's CPU back
// end is fast at. The gradient by the input is a convolution by the reversed
// kernel, that by the kernel the transposed form. Kernels must be 2x2 or 4x4.
type winograd struct {
	kernel, tile  int // sides
	points        int // of a transformed row
	rows          winogradRows
	batch         int
	height, width int // of the outputs
	down, across  int // tiles
}

func newWinograd(kernel, batch, height, width int) winograd {
	points := winogradPoints(kernel)
	tile := len(points) + 2 - kernel
	return winograd{
		kernel: kernel, tile: tile, points: len(points) + 1, rows: newWinogradRows(points, kernel, tile),
		batch: batch, height: height, width: width,
		down: (height + tile - 1) / tile, across: (width + tile - 1) / tile,
	}
}

func (w winograd) tiles() int { return w.batch * w.down * w.across }

// inputs transforms the convolution's input: [points^2, tiles, c].
func (w winograd) inputs(x *Node, pad int) *Node {
	d := x.Shape().Dimensions
	c, n := d[3], w.tile
	// Tiles overlap: each is cut out of blocks of n x n pixels, its own and those
	// behind it.
	more := (w.points + n - 1) / n
	blocksH, blocksW := w.down+more-1, w.across+more-1
	x = fitSides(x, pad, n*blocksH, n*blocksW)
	x = graph.Reshape(x, d[0], blocksH, n, blocksW, n, c)
	list := make([]*Node, 0, w.points*w.points)
	for i := range w.points {
		for j := range w.points {
			part := graph.Slice(x, graph.AxisRange(),
				graph.AxisRange(i/n, i/n+w.down), graph.AxisElem(i%n),
				graph.AxisRange(j/n, j/n+w.across), graph.AxisElem(j%n))
			list = append(list, graph.Reshape(part, 1, w.tiles()*c))
		}
	}
	all := matMul(winogradMatrix(x.Graph(), w.rows.input), 1, graph.Concatenate(list, 0), 0)
	return graph.Reshape(all, w.points*w.points, w.tiles(), c)
}

// kernels transforms the kernel: [points^2, in, out].
func (w winograd) kernels(kernel *Node) *Node {
	k := kernel.Shape().Dimensions
	all := matMul(w.kernelMatrix(kernel.Graph()), 1, graph.Reshape(kernel, k[0]*k[1], k[2]*k[3]), 0)
	return graph.Reshape(all, w.points*w.points, k[2], k[3])
}

func (w winograd) kernelMatrix(g *graph.Graph) *Node {
	return winogradMatrix(g, w.rows.kernel)
}

func (w winograd) outputMatrix(g *graph.Graph) *Node {
	return winogradMatrix(g, w.rows.output)
}

// outputs transforms products, [points^2, tiles, c], back.
func (w winograd) outputs(products *Node) *Node {
	c, n := products.Shape().Dimensions[2], w.tile
	y := matMul(w.outputMatrix(products.Graph()), 0, graph.Reshape(products, w.points*w.points, w.tiles()*c), 0)
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
	return graph.Reshape(all, w.points*w.points, w.tiles(), c)
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
	all = graph.Reshape(all, w.points*w.points, k[2]*k[3])
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
