// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// quadratic is a critic whose scores and gradients can be written out: a picture
// of two pixels and three channels has a score for each pixel, the sum over the
// channels of colour + gray*colour^2.
func quadratic(_ Precision, gray, color *Node) *Node {
	x := graph.Add(color, graph.Mul(graph.BroadcastToDims(gray, color.Shape().Dimensions...), graph.Square(color)))
	return graph.ReduceAndKeep(x, graph.ReduceSum, 3)
}

// TestCriticTerms compares the losses with their formulas in float64.
func TestCriticTerms(t *testing.T) {
	const batch, pixels, weight = 3, 2, 7.0
	grayT, realT, fakeT := random(1, batch, 1, pixels, 1), random(2, batch, 1, pixels, 3), random(3, batch, 1, pixels, 3)
	alphas := []float32{0, 0.25, 0.875}
	gray, real, fake := flat(grayT), flat(realT), flat(fakeT)
	scores := func(colors []float64, n int) (list []float64) {
		for p := range pixels {
			var sum float64
			for c := range 3 {
				x := colors[(n*pixels+p)*3+c]
				sum += x + gray[n*pixels+p]*x*x
			}
			list = append(list, sum)
		}
		return list
	}
	mean := func(list []float64, f func(float64) float64) (sum float64) {
		for _, x := range list {
			sum += f(x) / float64(len(list))
		}
		return sum
	}
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	identity := func(x float64) float64 { return x }
	negative := func(x float64) float64 { return softplus(-x) } // cross-entropy against 1
	norm := func(n int, r GPReduction) float64 {
		var sum float64
		for p := range pixels {
			for c := range 3 {
				at := (n*pixels+p)*3 + c
				mixed := real[at] + float64(alphas[n])*(fake[at]-real[at])
				slope := 1 + 2*gray[n*pixels+p]*mixed
				if r == GPMean {
					slope /= pixels
				}
				sum += slope * slope
			}
		}
		return math.Sqrt(sum)
	}
	for _, o := range []CriticObjective{
		{Adversary: AdversaryVanilla}, {Adversary: AdversaryVanilla, Apart: true},
		{Adversary: AdversaryWGANGP, Reduction: GPSum}, {Adversary: AdversaryWGANGP, Reduction: GPSum, Apart: true},
		{Adversary: AdversaryWGANGP, Reduction: GPMean}, {Adversary: AdversaryWGANGP, Reduction: GPMean, Apart: true},
	} {
		wasserstein := o.Adversary == AdversaryWGANGP
		want := make([][]float64, 5) // loss, distance, the generator's, penalty, norm
		for n := range batch {
			onReal, onFake := scores(real, n), scores(fake, n)
			distance := mean(onReal, identity) - mean(onFake, identity)
			loss, adversarial := (mean(onReal, negative)+mean(onFake, softplus))/2, mean(onFake, negative)
			if wasserstein {
				length := norm(n, o.Reduction)
				penalty := (length - 1) * (length - 1)
				loss, adversarial = -distance+weight*penalty, -mean(onFake, identity)
				want[3], want[4] = append(want[3], penalty), append(want[4], length)
			}
			want[0], want[1], want[2] = append(want[0], loss), append(want[1], distance), append(want[2], adversarial)
		}
		t.Run(fmt.Sprintf("%s/%s/%v", o.Adversary, o.Reduction, o.Apart), func(t *testing.T) {
			onBackends(t, func(t *testing.T, b *Backend) {
				got := eval(t, b, func(in []*Node) []*Node {
					terms := o.Loss(quadratic, in[0], in[1], in[2], in[3], graph.Scalar(in[0].Graph(), in[0].DType(), weight))
					list := []*Node{terms.Loss, terms.Distance, o.GeneratorLoss(quadratic(PrecisionAuto, in[0], in[2]))}
					if terms.Penalty != nil {
						list = append(list, terms.Penalty, terms.Norm)
					}
					return list
				}, grayT, realT, fakeT, tensors.FromFlatDataAndDimensions(alphas, batch, 1, 1, 1))
				if wasserstein != (len(got) == 5) {
					t.Fatalf("%d terms, wgan-gp is %v", len(got), wasserstein)
				}
				for i, values := range got {
					name := []string{"loss", "distance", "generator's loss", "penalty", "norm"}[i]
					for n, v := range values {
						if len(values) != batch || math.Abs(float64(v)-want[i][n]) > 1e-5*max(1, math.Abs(want[i][n])) {
							t.Errorf("%s of picture %d is %v, want %v", name, n, v, want[i][n])
						}
					}
				}
			})
		})
	}
}

func flat(t *tensors.Tensor) (list []float64) {
	for _, v := range tensors.MustCopyFlatData[float32](t) {
		list = append(list, float64(v))
	}
	return list
}

// TestApart sends true and generated pictures through a PatchGAN at once and one
// after the other: with instance norm that is the same, in loss and gradients,
// and with batch norm it is not.
func TestApart(t *testing.T) {
	gray, real, fake := random(1, 2, 24, 24, 1), random(2, 2, 24, 24, 3), random(3, 2, 24, 24, 3)
	tests := []struct {
		norm Norm
		same bool
	}{{NormNone, true}, {NormInstance, true}, {NormLayer, true}, {NormBatch, false}}
	for _, tt := range tests {
		t.Run(string(tt.norm), func(t *testing.T) {
			c := CriticConfig{Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 2, Norm: tt.norm}
			results := func(apart bool) [][]float32 {
				store := newCritic(t, c)
				o := CriticObjective{Adversary: AdversaryVanilla, Apart: apart}
				return evalStore(t, goBackend(t), store, func(root *ml.Scope, in []*Node) []*Node {
					scope := root.In(CriticScope)
					loss := o.Loss(ScoreOf(scope, c), in[0], in[1], in[2], nil, nil).Loss
					return append([]*Node{loss}, NewTape(scope).Gradients(graph.ReduceAllMean(loss))...)
				}, gray, real, fake)
			}
			one, two := results(true), results(false)
			var off float64
			for i := range one {
				off = max(off, worst(t, one[i], two[i]))
			}
			if same := off < 1e-5; same != tt.same {
				t.Errorf("loss or gradients are %g apart, want them the same: %v", off, tt.same)
			}
		})
	}
}

// TestCriticLossStops differentiates the critic's loss by the pictures: the
// generator must learn nothing from the critic's step.
func TestCriticLossStops(t *testing.T) {
	for _, adversary := range []Adversary{AdversaryVanilla, AdversaryWGANGP} {
		o := CriticObjective{Adversary: adversary, Reduction: GPSum}
		got := eval(t, goBackend(t), func(in []*Node) []*Node {
			terms := o.Loss(quadratic, in[0], in[1], in[2], in[3], graph.ScalarOne(in[0].Graph(), in[0].DType()))
			loss := terms.Loss
			if adversary == AdversaryWGANGP {
				loss = terms.Distance // GoMLX cannot go on through the penalty's Identity
			}
			return graph.Gradient(graph.ReduceAllMean(loss), in[1], in[2])
		}, random(1, 2, 1, 2, 1), random(2, 2, 1, 2, 3), random(3, 2, 1, 2, 3), random(4, 2, 1, 1, 1))
		if l := max(largestOf(got[0]), largestOf(got[1])); l != 0 {
			t.Errorf("%s: a gradient of %g flows into the pictures", adversary, l)
		}
	}
}
