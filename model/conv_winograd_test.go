// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// TestWinogradRounding bounds what LowerWinograd loses to rounding where sums
// are long, relative to the largest value. TestConvolutions and
// TestUnitGradients compare it with sums written out.
func TestWinogradRounding(t *testing.T) {
	t.Parallel()
	b := xlaBackend(t)
	for _, side := range []int{2, 4} {
		const in, out, pad = 256, 64, 1
		y := 9 + 2*pad - side + 1
		x, kernel, dy := []int{2, 9, 9, in}, []int{side, side, in, out}, []int{2, y, y, out}
		results := func(l Lowering) [][]float32 {
			return eval(t, b, func(in []*Node) []*Node {
				return []*Node{
					unitConv(in[0], in[1], pad, l),
					unitConvInputGrad(in[2], in[1], x, pad, l),
					unitConvKernelGrad(in[0], in[2], kernel, pad, l),
				}
			}, []*tensors.Tensor{random(1, x...), random(2, kernel...), random(3, dy...)}...)
		}
		got, want := results(LowerWinograd), results(LowerMatMul)
		for i, what := range []string{"output", "gradient by input", "gradient by kernel"} {
			diff := worst(t, got[i], want[i])
			t.Logf("%dx%d kernel, %s: %.1e", side, side, what, diff)
			if diff > 1e-5 {
				t.Errorf("%dx%d kernel: %s differs by %g of the largest value", side, side, what, diff)
			}
		}
	}
}
