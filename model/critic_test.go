// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TestCriticShapes looks at the shapes of scores without running anything.
func TestCriticShapes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c    CriticConfig
		want []int
	}{
		{CriticConfig{Kind: CriticConv, Size: 256, Filters: 2, Norm: NormNone}, []int{2, 1}},
		{CriticConfig{Kind: CriticConv, Size: 64, Filters: 2, Norm: NormNone}, []int{2, 1}},
		{CriticConfig{Kind: CriticConv, Size: 77, Filters: 2, Norm: NormNone, Conditional: true, GrayChannels: 1}, []int{2, 1}},
		{CriticConfig{Kind: CriticPatchGAN, Size: 256, Filters: 2, Norm: NormInstance}, []int{2, 30, 30, 1}},
		{CriticConfig{Kind: CriticPatchGAN, Size: 64, Filters: 2, Norm: NormLayer, Conditional: true, GrayChannels: 3}, []int{2, 6, 6, 1}},
		{CriticConfig{Kind: CriticPatchGAN, Size: 24, Filters: 2, Norm: NormInstance}, []int{2, 1, 1, 1}},
		{CriticConfig{Kind: CriticPatchGAN, Size: 37, Filters: 2, Norm: NormBatch}, []int{2, 2, 2, 1}},
	}
	for _, tt := range tests {
		if err := tt.c.Validate(); err != nil {
			t.Errorf("%+v: %v", tt.c, err)
			continue
		}
		var got []int
		exec, err := ml.NewExec(goBackend(t).Backend, newCritic(t, tt.c), func(root *ml.Scope, gray, color *Node) *Node {
			scores := Critic(root.In(CriticScope), tt.c, gray, color)
			got = scores.Shape().Dimensions
			for v := range root.IterVariables() {
				if v.Trainable && !v.InUseByGraph(scores.Graph()) {
					t.Errorf("%+v: variable %s is not used", tt.c, v.Path())
				}
			}
			return scores
		})
		if err != nil {
			t.Fatal(err)
		}
		s := tt.c.Size
		if _, err := exec.Compile(random(1, 2, s, s, 1).Shape(), random(1, 2, s, s, 3).Shape()); err != nil {
			t.Errorf("%+v: %v", tt.c, err)
		}
		exec.Finalize()
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%+v: scores' shape (-want +got):\n%s", tt.c, diff)
		}
	}
}

// smallCritics are the forms that a gradient penalty is taken of.
func smallCritics() map[string]CriticConfig {
	return map[string]CriticConfig{
		"patchgan": {Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 3, Norm: NormInstance},
		"conv":     {Kind: CriticConv, Size: 62, Filters: 2, Norm: NormNone},
		"conv 3":   {Kind: CriticConv, Size: 202, Filters: 1, Norm: NormNone},
	}
}

// TestCriticSecondDerivative compares the gradient of the gradient penalty by
// the weights with finite differences, and the two backends with each other.
func TestCriticSecondDerivative(t *testing.T) {
	t.Parallel()
	for name, c := range smallCritics() {
		t.Run(name, func(t *testing.T) {
			var results [][][]float32
			onBackends(t, func(t *testing.T, b *Backend) {
				results = append(results, testSecondDerivative(t, b, c))
			})
			if len(results) < 2 {
				return
			}
			for i := range results[0] {
				if diff := worst(t, results[1][i], results[0][i]); diff > 1e-4 {
					t.Errorf("result %d differs by %g between the backends", i, diff)
				}
			}
		})
	}
}

func testSecondDerivative(t *testing.T, b *Backend, c CriticConfig) [][]float32 {
	store := enlarge(newCritic(t, c))
	exec, err := ml.NewExec(b.Backend, store, func(root *ml.Scope, in []*Node) []*Node {
		score := func(color *Node) *Node {
			n := newNetwork(root.In(CriticScope), color.Graph(), Train, nil)
			n.leaky = smoothLeaky
			return n.critic(c, in[0], color)
		}
		loss := GradientPenalty(score, in[1], in[2], in[3], GPSum)
		return append([]*Node{loss}, graph.Gradient(loss, trainables(root.At(CriticScope), loss.Graph())...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := []any{random(1, 2, c.Size, c.Size, 1), random(2, 2, c.Size, c.Size, 3), random(3, 2, c.Size, c.Size, 3), tensors.FromFlatDataAndDimensions([]float32{0.3, 0.6}, 2, 1, 1, 1)}
	run := func() [][]float32 {
		out, err := exec.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		var values [][]float32
		for _, o := range out {
			values = append(values, tensors.MustCopyFlatData[float32](o))
		}
		return values
	}
	base := run()
	checked := 0
	var variables []*ml.Variable
	for v := range store.IterVariables() {
		if v.Trainable {
			variables = append(variables, v)
		}
	}
	if b.Name != BackendGo {
		return base // compared with go's, which the differences vouch for
	}
	for i, v := range variables {
		if checkDifference(t, v, base[i+1], func() float64 { return float64(run()[0][0]) }) {
			checked++
		}
	}
	if kernels := len(c.layers()); checked < kernels {
		t.Errorf("%d variables have a gradient worth checking, want at least the %d kernels", checked, kernels)
	}
	return base
}

// smoothLeaky has slopes near 0.2 and 1 far from 0. Under the true activation
// the critic's gradient jumps where an input crosses 0, and differences with it.
func smoothLeaky(x *Node) *Node {
	return graph.Add(graph.MulScalar(x, 0.6), graph.MulScalar(graph.Mul(x, graph.Tanh(x)), 0.4))
}

// checkDifference compares a variable's gradient with a central difference of
// the loss, once along the gradient and once along every other value of it. It
// tells whether the gradient was large enough for that.
func checkDifference(t *testing.T, v *ml.Variable, grad []float32, loss func() float64) (checked bool) {
	t.Helper()
	start := tensors.MustCopyFlatData[float32](v.MustValue())
	dims := v.Shape().Dimensions
	for _, every := range []int{1, 2} {
		var want, norm float64
		for i := 0; i < len(grad); i += every {
			norm += float64(grad[i]) * float64(grad[i])
		}
		if norm = math.Sqrt(norm); norm < 1e-3 {
			continue // too flat for float32
		}
		want, checked = norm, true
		step := min(2e-3, 2e-2/norm)
		at := func(h float64) float64 {
			moved := append([]float32(nil), start...)
			for i := 0; i < len(grad); i += every {
				moved[i] += float32(h * float64(grad[i]) / norm)
			}
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(moved, dims...)); err != nil {
				t.Fatal(err)
			}
			return loss()
		}
		got := (at(step) - at(-step)) / (2 * step)
		at(0)
		if math.Abs(got-want) > 0.03*want+0.01 {
			t.Errorf("%s, every %d: the difference is %g, the gradient %g", v.Path(), every, got, want)
		}
	}
	return checked
}
