// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TestGenerateBatches colours batches at once: each comes out as it does by
// itself, under batch norm too, whose statistics would differ over all of them.
// No gradient flows into the weights.
func TestGenerateBatches(t *testing.T) {
	t.Parallel()
	for _, norm := range []Norm{NormBatch, NormInstance} {
		for _, count := range []int{1, 3} {
			c := smallGenerator(norm)
			var gray []*tensors.Tensor
			for i := range count {
				gray = append(gray, random(uint64(i+1), 2, c.Size, c.Size, 1))
			}
			got := evalStore(t, goBackend(t), enlarge(newGenerator(t, c)), func(root *ml.Scope, in []*Node) []*Node {
				scope := root.In(GeneratorScope)
				at := GenerateBatches(scope, c, in)
				sum := graph.Scalar(in[0].Graph(), in[0].DType(), 0)
				list := at
				for i := range in {
					list = append(list, Generator(scope, c, in[i], Train))
					sum = graph.Add(sum, graph.ReduceAllSum(graph.Square(at[i])))
				}
				list = append(list, Generator(scope, c, graph.Concatenate(in, 0), Train))
				return append(list, NewTape(scope).Gradients(sum)...)
			}, gray...)
			for i := range count {
				if diff := worst(t, got[i], got[count+i]); diff > 1e-5 {
					t.Errorf("%s norm: batch %d of %d differs by %g from what it is by itself", norm, i, count, diff)
				}
			}
			mixed := worst(t, got[2*count][:len(got[0])], got[0]) > 1e-3
			if want := norm == NormBatch && count > 1; mixed != want {
				t.Errorf("%s norm: all %d batches as one differ: %v, want %v", norm, count, mixed, want)
			}
			for _, gradient := range got[2*count+1:] {
				if l := largestOf(gradient); l != 0 {
					t.Errorf("%s norm: a gradient of %g flows into the weights", norm, l)
				}
			}
		}
	}
}
