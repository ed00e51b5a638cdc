// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// direct is a convolution written out: it calls f once for each product of an
// input and a kernel value that goes into an output, with the flat indices of
// the three. The kernel has k x k taps; kernelIndex tells where its value lies.
type direct struct {
	batch, side, in, out  int
	k, stride, pad, outIs int
	transposed            bool
	kernelIndex           func(ky, kx, ci, co int) int
}

func (d direct) each(f func(x, k, y int)) {
	for b := range d.batch {
		for row := range d.side {
			for col := range d.side {
				d.pixel(b, row, col, f)
			}
		}
	}
}

// pixel visits the products that input pixel (row, col) takes part in.
func (d direct) pixel(b, row, col int, f func(x, k, y int)) {
	for ky := range d.k {
		for kx := range d.k {
			oy, okY := d.output(row, ky)
			ox, okX := d.output(col, kx)
			if !okY || !okX {
				continue
			}
			for ci := range d.in {
				for co := range d.out {
					f(((b*d.side+row)*d.side+col)*d.in+ci, d.kernelIndex(ky, kx, ci, co), ((b*d.outIs+oy)*d.outIs+ox)*d.out+co)
				}
			}
		}
	}
}

// output returns the output position that input position i reaches by tap k.
func (d direct) output(i, k int) (int, bool) {
	o := i*d.stride + k - d.pad
	if !d.transposed {
		o = i + d.pad - k
		if o%d.stride != 0 {
			return 0, false
		}
		o /= d.stride
	}
	return o, o >= 0 && o < d.outIs
}

// directFor writes out one of the networks' convolutions, its kernel in the
// stored form.
func directFor(c convShape, batch, side, in, out int) direct {
	d := direct{batch: batch, side: side, in: in, out: out, k: 4, stride: c.stride, pad: c.pad, transposed: c.transposed}
	if c.transposed {
		d.outIs = 2 * side
	} else {
		d.outIs = (side+2*c.pad-4)/c.stride + 1
	}
	d.kernelIndex = func(ky, kx, ci, co int) int {
		switch {
		case c.transposed:
			return ((((1-ky/2)*2+1-kx/2)*in+ci)*4+ky%2*2+kx%2)*out + co
		case c.stride == 2:
			return (((ky/2*2+kx/2)*4+ky%2*2+kx%2)*in+ci)*out + co
		}
		return ((ky*4+kx)*in+ci)*out + co
	}
	return d
}

func (d direct) sizes() (x, y []int) {
	return []int{d.batch, d.side, d.side, d.in}, []int{d.batch, d.outIs, d.outIs, d.out}
}

// forward, inputGrad and kernelGrad are the three sums.
func (d direct) forward(x, k []float32) []float32 {
	y := make([]float32, d.batch*d.outIs*d.outIs*d.out)
	d.each(func(xi, ki, yi int) { y[yi] += x[xi] * k[ki] })
	return y
}

func (d direct) inputGrad(dy, k []float32) []float32 {
	dx := make([]float32, d.batch*d.side*d.side*d.in)
	d.each(func(xi, ki, yi int) { dx[xi] += dy[yi] * k[ki] })
	return dx
}

func (d direct) kernelGrad(x, dy []float32, size int) []float32 {
	dk := make([]float32, size)
	d.each(func(xi, ki, yi int) { dk[ki] += dy[yi] * x[xi] })
	return dk
}

func convCases() map[string]struct {
	shape convShape
	sides []int
} {
	return map[string]struct {
		shape convShape
		sides []int
	}{
		"stride 2 pad 1": {convShape{stride: 2, pad: 1}, []int{8, 7, 2}},
		"stride 2 pad 0": {convShape{stride: 2}, []int{9, 6}},
		"stride 3 pad 0": {convShape{stride: 3}, []int{8, 7, 9}},
		"stride 1 pad 1": {convShape{stride: 1, pad: 1}, []int{8, 3}}, // 8 to 7 is PatchGAN's
		"transposed":     {upConv(), []int{4, 1}},
	}
}

func lowerings(b *Backend) []Lowering {
	if b.Name == BackendGo {
		return []Lowering{LowerMatMul, LowerTaps, LowerRows, LowerWinograd} // its convolution is not used
	}
	return []Lowering{LowerConvolve, LowerMatMul, LowerTaps, LowerRows, LowerWinograd}
}

// plans returns mixtures of the forms.
func plans(b *Backend) []plan {
	if b.Name == BackendGo {
		return []plan{{LowerMatMul, LowerMatMul, LowerMatMul}, {LowerTaps, LowerTaps, LowerTaps}, {LowerTaps, LowerMatMul, LowerRows}, {LowerWinograd, LowerWinograd, LowerWinograd}}
	}
	return []plan{{LowerConvolve, LowerConvolve, LowerConvolve}, {LowerMatMul, LowerMatMul, LowerRows}, {LowerConvolve, LowerTaps, LowerTaps}, {LowerWinograd, LowerWinograd, LowerWinograd}, whole(LowerNative)}
}

