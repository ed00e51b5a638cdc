// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/chromabeam/chromabeam/model"
)

// TestAdam takes steps on one problem with our optimizer and with GoMLX's.
func TestAdam(t *testing.T) {
	const steps, rate = 20, 0.05
	ours := adam{beta1: 0.5, beta2: 0.999, epsilon: 1e-8}
	theirs := optimizer.Adam().Betas(ours.beta1, ours.beta2).Epsilon(ours.epsilon).LearningRate(rate).Done()
	start := []float32{1, -2, 0.5, 3}
	// loss is a bowl that is not round, with a bend in it.
	loss := func(w *graph.Node) *graph.Node {
		scale := graph.Const(w.Graph(), []float32{1, 10, 0.1, 3})
		return graph.ReduceAllSum(graph.Add(graph.Mul(scale, graph.Square(w)), graph.Abs(w)))
	}
	onBackends(t, func(t *testing.T, b *model.Backend) {
		run := func(step func(scope *ml.Scope, knobs *graph.Node)) []float32 {
			store := ml.NewStore()
			v, err := store.CreateVariable("/net/w", tensors.FromFlatDataAndDimensions(start, 4))
			if err != nil {
				t.Fatal(err)
			}
			if err := ours.clear(store.Scope("net")); err != nil {
				t.Fatal(err)
			}
			exec, err := ml.NewExec(b.Backend, store, func(_ *ml.Scope, knobs *graph.Node) { step(store.Scope("net"), knobs) })
			if err != nil {
				t.Fatal(err)
			}
			defer exec.Finalize()
			for i := range int64(steps) {
				size, epsilon := ours.corrected(rate, i+1)
				if _, err := exec.Exec([]float32{size, epsilon}); err != nil {
					t.Fatal(err)
				}
			}
			return tensors.MustCopyFlatData[float32](v.MustValue())
		}
		got := run(func(scope *ml.Scope, knobs *graph.Node) {
			w := scope.GetVariable("w").NodeValue(knobs.Graph())
			ours.update(scope, graph.Gradient(loss(w), w), knob(knobs, 0), knob(knobs, 1))
		})
		want := run(func(scope *ml.Scope, knobs *graph.Node) {
			w := scope.GetVariable("w").NodeValue(knobs.Graph())
			theirs.UpdateGraph(scope, knobs.Graph(), loss(w))
		})
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-4 {
				t.Errorf("weight %d is %v after %d steps, want %v", i, got[i], steps, want[i])
			}
			if got[i] == start[i] {
				t.Errorf("weight %d did not move", i)
			}
		}
	})
}

// TestAdamFormula compares steps with the paper's formula in float64, for an
// epsilon that is negligible and for one that is not: there a bias correction
// that forgets epsilon would show.
func TestAdamFormula(t *testing.T) {
	const steps, rate = 12, 0.05
	start := []float32{1, -2, 0.5, 0.01}
	scale := []float64{1, 10, 0.1, 0.02} // the loss is the sum of scale*w^2/2
	for _, a := range []adam{
		{beta1: 0.9, beta2: 0.999, epsilon: 1e-8},
		{beta1: 0.9, beta2: 0.999, epsilon: 0.09},
		{beta1: 0.5, beta2: 0.9, epsilon: 0.1},
		{beta1: 0, beta2: 0.9, epsilon: 0.1},
	} {
		t.Run(fmt.Sprint(a), func(t *testing.T) {
			store := ml.NewStore()
			v, err := store.CreateVariable("/net/w", tensors.FromFlatDataAndDimensions(start, len(start)))
			if err != nil {
				t.Fatal(err)
			}
			if err := a.clear(store.Scope("net")); err != nil {
				t.Fatal(err)
			}
			exec, err := ml.NewExec(goBackend(t).Backend, store, func(_ *ml.Scope, knobs *graph.Node) {
				w := v.NodeValue(knobs.Graph())
				grad := graph.Mul(graph.ConvertDType(graph.Const(knobs.Graph(), scale), w.DType()), w)
				a.update(store.Scope("net"), []*graph.Node{grad}, knob(knobs, 0), knob(knobs, 1))
			})
			if err != nil {
				t.Fatal(err)
			}
			defer exec.Finalize()
			for i := range int64(steps) {
				size, epsilon := a.corrected(rate, i+1)
				if _, err := exec.Exec([]float32{size, epsilon}); err != nil {
					t.Fatal(err)
				}
			}
			for i, got := range tensors.MustCopyFlatData[float32](v.MustValue()) {
				w, m, s := float64(start[i]), 0.0, 0.0
				for n := 1.0; n <= steps; n++ {
					g := scale[i] * w
					m = a.beta1*m + (1-a.beta1)*g
					s = a.beta2*s + (1-a.beta2)*g*g
					w -= rate * m / (1 - math.Pow(a.beta1, n)) / (math.Sqrt(s/(1-math.Pow(a.beta2, n))) + a.epsilon)
				}
				if math.Abs(float64(got)-w) > 1e-5 {
					t.Errorf("weight %d is %v after %d steps, want %v", i, got, steps, w)
				}
			}
		})
	}
}

// TestAdamStopsGradients differentiates a loss of an updated weight by the
// weight before: to a second network's loss the update is a constant.
func TestAdamStopsGradients(t *testing.T) {
	a := adam{beta1: 0.5, beta2: 0.999, epsilon: 1e-8}
	store := ml.NewStore()
	v, err := store.CreateVariable("/net/w", tensors.FromFlatDataAndDimensions([]float32{1, -2}, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.clear(store.Scope("net")); err != nil {
		t.Fatal(err)
	}
	exec, err := ml.NewExec(goBackend(t).Backend, store, func(_ *ml.Scope, knobs *graph.Node) *graph.Node {
		g := knobs.Graph()
		w := v.NodeValue(g)
		a.update(store.Scope("net"), []*graph.Node{graph.MulScalar(w, 3)}, knob(knobs, 0), knob(knobs, 1))
		loss := graph.Square(v.NodeValue(g))
		for _, moment := range []string{"m", "v"} {
			loss = graph.Add(loss, store.GetVariable(momentPath(v, moment)).NodeValue(g))
		}
		return graph.Gradient(graph.ReduceAllSum(loss), w)[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	size, epsilon := a.corrected(0.05, 1)
	out, err := exec.Exec([]float32{size, epsilon})
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](out[0]); got[0] != 0 || got[1] != 0 {
		t.Errorf("the gradient through the step is %v, want zeros", got)
	}
}
