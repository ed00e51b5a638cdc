// SPDX-License-Identifier: Apache-2.0

package model

import (
	"image/color"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TestJoinChroma converts colours that image/color has split into luma and
// chroma back: within its rounding the same, and with the same luma.
func TestJoinChroma(t *testing.T) {
	var luma, chroma, want []float32
	level := func(v uint8) float32 { return float32(v)/127.5 - 1 }
	for _, c := range [][3]uint8{
		{0, 0, 0}, {255, 255, 255}, {128, 128, 128}, {250, 240, 90}, {200, 60, 50}, {40, 60, 160}, {70, 170, 90},
		{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {12, 200, 255},
	} {
		y, cb, cr := color.RGBToYCbCr(c[0], c[1], c[2])
		luma = append(luma, level(y))
		// Chroma has 128 for none; the scale [-1, 1] has 0.
		chroma = append(chroma, (float32(cb)-128)/127.5, (float32(cr)-128)/127.5)
		for _, v := range c {
			want = append(want, level(v))
		}
	}
	n := len(luma)
	onBackends(t, func(t *testing.T, b *Backend) {
		for _, channels := range []int{1, 3} {
			out := eval(t, b, func(in []*Node) []*Node {
				return []*Node{joinChroma(copyChannels(in[0], channels), in[1])}
			}, tensors.FromFlatDataAndDimensions(luma, 1, 1, n, 1), tensors.FromFlatDataAndDimensions(chroma, 1, 1, n, 2))[0]
			for i := range n {
				rgb := out[3*i : 3*i+3]
				for c, v := range rgb {
					if math.Abs(float64(v-want[3*i+c])) > 2.0/127.5 {
						t.Errorf("colour %d has channel %d at %.4f, want %.4f", i, c, v, want[3*i+c])
					}
				}
				if y := 0.299*rgb[0] + 0.587*rgb[1] + 0.114*rgb[2]; math.Abs(float64(y-luma[i])) > 1e-3 {
					t.Errorf("colour %d has luma %.5f, want %.5f", i, y, luma[i])
				}
			}
		}
	})
}

// TestChromaGenerator gives any network of two channels the luma of its input,
// whatever its weights, and gradients to every one of them.
func TestChromaGenerator(t *testing.T) {
	c := GeneratorConfig{Size: 16, InChannels: 1, OutChannels: 2, Downs: 3, Filters: 4, Norm: NormInstance}
	gray := random(3, 2, 16, 16, 1)
	onBackends(t, func(t *testing.T, b *Backend) {
		store := newGenerator(t, c) // variables belong to one backend
		var names []string
		out := evalStore(t, b, store, func(root *ml.Scope, in []*Node) []*Node {
			scope := root.In(GeneratorScope)
			made, tape := TrainGenerator(scope, c, in[0])
			names = trainableNames(store)
			return append([]*Node{made}, tape.Gradients(graph.ReduceAllSum(graph.Square(made)))...)
		}, gray)
		luma := tensors.MustCopyFlatData[float32](gray)
		if len(out[0]) != 3*len(luma) {
			t.Fatalf("%d values, want %d", len(out[0]), 3*len(luma))
		}
		for i, want := range luma {
			rgb := out[0][3*i : 3*i+3]
			if y := 0.299*rgb[0] + 0.587*rgb[1] + 0.114*rgb[2]; math.Abs(float64(y-want)) > 1e-3 {
				t.Fatalf("value %d has luma %.5f, want %.5f", i, y, want)
			}
		}
		for i, gradient := range out[1:] {
			// A bias before an instance norm changes nothing.
			if flat := largestOf(gradient) == 0; flat {
				t.Errorf("no gradient flows to %s", names[i])
			}
		}
	})
}