// plansFor adds LowerScatter where it fits.
func plansFor(b *Backend, c convShape) []plan {
	list := plans(b)
	if c.transposed {
		list = append(list, whole(LowerScatter))
	}
	return list
}

// TestConvolutions compares each form's output, gradients and second
// derivative with the sums written out.
func TestConvolutions(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b *Backend) {
		for name, tt := range convCases() {
			sides := tt.sides
			if b.Name != BackendGo {
				sides = sides[:1] // compiling takes a second each
			}
			for _, side := range sides {
				t.Run(fmt.Sprintf("%s/%d", name, side), func(t *testing.T) {
					testConvolution(t, b, tt.shape, side, plansFor(b, tt.shape))
				})
			}
		}
	})
}

// TestNativeConvolutions does the same for the backend's own strided form at all
// sides, among them those at which no tap reaches the last row, or more than one
// of the padding's.
func TestNativeConvolutions(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	for name, tt := range convCases() {
		for _, side := range tt.sides[1:] {
			t.Run(fmt.Sprintf("%s/%d", name, side), func(t *testing.T) {
				testConvolution(t, b, tt.shape, side, []plan{whole(LowerNative)})
			})
		}
	}
}

func testConvolution(t *testing.T, b *Backend, shape convShape, side int, plans []plan) {
	d := directFor(shape, 2, side, 3, 5)
	xDims, yDims := d.sizes()
	x, k, dy := random(1, xDims...), random(2, shape.kernelShape(3, 5)...), random(3, yDims...)
	// One graph for all forms: compiling takes longer than running.
	got := eval(t, b, func(in []*Node) (out []*Node) {
		for _, p := range plans {
			y := shape.apply(in[0], in[1], func(unit) plan { return p })
			grads := graph.Gradient(graph.ReduceAllSum(graph.Mul(y, in[2])), in[0], in[1])
			half := graph.MulScalar(graph.ReduceAllSum(graph.Square(grads[0])), 0.5)
			out = append(out, y, grads[0], grads[1], graph.Gradient(half, in[1])[0])
		}
		return out
	}, x, k, dy)
	xs, ks, dys := tensors.MustCopyFlatData[float32](x), tensors.MustCopyFlatData[float32](k), tensors.MustCopyFlatData[float32](dy)
	dx := d.inputGrad(dys, ks)
	want := [][]float32{
		d.forward(xs, ks), dx, d.kernelGrad(xs, dys, len(ks)),
		// The gradient by the input is linear in the kernel, so that of half
		// its square is the kernel's gradient with it in the input's place.
		d.kernelGrad(dx, dys, len(ks)),
	}
	for i, p := range plans {
		for j, what := range []string{"output", "gradient by input", "gradient by kernel", "second derivative"} {
			if diff := worst(t, got[4*i+j], want[j]); diff > 1e-5 {
				t.Errorf("%v: %s differs by %g", p, what, diff)
			}
		}
	}
}

// TestUnitGradients compares the gradients that the tape builds itself.
func TestUnitGradients(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, tt := range []struct{ k, pad, side int }{{2, 0, 5}, {2, 1, 3}, {2, 1, 1}, {4, 1, 4}} {
			d := direct{batch: 2, side: tt.side, in: 3, out: 4, k: tt.k, stride: 1, pad: tt.pad, outIs: tt.side + 2*tt.pad - tt.k + 1}
			d.kernelIndex = func(ky, kx, ci, co int) int { return ((ky*d.k+kx)*d.in+ci)*d.out + co }
			xDims, yDims := d.sizes()
			kDims := []int{tt.k, tt.k, 3, 4}
			x, k, dy := random(1, xDims...), random(2, kDims...), random(3, yDims...)
			xs, ks, dys := tensors.MustCopyFlatData[float32](x), tensors.MustCopyFlatData[float32](k), tensors.MustCopyFlatData[float32](dy)
			for _, l := range lowerings(b) {
				got := eval(t, b, func(in []*Node) []*Node {
					return []*Node{unitConvInputGrad(in[2], in[1], xDims, tt.pad, l), unitConvKernelGrad(in[0], in[2], kDims, tt.pad, l)}
				}, x, k, dy)
				if diff := worst(t, got[0], d.inputGrad(dys, ks)); diff > 1e-5 {
					t.Errorf("%+v, %s: gradient by input differs by %g", tt, l, diff)
				}
				if diff := worst(t, got[1], d.kernelGrad(xs, dys, len(ks))); diff > 1e-5 {
					t.Errorf("%+v, %s: gradient by kernel differs by %g", tt, l, diff)
				}
			}
		}
	})
}
