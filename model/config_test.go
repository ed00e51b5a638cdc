// SPDX-License-Identifier: Apache-2.0

package model

import (
	"strings"
	"testing"

	ml "github.com/gomlx/gomlx/ml/model"
)

// made counts the values of the trainable variables that were actually made.
func made(store *ml.Store) (n int64) {
	for v := range store.IterVariables() {
		if v.Trainable {
			n += int64(v.Shape().Size())
		}
	}
	return n
}

func TestGeneratorParameters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		size, in, downs int
		norm            Norm
		want            int64
	}{
		{"1 to 3", 256, 1, 7, NormBatch, 41_826_947},
		{"3 to 3", 256, 3, 7, NormBatch, 41_828_995},
		{"3 to 3, 8 downs", 256, 3, 8, NormBatch, 54_413_955},
		{"1 to 3, 6 downs", 64, 1, 6, NormBatch, 29_241_987},
		{"1 to 3, instance norm", 256, 1, 7, NormInstance, 41_831_427},
	}
	for _, tt := range tests {
		c := GeneratorConfig{Size: tt.size, InChannels: tt.in, OutChannels: 3, Downs: tt.downs, Filters: 64, Norm: tt.norm}
		if got := c.ParameterCount(); got != tt.want {
			t.Errorf("%s: ParameterCount is %d, want %d", tt.name, got, tt.want)
		}
		if testing.Short() {
			continue
		}
		store := newGenerator(t, c)
		if got := made(store); got != tt.want {
			t.Errorf("%s: %d values were made, want %d", tt.name, got, tt.want)
		}
		store.Finalize()
	}
}

func TestCriticParameters(t *testing.T) {
	t.Parallel()
	conv := func(size int) CriticConfig {
		return CriticConfig{Kind: CriticConv, Size: size, Filters: 16, Norm: NormNone}
	}
	patch := func(gray int, norm Norm) CriticConfig {
		return CriticConfig{Kind: CriticPatchGAN, Size: 256, Conditional: gray > 0, GrayChannels: gray, Filters: 64, Norm: norm}
	}
	tests := []struct {
		name string
		c    CriticConfig
		want int64
	}{
		{"conv, 256 px", conv(256), 173_553},
		{"conv, 64 px", conv(64), 173_553},
		{"patchgan on 3 channels", patch(0, NormBatch), 2_765_633},
		{"patchgan on 4 channels", patch(1, NormBatch), 2_766_657},
		{"patchgan on 6 channels", patch(3, NormBatch), 2_768_705},
		{"patchgan on 4 channels, instance norm", patch(1, NormInstance), 2_765_761},
	}
	for _, tt := range tests {
		if got := tt.c.ParameterCount(); got != tt.want {
			t.Errorf("%s: ParameterCount is %d, want %d", tt.name, got, tt.want)
		}
		if got := made(newCritic(t, tt.c)); got != tt.want {
			t.Errorf("%s: %d values were made, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMultiplyAdds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		size, downs int
		want        float64 // in units of 10^9
	}{{256, 7, 5.99}, {64, 6, 0.37}}
	for _, tt := range tests {
		c := GeneratorConfig{Size: tt.size, InChannels: 1, OutChannels: 3, Downs: tt.downs, Filters: 64, Norm: NormBatch}
		got := float64(c.MultiplyAdds()) / 1e9
		if got < tt.want-0.01 || got > tt.want+0.01 {
			t.Errorf("%d px: %.3f G multiply-adds, want %.2f", tt.size, got, tt.want)
		}
	}
}

func TestGeneratorConfigValidate(t *testing.T) {
	t.Parallel()
	good := GeneratorConfig{Size: 64, InChannels: 1, OutChannels: 3, Downs: 6, Filters: 64, Norm: NormBatch}
	tests := []struct {
		name   string
		change func(c *GeneratorConfig)
		want   []string // parts of the error; none: valid
	}{
		{"good", func(*GeneratorConfig) {}, nil},
		{"too deep", func(c *GeneratorConfig) { c.Downs = 7 }, []string{"num_downs must be in [1, 6] for 64-px pictures, got 7"}},
		{"flat", func(c *GeneratorConfig) { c.Downs = 0 }, []string{"num_downs must be in [1, 6] for 64-px pictures, got 0"}},
		{"not divisible", func(c *GeneratorConfig) { c.Size, c.Downs = 96, 6 }, []string{"size must be a multiple of 2^num_downs = 64, got 96"}},
		{"divisible", func(c *GeneratorConfig) { c.Size, c.Downs = 96, 5 }, nil},
		{"tiny", func(c *GeneratorConfig) { c.Size = 1 }, []string{"size must be in [2, 4096], got 1"}},
		{"negative", func(c *GeneratorConfig) { c.Size = -64 }, []string{"size must be in [2, 4096], got -64"}},
		{"several", func(c *GeneratorConfig) { c.InChannels, c.OutChannels, c.Filters, c.Norm = 2, 0, 0, "group" },
			[]string{"in_channels must be 1 or 3, got 2", "out_channels must be 2 or 3, got 0", "filters must be in [1, 512], got 0", `norm must be none, batch, instance or layer, got "group"`}},
	}
	for _, tt := range tests {
		c := good
		tt.change(&c)
		checkProblems(t, tt.name, c.Validate(), tt.want)
	}
}

func TestCriticConfigValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		c    CriticConfig
		want []string
	}{
		{"none", CriticConfig{Kind: CriticNone}, nil},
		{"conv 202", CriticConfig{Kind: CriticConv, Size: 202, Filters: 16, Norm: NormNone}, nil},
		{"conv 282", CriticConfig{Kind: CriticConv, Size: 282, Filters: 16, Norm: NormNone}, nil},
		{"conv 128", CriticConfig{Kind: CriticConv, Size: 128, Filters: 16, Norm: NormNone}, []string{"size must be in [62, 77] or [202, 282] for a conv critic, got 128"}},
		{"conv with norm", CriticConfig{Kind: CriticConv, Size: 64, Filters: 16, Norm: NormBatch}, []string{`norm must be none for a conv critic, got "batch"`}},
		{"patchgan", CriticConfig{Kind: CriticPatchGAN, Size: 64, Conditional: true, GrayChannels: 1, Filters: 64, Norm: NormInstance}, nil},
		{"small patchgan", CriticConfig{Kind: CriticPatchGAN, Size: 16, Filters: 64, Norm: NormInstance}, []string{"size must be in [24, 4096] for a patchgan critic, got 16"}},
		{"no gray", CriticConfig{Kind: CriticPatchGAN, Size: 64, Conditional: true, Filters: 64, Norm: NormInstance}, []string{"gray_channels must be 1 or 3 for a conditional critic, got 0"}},
		{"unknown", CriticConfig{Kind: "wide", Filters: 1}, []string{`critic must be none, conv or patchgan, got "wide"`}},
	}
	for _, tt := range tests {
		checkProblems(t, tt.name, tt.c.Validate(), tt.want)
	}
}

// checkProblems wants every part in the error, one line each, and no other.
func checkProblems(t *testing.T, name string, err error, want []string) {
	t.Helper()
	var lines []string
	if err != nil {
		lines = strings.Split(err.Error(), "\n")
	}
	if len(lines) != len(want) {
		t.Errorf("%s: got %q, want %q", name, lines, want)
		return
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("%s: got %q, want %q", name, lines[i], want[i])
		}
	}
}
