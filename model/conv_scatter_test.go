// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// TestScatter compares the form that leaves zeros out with one that multiplies
// them, in all three roles.
func TestScatter(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, s := range []struct{ batch, height, width, in, side, out int }{
			{1, 1, 1, 3, 2, 8},
			{2, 2, 3, 4, 2, 12},
			{3, 5, 4, 2, 2, 4},
			{2, 3, 3, 2, 4, 5},
		} {
			pad := s.side - 1
			x, k := []int{s.batch, s.height, s.width, s.in}, []int{s.side, s.side, s.in, s.out}
			dy := []int{s.batch, s.height + pad, s.width + pad, s.out}
			if !scatters(k, pad) {
				t.Fatalf("a kernel of %v padded by %d does not fit", k, pad)
			}
			results := func(l Lowering) [][]float32 {
				return eval(t, b, func(in []*Node) []*Node {
					return []*Node{
						unitConv(in[0], in[1], pad, l), unitConvInputGrad(in[2], in[1], x, pad, l),
						unitConvKernelGrad(in[0], in[2], k, pad, l),
					}
				}, []*tensors.Tensor{random(1, x...), random(2, k...), random(3, dy...)}...)
			}
			got, want := results(LowerScatter), results(LowerMatMul)
			for i, what := range []string{"output", "gradient by input", "gradient by kernel"} {
				if diff := worst(t, got[i], want[i]); diff > 1e-6 {
					t.Errorf("%+v, %s: differs by %g of the largest value", s, what, diff)
				}
			}
		}
	})
}
