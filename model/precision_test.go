// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestResolvePrecision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		backend, override string
		asked, want       Precision
		problem           string
	}{
		{BackendGo, "", "", PrecisionFloat32, ""},
		{BackendGo, "", PrecisionAuto, PrecisionFloat32, ""},
		{BackendGo, "", PrecisionFloat32, PrecisionFloat32, ""},
		{BackendGo, "", PrecisionTF32, "", "it has no tf32"},
		{BackendGo, "", PrecisionBFloat16, "", "it has no bfloat16"},
		{BackendCPU, "", PrecisionAuto, PrecisionFloat32, ""},
		{BackendCPU, "", PrecisionTF32, "", "it has no tf32"},
		{BackendCPU, "", PrecisionBFloat16, PrecisionBFloat16, ""},
		{BackendCUDA, "", PrecisionAuto, PrecisionTF32, ""},
		{BackendCUDA, "1", PrecisionAuto, PrecisionTF32, ""},
		{BackendCUDA, "0", PrecisionAuto, PrecisionFloat32, ""},
		{BackendCUDA, "", PrecisionFloat32, PrecisionFloat32, ""},
		{BackendCUDA, "0", PrecisionFloat32, PrecisionFloat32, ""},
		{BackendCUDA, "1", PrecisionFloat32, "", "there is no float32 while NVIDIA_TF32_OVERRIDE is 1"},
		{BackendCUDA, "", PrecisionTF32, PrecisionTF32, ""},
		{BackendCUDA, "0", PrecisionTF32, "", "there is no tf32 while NVIDIA_TF32_OVERRIDE is 0"},
		{BackendCUDA, "0", PrecisionBFloat16, PrecisionBFloat16, ""},
	}
	for _, tt := range tests {
		got, problem, fix := tt.asked.resolve(tt.backend, tt.override)
		if got != tt.want || problem != tt.problem || (fix == "") != (problem == "") {
			t.Errorf("%s with %q: %s is %q, problem %q, fix %q, want %q, problem %q",
				tt.backend, tt.override, tt.asked, got, problem, fix, tt.want, tt.problem)
		}
	}
}

func TestOpenBackendPrecision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		asked Precision
		want  string
	}{
		{BackendGo, "half", `precision must be auto, float32, tf32 or bfloat16, got "half"`},
		{BackendGo, PrecisionTF32, "opening backend go: it has no tf32; use -precision float32, or -backend xla:cuda"},
		{BackendGo, PrecisionBFloat16, "opening backend go: it has no bfloat16; use -precision float32, or an xla backend"},
		{BackendCPU, PrecisionTF32, "opening backend xla:cpu: it has no tf32; use -precision float32, or -backend xla:cuda"},
	}
	for _, tt := range tests {
		b, err := OpenBackendWith(tt.name, BackendOptions{Precision: tt.asked})
		if err == nil {
			b.Finalize()
			t.Errorf("%s in %s was opened", tt.name, tt.asked)
		} else if err.Error() != tt.want {
			t.Errorf("%s in %s: got %q, want %q", tt.name, tt.asked, err, tt.want)
		}
	}
	if got := goBackend(t).Precision; got != PrecisionFloat32 {
		t.Errorf("go has %s", got)
	}
	if got := xlaBackend(t).Precision; got != PrecisionFloat32 {
		t.Errorf("xla:cpu has %s", got)
	}
}

// TestConvolutionsBFloat16 bounds each form in bfloat16 by the sums written out
// in float32 of the same factors: what is left is the rounding of results, to 8
// bits. A second derivative rounds twice on its way.
func TestConvolutionsBFloat16(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	for _, name := range []string{"stride 2 pad 1", "transposed"} { // compiling takes seconds
		c := convCases()[name]
		t.Run(name, func(t *testing.T) { testBFloat16(t, b, c.shape, c.sides[0]) })
	}
}

func testBFloat16(t *testing.T, b *Backend, shape convShape, side int) {
	d := directFor(shape, 2, side, 64, 5)
	xDims, yDims := d.sizes()
	args := []*tensors.Tensor{random(1, xDims...), random(2, shape.kernelShape(64, 5)...), random(3, yDims...)}
	var rounded [][]float32
	got := eval(t, b, func(in []*Node) (out []*Node) {
		small := make([]*Node, len(in))
		for i := range in {
			small[i] = graph.ConvertDType(in[i], dtypes.BFloat16)
			out = append(out, float32Of(small[i]))
		}
		for _, p := range plansFor(b, shape) {
			y := shape.apply(small[0], small[1], func(unit) plan { return p })
			grads := graph.Gradient(graph.ReduceAllSum(float32Of(graph.Mul(y, small[2]))), small[0], small[1])
			half := graph.MulScalar(graph.ReduceAllSum(graph.Square(float32Of(grads[0]))), 0.5)
			second := graph.Gradient(half, small[1])[0]
			for _, r := range []*Node{y, grads[0], grads[1], second} {
				if r.DType() != dtypes.BFloat16 {
					t.Errorf("%v: a result is %s", p, r.DType())
				}
				out = append(out, float32Of(r))
			}
		}
		return out
	}, args...)
	rounded, got = got[:3], got[3:]
	dx := d.inputGrad(rounded[2], rounded[1])
	want := [][]float32{
		d.forward(rounded[0], rounded[1]), dx, d.kernelGrad(rounded[0], rounded[2], len(rounded[1])),
		d.kernelGrad(dx, rounded[2], len(rounded[1])),
	}
	for i, p := range plansFor(b, shape) {
		for j, what := range []string{"output", "gradient by input", "gradient by kernel", "second derivative"} {
			bound := 1.0 / 256 // half a unit of the last bit, and a little
			if j == 3 {
				bound = 2.0 / 256
			}
			if diff := worst(t, got[4*i+j], want[j]); diff > bound {
				t.Errorf("%v: %s differs by %g", p, what, diff)
			}
		}
	}
}
