// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// l1Step builds a training step of recipe 6.1: generator, L1, Adam, all in one
// graph. With auto it takes the gradients by automatic differentiation.
func l1Step(scope *ml.Scope, c GeneratorConfig, gray, color *Node, auto bool) *Node {
	scope = scope.In(GeneratorScope)
	var loss *Node
	var grads []*Node
	if auto {
		loss = L1Loss(Generator(scope, c, gray, Train), color)
		grads = graph.Gradient(loss, trainables(scope, gray.Graph())...)
	} else {
		fake, tape := TrainGenerator(scope, c, gray)
		loss = L1Loss(fake, color)
		grads = tape.Gradients(loss)
		tape.UpdateStatistics()
	}
	adam := optimizer.Adam().LearningRate(2e-4).Betas(0.5, 0.999).Epsilon(1e-8).Done()
	adam.(interface {
		UpdateGraphWithGradients(*ml.Scope, []*graph.Node, dtypes.DType)
	}).UpdateGraphWithGradients(scope, grads, dtypes.Float32)
	return loss
}

func BenchmarkTrainStepL1(b *testing.B) {
	backend := xlaBackend(b)
	sizes := []struct{ size, downs, batch int }{{64, 6, 8}, {256, 7, 1}, {256, 7, 8}}
	same := func(l Lowering) chooser { return func(unit) plan { return plan{l, l, l} } }
	forms := []struct {
		name   string
		auto   bool
		choose chooser
	}{{"tape", false, nil}, {"tape_matmul", false, same(LowerMatMul)}, {"tape_taps", false, same(LowerTaps)}, {"auto", true, nil}}
	if os.Getenv("COMBOS") != "" {
		for _, cs := range strings.Split(os.Getenv("COMBOS"), " ") {
			forms = append(forms, struct {
				name   string
				auto   bool
				choose chooser
			}{cs, false, parseChooser(cs)})
		}
	}
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
					return l1Step(scope, c, gray, color, form.auto)
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

// CMT@rows: forms above rows, matmul below
func parseChooser(s string) chooser {
	l := map[byte]Lowering{'C': LowerConvolve, 'M': LowerMatMul, 'T': LowerTaps}
	var rows int
	f := s[:3]
	fmt.Sscanf(s[3:], "@%d", &rows)
	return func(u unit) plan {
		k := u.kernel.Shape().Dimensions
		d := u.input.Shape().Dimensions
		n := d[0] * (d[1] + 2*u.pad - k[0] + 1) * (d[2] + 2*u.pad - k[1] + 1)
		if n < rows {
			return plan{LowerMatMul, LowerMatMul, LowerMatMul}
		}
		return plan{l[f[0]], l[f[1]], l[f[2]]}
	}
}
