// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/modeltest"
)

// TestColorizerPrecision colours in the precision of the backend: the colours of
// bfloat16 are near those of float32, and no job may take one for the other.
func TestColorizerPrecision(t *testing.T) {
	t.Parallel()
	full, ok := backends(t)[model.BackendCPU]
	if !ok {
		t.Skip("no XLA")
	}
	half := bfloat16(t)
	if half.Precision != model.PrecisionBFloat16 {
		t.Errorf("the backend's precision is %s", half.Precision)
	}
	run := modeltest.Tiny(t)
	a, b := open(t, full, run, 2), open(t, half, run, 2)
	if a.Hash() == b.Hash() {
		t.Error("float32 and bfloat16 have one hash")
	}
	if a.Weights().Hash != b.Weights().Hash {
		t.Error("their weights have two hashes")
	}
	want, err := a.Colorize(context.Background(), grays(2, a.Size()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Colorize(context.Background(), grays(2, b.Size()))
	if err != nil {
		t.Fatal(err)
	}
	var worst float64
	for i := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(want[i])))
	}
	t.Logf("colours differ by at most %g", worst)
	if !(worst > 0 && worst < 0.012) { // a level of 8 bits is 0.0078
		t.Errorf("colours differ by at most %g", worst)
	}
}

// TestColorizerConvolutions forces a form of convolution.
func TestColorizerConvolutions(t *testing.T) {
	t.Parallel()
	b := backends(t)[model.BackendGo]
	run := modeltest.Tiny(t)
	for name, want := range map[string]string{
		"fft":    `convolutions must be auto, native, convolve, matmul, taps, winograd, got "fft"`,
		"native": "the go backend cannot compute several of its own convolutions in one graph",
		"taps":   "",
	} {
		c, err := model.OpenColorizer(b, run, model.ColorizerOptions{Convolutions: name})
		if err == nil {
			err = c.Close()
		}
		if got := errorText(err); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
