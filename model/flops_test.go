// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWork(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		got  Work
		want Work
	}{
		{
			// 8 px, two halvings, 2 filters. Down: 4x4 outputs of 16 taps from 1 to 2
			// channels, 2x2 from 2 to 4. Up: from 2x2 and 4 channels to 2, from 4x4
			// and 4 channels (2 of them skipped) to 3.
			"generator", GeneratorConfig{Size: 8, InChannels: 1, OutChannels: 3, Downs: 2, Filters: 2, Norm: NormBatch}.Work(),
			Work{Layers: []int64{16 * 16 * 2, 4 * 16 * 8, 4 * 16 * 8, 16 * 16 * 12}, Curved: 3},
		},
		{
			// 24 px: maps of 12, 6, 3, 2 and 1 pixels a side on 4, 2, 4, 8, 16 and 1
			// channels; norms behind the second to the fourth.
			"patchgan",
			CriticConfig{Kind: CriticPatchGAN, Size: 24, Conditional: true, GrayChannels: 1, Filters: 2, Norm: NormInstance}.Work(),
			Work{Layers: []int64{144 * 16 * 8, 36 * 16 * 8, 9 * 16 * 32, 4 * 16 * 128, 16 * 16}, Curved: 4},
		},
		{
			"patchgan without norms", CriticConfig{Kind: CriticPatchGAN, Size: 24, Filters: 2, Norm: NormNone}.Work(),
			Work{Layers: []int64{144 * 16 * 6, 36 * 16 * 8, 9 * 16 * 32, 4 * 16 * 128, 16 * 16}},
		},
		{
			// 256 px, stride 3: maps of 85, 28, 9 and 2 pixels a side, then 512
			// features to one score.
			"conv", CriticConfig{Kind: CriticConv, Size: 256, Filters: 16, Norm: NormNone}.Work(),
			Work{Layers: []int64{85 * 85 * 16 * 48, 28 * 28 * 16 * 512, 81 * 16 * 2048, 4 * 16 * 8192, 512}},
		},
		{"none", CriticConfig{Kind: CriticNone}.Work(), Work{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestWorkOfSteps(t *testing.T) {
	t.Parallel()
	straight := Work{Layers: []int64{1, 10, 100}}
	curved := Work{Layers: []int64{1, 10, 100}, Curved: 2}
	tests := []struct {
		name      string
		got, want int64
	}{
		{"forward", straight.Forward(), 111},
		{"training: forward, kernels, inputs but the first", straight.Train(), 111 + 111 + 110},
		{"through: forward, inputs", straight.Through(), 111 + 111},
		// Forward without the last layer, inputs, then kernels and all inputs but
		// the last layer's.
		{"penalty", straight.Penalty(), 11 + 111 + 111 + 11},
		// And back through the forward pass of the first two: kernels, inputs but
		// the first.
		{"penalty through norms", curved.Penalty(), 11 + 111 + 111 + 11 + 11 + 10},
		{"penalty of nothing", Work{}.Penalty(), 0},
		{"training of nothing", Work{}.Train(), 0},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %d multiply-adds, want %d", tt.name, tt.got, tt.want)
		}
	}
}
