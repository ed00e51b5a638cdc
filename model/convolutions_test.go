// SPDX-License-Identifier: Apache-2.0

package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TestSetConvolutions builds a generator with each form by its name: on xla:cpu
// all give the output that auto gives, on go what its own convolution would be
// needed for is refused.
func TestSetConvolutions(t *testing.T) {
	t.Parallel()
	c, gray := smallGenerator(NormBatch), random(1, 2, 16, 16, 1)
	build := func(b *Backend, name string) ([]float32, error) {
		store := enlarge(newGenerator(t, c))
		if err := SetConvolutions(store, name); err != nil {
			return nil, err
		}
		var got []float32
		exec, err := ml.NewExec(b.Backend, store, func(root *ml.Scope, in *Node) *Node {
			return Generator(root.In(GeneratorScope), c, in, Train)
		})
		if err != nil {
			return nil, err
		}
		defer exec.Finalize()
		in, err := gray.LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(in)
		if err == nil {
			got = tensors.MustCopyFlatData[float32](out[0])
			out[0].MustFinalizeAll()
		}
		return got, err
	}
	onBackends(t, func(t *testing.T, b *Backend) {
		want, err := build(b, ConvolutionsAuto)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range Convolutions() {
			got, err := build(b, name)
			if b.Name == BackendGo && slices.Contains([]string{"native", "convolve"}, name) {
				if err == nil || !strings.Contains(err.Error(), "the go backend cannot compute several of its own convolutions") {
					t.Errorf("%s: got error %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if diff := worst(t, got, want); diff > 1e-5 {
				t.Errorf("%s: output differs by %g from auto's", name, diff)
			}
		}
	})
	if _, err := build(goBackend(t), "fft"); err == nil || err.Error() != `convolutions must be auto, native, convolve, matmul, taps, winograd, got "fft"` {
		t.Errorf("got error %v", err)
	}
}
