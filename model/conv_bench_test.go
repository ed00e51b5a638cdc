// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// BenchmarkConvolutionForms times each form of the networks' larger unit
// convolutions and of their gradients on xla:cpu: what chooseCPU goes by. XLA's
// own convolution takes seconds for the kernel gradients of the layers up.
func BenchmarkConvolutionForms(b *testing.B) {
	backend := xlaBackend(b)
	for _, s := range []struct {
		name                   string
		batch, side, in, k, to int
		pad                    int
	}{
		{"256px_down_1", 4, 65, 256, 2, 128, 0},
		{"256px_down_2", 4, 33, 512, 2, 256, 0},
		{"256px_down_3", 4, 17, 1024, 2, 512, 0},
		{"256px_up_1", 4, 64, 256, 2, 256, 1},
		{"256px_up_2", 4, 32, 512, 2, 512, 1},
		{"256px_up_3", 4, 16, 1024, 2, 1024, 1},
		{"256px_conv_2", 8, 33, 512, 2, 256, 0},
		{"256px_conv_3", 8, 32, 256, 4, 512, 1},
		{"64px_conv_3", 16, 8, 256, 4, 512, 1},
	} {
		out := s.side + 2*s.pad - s.k + 1
		x, kernel, dy := []int{s.batch, s.side, s.side, s.in}, []int{s.k, s.k, s.in, s.to}, []int{s.batch, out, out, s.to}
		roles := []struct {
			name  string
			build func(in []*Node, l Lowering) *Node
		}{
			{"output", func(in []*Node, l Lowering) *Node { return unitConv(in[0], in[1], s.pad, l) }},
			{"input", func(in []*Node, l Lowering) *Node { return unitConvInputGrad(in[2], in[1], x, s.pad, l) }},
			{"kernel", func(in []*Node, l Lowering) *Node { return unitConvKernelGrad(in[0], in[2], kernel, s.pad, l) }},
		}
		for _, role := range roles {
			for _, l := range lowerings(backend) {
				b.Run(s.name+"/"+role.name+"/"+l.String(), func(b *testing.B) {
					exec, err := graph.NewExec(backend.Backend, func(in []*Node) *Node { return role.build(in, l) })
					if err != nil {
						b.Fatal(err)
					}
					defer exec.Finalize()
					args := []any{random(1, x...), random(2, kernel...), random(3, dy...)}
					step := func() {
						got, err := exec.Call(args...)
						if err != nil {
							b.Fatal(err)
						}
						got[0].MustFinalizeAll()
					}
					step() // compiles
					for b.Loop() {
						step()
					}
				})
			}
		}
	}
}
