// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// l1Step builds a training step of recipe 6.1: generator, L1, Adam, all in one
// graph.
func l1Step(scope *ml.Scope, c GeneratorConfig, gray, color *Node) *Node {
	scope = scope.In(GeneratorScope)
	fake, tape := TrainGenerator(scope, c, gray)
	loss := L1Loss(fake, color)
	grads := tape.Gradients(loss)
	tape.UpdateStatistics()
	adam := optimizer.Adam().LearningRate(2e-4).Betas(0.5, 0.999).Epsilon(1e-8).Done()
	adam.(interface {
		UpdateGraphWithGradients(scope *ml.Scope, grads []*graph.Node, dtype dtypes.DType)
	}).UpdateGraphWithGradients(scope, grads, dtypes.Float32)
	return loss
}

func BenchmarkTrainStepL1(b *testing.B) {
	backend := xlaBackend(b)
	sizes := []struct{ size, downs, batch int }{{64, 6, 8}, {256, 7, 1}, {256, 7, 8}}
	same := func(l Lowering) chooser { return func(unit) plan { return plan{l, l, l} } }
	forms := []struct {
		name   string
		choose chooser
	}{{"chosen", nil}, {"matmul", same(LowerMatMul)}, {"taps", same(LowerTaps)}}
	for _, s := range sizes {
		for _, form := range forms {
			b.Run(fmt.Sprintf("%dpx_b%d/%s", s.size, s.batch, form.name), func(b *testing.B) {
				c := GeneratorConfig{Size: s.size, InChannels: 1, OutChannels: 3, Downs: s.downs, Filters: 64, Norm: NormBatch}
				store := newGenerator(b, c)
				defer store.Finalize()
				if form.choose != nil {
					store.RootScope().SetParam(paramChooser, form.choose)
				}
				exec, err := ml.NewExec(backend.Backend, store, func(scope *ml.Scope, gray, color *graph.Node) *graph.Node {
					return l1Step(scope, c, gray, color)
				})
				if err != nil {
					b.Fatal(err)
				}
				defer exec.Finalize()
				gray, color := random(1, s.batch, s.size, s.size, 1), random(2, s.batch, s.size, s.size, 3)
				step := func() float32 {
					out, err := exec.Call(gray, color)
					if err != nil {
						b.Fatal(err)
					}
					defer out[0].MustFinalizeAll()
					return tensors.ToScalar[float32](out[0])
				}
				for range 2 {
					step()
				}
				for b.Loop() {
					step()
				}
			})
		}
	}
}
