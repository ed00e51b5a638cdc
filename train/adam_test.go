// SPDX-License-Identifier: Apache-2.0

package train

import (
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
