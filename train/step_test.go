// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// TestExplain tells a user what to do where the memory is used up.
func TestExplain(t *testing.T) {
	t.Parallel()
	r := tinyGAN()
	r.TrainBatchSize = 12
	s := &stepper{recipe: r}
	full := errors.New("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes")
	got := s.explain(full)
	estimate := fmt.Sprintf("%.1f GiB", float64(stepBytes(r))/(1<<30))
	for _, want := range []string{"train_batch_size 12", estimate, "smaller train_batch_size", full.Error()} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
	other := errors.New("INTERNAL: something else")
	if got := s.explain(other); strings.Contains(got.Error(), "memory") || !errors.Is(got, other) || !errors.Is(s.explain(full), full) {
		t.Errorf("another error becomes %q", got)
	}
}

// TestStepBytes looks at how the estimate grows with what needs memory.
func TestStepBytes(t *testing.T) {
	t.Parallel()
	base := tinyGAN()
	need := func(change func(*recipes.Recipe)) int64 {
		r := base
		change(&r)
		return stepBytes(r)
	}
	small := need(func(*recipes.Recipe) {})
	for name, more := range map[string]int64{
		"batch size":  need(func(r *recipes.Recipe) { r.TrainBatchSize++ }),
		"size":        need(func(r *recipes.Recipe) { r.Size = 48 }),
		"filters":     need(func(r *recipes.Recipe) { r.Filters++ }),
		"the critic":  need(func(r *recipes.Recipe) { r.CriticFilters++ }),
		"many of all": need(func(r *recipes.Recipe) { r.TrainBatchSize, r.Size, r.Filters = 8, 64, 8 }),
	} {
		if more <= small {
			t.Errorf("with more of %s the estimate is %d, before %d", name, more, small)
		}
	}
	two, four := need(func(r *recipes.Recipe) { r.TrainBatchSize = 2 }), need(func(r *recipes.Recipe) { r.TrainBatchSize = 4 })
	six := need(func(r *recipes.Recipe) { r.TrainBatchSize = 6 })
	if four-two != six-four {
		t.Errorf("each picture must need the same: %d, %d, %d for batches of 2, 4 and 6", two, four, six)
	}
	alone := base
	alone.Critic = model.CriticNone
	if got := stepBytes(alone); got >= small || got <= 7*4*alone.Generator().ParameterCount() {
		t.Errorf("without a critic the estimate is %d, with one %d", got, small)
	}
}

// TestClip scales gradients of known norms.
func TestClip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		most float64
		in   []float32
		norm float64
		want []float32
	}{
		{"above", 1, []float32{3, 0, -4}, 5, []float32{0.6, 0, -0.8}},
		{"below", 10, []float32{3, 0, -4}, 5, []float32{3, 0, -4}},
		{"at the limit", 5, []float32{3, 0, -4}, 5, []float32{3, 0, -4}},
		{"zero", 1, []float32{0, 0, 0}, 0, []float32{0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exec, err := ml.NewExec(goBackend(t).Backend, ml.NewStore(), func(_ *ml.Scope, x *graph.Node) []*graph.Node {
				// Two gradients of different shapes share a norm.
				parts := []*graph.Node{graph.Slice(x, graph.AxisRange(0, 1)), graph.Reshape(graph.Slice(x, graph.AxisRange(1, 3)), 1, 2)}
				norm := globalNorm(parts)
				return append([]*graph.Node{norm}, clip(parts, norm, tt.most)...)
			})
			must(t, err)
			defer exec.Finalize()
			out, err := exec.Exec(tt.in)
			must(t, err)
			if got := tensors.ToScalar[float32](out[0]); math.Abs(float64(got)-tt.norm) > 1e-6 {
				t.Errorf("the norm is %v, want %v", got, tt.norm)
			}
			got := append(tensors.MustCopyFlatData[float32](out[1]), tensors.MustCopyFlatData[float32](out[2])...)
			if off := farthest(map[string][]float32{"": tt.want}, map[string][]float32{"": got}); off > 1e-6 {
				t.Errorf("clipped they are %v, want %v", got, tt.want)
			}
		})
	}
}
