// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestL1Loss(t *testing.T) {
	t.Parallel()
	a, b := tensors.FromValue([]float32{1, -2, 3}), tensors.FromValue([]float32{0.5, 1, 3})
	onBackends(t, func(t *testing.T, be *Backend) {
		got := eval(t, be, func(in []*Node) []*Node { return []*Node{L1Loss(in[0], in[1])} }, a, b)
		if diff := worst(t, got[0], []float32{3.5 / 3}); diff > 1e-6 {
			t.Errorf("got %v, want %g", got[0], 3.5/3)
		}
	})
}

func TestBCELogits(t *testing.T) {
	t.Parallel()
	logits := []float32{-100, -1.5, 0, 0.25, 2, 100}
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, target := range []float64{0, 1} {
			got := eval(t, b, func(in []*Node) []*Node {
				loss := BCELogits(in[0], target)
				return []*Node{loss, graph.Gradient(loss, in[0])[0]}
			}, tensors.FromValue(logits))
			var want float64
			for i, x := range logits {
				sigmoid := 1 / (1 + math.Exp(-float64(x)))
				want += (math.Log1p(math.Exp(-math.Abs(float64(x)))) + max(float64(x), 0) - float64(x)*target) / float64(len(logits))
				if g := (sigmoid - target) / float64(len(logits)); math.Abs(float64(got[1][i])-g) > 1e-6 {
					t.Errorf("target %g: gradient at %g is %g, want %g", target, x, got[1][i], g)
				}
			}
			if math.Abs(float64(got[0][0])-want) > 1e-5 {
				t.Errorf("target %g: got %g, want %g", target, got[0][0], want)
			}
		}
	})
}

// TestGradientPenalty takes a linear critic with two scores a picture, whose
// gradient is known: its weights.
func TestGradientPenalty(t *testing.T) {
	t.Parallel()
	w := []float32{0.5, -1, 0.25, 1.5, 0, 2, -0.5, 1, 1, 0.75, -0.25, 0.5}
	var square float64
	for _, v := range w {
		square += float64(v) * float64(v)
	}
	norm := math.Sqrt(square) // of one score; two equal ones give twice that
	critic := func(color *Node) *Node {
		weights := graph.Reshape(graph.Const(color.Graph(), w), 1, 2, 2, 3)
		score := graph.ReduceSum(graph.Mul(color, weights), 1, 2, 3)
		return graph.Concatenate([]*Node{graph.Reshape(score, 2, 1, 1, 1), graph.Reshape(score, 2, 1, 1, 1)}, 1)
	}
	alpha := tensors.FromFlatDataAndDimensions([]float32{0, 1}, 2, 1, 1, 1)
	onBackends(t, func(t *testing.T, b *Backend) {
		for reduction, want := range map[GPReduction]float64{GPSum: 2 * norm, GPMean: norm} {
			got := eval(t, b, func(in []*Node) []*Node {
				penalty, norm := GradientPenalty(critic, in[0], in[1], in[2], reduction)
				return []*Node{norm, penalty}
			}, random(1, 2, 2, 2, 3), random(2, 2, 2, 2, 3), alpha)
			for _, v := range got[0] {
				if math.Abs(float64(v)-want) > 1e-5 {
					t.Errorf("%s: norm is %g, want %g", reduction, v, want)
				}
			}
			for _, v := range got[1] {
				if penalty := (want - 1) * (want - 1); math.Abs(float64(v)-penalty) > 1e-4 {
					t.Errorf("%s: penalty is %g, want %g", reduction, v, penalty)
				}
			}
		}
	})
}

// TestGradientPenaltyMixes sees the pictures that the critic is asked about,
// through a critic whose gradient is its input.
func TestGradientPenaltyMixes(t *testing.T) {
	t.Parallel()
	critic := func(color *Node) *Node {
		return graph.MulScalar(graph.ReduceSum(graph.Square(color), 1, 2, 3), 0.5)
	}
	real := tensors.FromFlatDataAndDimensions([]float32{3, 0, 0, 0, 0, 1}, 2, 1, 1, 3)
	fake := tensors.FromFlatDataAndDimensions([]float32{0, 4, 0, 0, 5, 0}, 2, 1, 1, 3)
	alpha := tensors.FromFlatDataAndDimensions([]float32{0, 1}, 2, 1, 1, 1)
	got := eval(t, goBackend(t), func(in []*Node) []*Node {
		penalty, _ := GradientPenalty(critic, in[0], in[1], in[2], GPSum)
		return []*Node{penalty}
	}, real, fake, alpha)
	// alpha 0 is the real picture (norm 3), alpha 1 the fake one (norm 5).
	for i, want := range []float64{4, 16} {
		if math.Abs(float64(got[0][i])-want) > 1e-4 {
			t.Errorf("penalty of picture %d is %g, want %g", i, got[0][i], want)
		}
	}
}

// TestGradientNormAtZero: a flat critic has a gradient of 0, where the root has
// no derivative; epsilon inside it keeps the numbers finite.
func TestGradientNormAtZero(t *testing.T) {
	t.Parallel()
	got := eval(t, goBackend(t), func(in []*Node) []*Node {
		critic := func(color *Node) *Node { return graph.ReduceSum(graph.Mul(color, in[1]), 1, 2, 3) }
		penalty, _ := GradientPenalty(critic, in[0], in[0], graph.Zeros(in[0].Graph(), shapes.Make(dtypes.Float32, 1, 1, 1, 1)), GPSum)
		return []*Node{penalty, graph.Gradient(graph.ReduceAllSum(penalty), in[1])[0]}
	}, random(1, 1, 2, 2, 3), tensors.FromFlatDataAndDimensions(make([]float32, 12), 1, 2, 2, 3))
	for i, values := range got {
		for _, v := range values {
			if math.IsNaN(float64(v)) {
				t.Errorf("result %d is NaN", i)
			}
		}
	}
}
