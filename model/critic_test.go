// SPDX-License-Identifier: Apache-2.0

package model

import (
	"math"
	"path"
	"slices"
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

// TestCriticBackends compares scores, loss and first gradients, by the weights
// and by the colours, of the two backends, with the plans of xla:cpu for large
// pictures and of xla:cuda too.
func TestCriticBackends(t *testing.T) {
	t.Parallel()
	tests := map[string]CriticConfig{
		"conv":              {Kind: CriticConv, Size: 62, Filters: 2, Norm: NormNone},
		"patchgan instance": {Kind: CriticPatchGAN, Size: 32, Conditional: true, GrayChannels: 1, Filters: 3, Norm: NormInstance},
		"patchgan batch":    {Kind: CriticPatchGAN, Size: 32, Conditional: true, GrayChannels: 3, Filters: 3, Norm: NormBatch},
	}
	for name, c := range tests {
		gray, color := random(1, 2, c.Size, c.Size, 1), random(2, 2, c.Size, c.Size, 3)
		run := func(t *testing.T, b *Backend, choose chooser) [][]float32 {
			store := enlarge(newCritic(t, c))
			if choose != nil {
				store.RootScope().SetParam(paramChooser, choose)
			}
			return evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
				scores, tape := TrainCritic(root.In(CriticScope), c, in[0], in[1])
				loss := BCELogits(scores, 1)
				results := append([]*Node{scores, loss}, tape.Gradients(loss)...)
				return append(results, graph.Gradient(loss, in[1])...)
			}, gray, color)
		}
		t.Run(name, func(t *testing.T) {
			want := run(t, goBackend(t), nil)
			names := append([]string{"scores", "loss"}, trainableNames(newCritic(t, c))...)
			names = append(names, "color")
			// Instance norm takes a bias before it away again.
			vanishes := func(name string) bool {
				for _, l := range c.layers() {
					if l.norm == NormInstance && name == "/"+CriticScope+"/"+l.name+"/bias" {
						return true
					}
				}
				return false
			}
			compareScaled(t, "xla", names, run(t, xlaBackend(t), nil), want, 1e-4, vanishes)
			if c.Norm == NormBatch { // one, since compiling takes seconds
				compareScaled(t, "xla, large", names, run(t, xlaBackend(t), largePlan), want, 1e-4, vanishes)
				compareScaled(t, "xla, native", names, run(t, xlaBackend(t), nativePlan), want, 1e-4, vanishes)
			}
		})
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
// the weights with finite differences, and the two backends with each other, with
// the plan of xla:cuda too.
func TestCriticSecondDerivative(t *testing.T) {
	t.Parallel()
	for name, c := range smallCritics() {
		t.Run(name, func(t *testing.T) {
			var results [][][]float32
			onBackends(t, func(t *testing.T, b *Backend) {
				results = append(results, testSecondDerivative(t, b, c, nil))
			})
			if len(results) < 2 {
				return
			}
			names := append([]string{"penalty"}, trainableNames(newCritic(t, c))...)
			bound := 1e-4
			if c.Size > 200 {
				// The norm is over 122412 squares, which the backends add up in
				// other orders, and the penalty squares it again: 1.3e-4 was
				// measured.
				bound = 3e-4
			}
			compareScaled(t, "xla", names, results[1], results[0], bound, c.flat)
			native := testSecondDerivative(t, xlaBackend(t), c, nativePlan)
			compareScaled(t, "xla, native", names, native, results[0], bound, c.flat)
		})
	}
}

func testSecondDerivative(t *testing.T, b *Backend, c CriticConfig, choose chooser) [][]float32 {
	store, step := newCritic(t, c), 1e-3
	store.RootScope().SetParam(paramChooser, choose)
	if c.Kind == CriticConv {
		// Nothing normalizes its maps. The gradient's norm must not come out
		// near the penalty's 1 either, where rounding is all that is left.
		scaleKernels(store, 20)
	} else {
		enlarge(store)
		step = 1.5e-4 // the norms bend more
	}
	exec, err := ml.NewExec(b.Backend, store, func(root *ml.Scope, in []*Node) []*Node {
		score := func(color *Node) *Node {
			n := newNetwork(root.In(CriticScope), color.Graph(), Train, nil)
			n.leaky = smoothLeaky
			return n.critic(c, in[0], color)
		}
		penalty, _ := GradientPenalty(score, in[1], in[2], in[3], GPSum)
		loss := graph.ReduceAllMean(penalty)
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
	if b.Name != BackendGo {
		return base // compared with go's, which the differences vouch for
	}
	checked := map[string]bool{}
	for i, name := range trainableNames(store) {
		if path.Base(name) != "kernel" {
			continue
		}
		checkDifference(t, store.GetVariable(name), base[i+1], step, func() float64 { return float64(run()[0][0]) })
		checked[name] = true
	}
	for _, s := range c.variables() {
		if name := "/" + CriticScope + "/" + s.path; s.kind == kindKernel && !checked[name] {
			t.Errorf("the gradient by %s was not checked", name)
		}
	}
	return base
}

// smoothLeaky has slopes near 0.2 and 1 far from 0. Under the true activation
// the critic's gradient jumps where an input crosses 0, and differences with it.
func smoothLeaky(x *Node) *Node {
	return graph.Add(graph.MulScalar(x, 0.6), graph.MulScalar(graph.Mul(x, graph.Tanh(x)), 0.4))
}

// checkDifference compares a kernel's gradient with central differences of the
// loss along fixed directions that know nothing of the gradient, so that a part
// of it that is wrongly 0 is seen.
func checkDifference(t *testing.T, v *ml.Variable, grad []float32, step float64, loss func() float64) {
	t.Helper()
	var norm float64
	for _, g := range grad {
		norm += float64(g) * float64(g)
	}
	if norm = math.Sqrt(norm); !(norm > 0.1) {
		t.Errorf("%s: the gradient's norm is %g, too small to check", v.Path(), norm)
		return
	}
	start := tensors.MustCopyFlatData[float32](v.MustValue())
	set := func(values []float32) {
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range uint64(2) {
		direction := tensors.MustCopyFlatData[float32](random(10+seed, len(grad)))
		var want float64
		for i, d := range direction {
			direction[i] = float32(math.Copysign(1, float64(d)))
			want += float64(grad[i]) * float64(direction[i])
		}
		// Along signs the derivative is of the size of the gradient's norm.
		at := func(h float64) float64 {
			moved := slices.Clone(start)
			for i, d := range direction {
				moved[i] += float32(h) * d
			}
			set(moved)
			return loss()
		}
		got := (at(step) - at(-step)) / (2 * step)
		if !(math.Abs(got-want) < 0.02*norm) {
			t.Errorf("%s, direction %d: the difference is %g, the gradient gives %g (norm %g)", v.Path(), seed, got, want, norm)
		}
	}
	set(start)
}

// flat tells of which variables the penalty does not depend: the last bias only
// shifts the scores, and instance norm takes a bias before it away.
func (c CriticConfig) flat(name string) bool {
	layers := c.layers()
	if c.Kind == CriticConv && name == "/"+CriticScope+"/linear/bias" {
		return true
	}
	for i, l := range layers {
		last := i == len(layers)-1 && c.Kind == CriticPatchGAN
		if name == "/"+CriticScope+"/"+l.name+"/bias" && (last || l.norm == NormInstance) {
			return true
		}
	}
	return false
}
