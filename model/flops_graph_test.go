// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TestWorkIsTheGraphs counts the matrix products that the gradients of a critic's
// step are made of, in the form whose products have no other factors than the
// convolutions: they are what Work counts.
func TestWorkIsTheGraphs(t *testing.T) {
	t.Parallel()
	patch := CriticConfig{Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 2, Norm: NormInstance}
	plain, layer, batch := patch, patch, patch
	plain.Norm, layer.Norm, batch.Norm = NormNone, NormLayer, NormBatch
	conv := CriticConfig{Kind: CriticConv, Size: 64, Filters: 2, Norm: NormNone}
	wasserstein := CriticObjective{Adversary: AdversaryWGANGP, Reduction: GPSum, Apart: true}
	tests := []struct {
		name      string
		critic    CriticConfig
		objective CriticObjective
		penalty   bool
	}{
		{"wgan-gp, instance norm", patch, wasserstein, true},
		{"wgan-gp, layer norm", layer, wasserstein, true},
		{"wgan-gp, no norm", plain, wasserstein, true},
		{"wgan-gp, mean", patch, CriticObjective{Adversary: AdversaryWGANGP, Reduction: GPMean, Apart: true}, true},
		{"wgan-gp, conv critic", conv, wasserstein, true},
		{"vanilla, batch norm", batch, CriticObjective{Adversary: AdversaryVanilla}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const pictures = 3
			w := tt.critic.Work()
			step, through := 2*w.Train(), w.Through()
			if tt.penalty {
				step += w.Penalty()
			}
			gotStep, gotThrough := criticProducts(t, tt.critic, tt.objective, pictures)
			if want := pictures * step; gotStep != want {
				t.Errorf("a critic's step has %d multiply-adds in its graph, want %d", gotStep, want)
			}
			if want := pictures * through; gotThrough != want {
				t.Errorf("a generator's loss has %d multiply-adds in the critic's graph, want %d", gotThrough, want)
			}
		})
	}
}

// criticProducts counts the multiply-adds of a critic's step, and of a generator's
// loss and its gradient by the picture.
func criticProducts(t *testing.T, c CriticConfig, o CriticObjective, pictures int) (step, through int64) {
	t.Helper()
	store := ml.NewStore()
	defer store.Finalize()
	if err := InitCritic(store, CriticScope, c, 1); err != nil {
		t.Fatal(err)
	}
	if err := SetConvolutions(store, "matmul"); err != nil {
		t.Fatal(err)
	}
	s := c.Size
	evalStore(t, goBackend(t), store, func(_ *ml.Scope, in []*Node) []*Node {
		scope := store.Scope(CriticScope)
		score := ScoreOf(scope, c)
		gray, color, fake, alpha := in[0], in[1], in[2], in[3]
		loss := graph.ReduceAllMean(o.Loss(score, gray, color, fake, alpha, graph.Scalar(gray.Graph(), gray.DType(), 10)).Loss)
		step = products(append(NewTape(scope).Gradients(loss), loss))
		adversarial := graph.ReduceAllMean(o.GeneratorLoss(score(PrecisionAuto, gray, fake)))
		gradient := graph.Gradient(adversarial, fake)
		through = products(append(gradient, adversarial))
		return []*Node{loss, adversarial}
	}, random(1, pictures, s, s, 1), random(2, pictures, s, s, 3), random(3, pictures, s, s, 3), random(4, pictures, 1, 1, 1))
	return step, through
}

// products counts the multiply-adds of all matrix products that nodes depend on.
// One of [m, k] and [k, n] has m*k*n of them, the root of its three sizes' product.
func products(of []*Node) (total int64) {
	seen := map[*Node]bool{}
	for len(of) > 0 {
		n := of[len(of)-1]
		of = of[:len(of)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		of = append(of, n.Inputs()...)
		if n.Type() == graph.NodeTypeDotGeneral {
			size := float64(n.Shape().Size())
			for _, in := range n.Inputs() {
				size *= float64(in.Shape().Size())
			}
			total += int64(math.Round(math.Sqrt(size)))
		}
	}
	return total
}
