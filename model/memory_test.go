// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
	"testing"
)

func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want bool
	}{
		{"RESOURCE_EXHAUSTED: Out of memory while trying to allocate 274877906944 bytes.", true},
		{"executing: RESOURCE_EXHAUSTED: Failed to allocate request for 2.0GiB on device ordinal 0", true},
		{"Resource exhausted: pool is empty", true},
		{"CUDA_ERROR_OUT_OF_MEMORY: out of memory", true},
		{"INVALID_ARGUMENT: shapes differ", false},
		{"INTERNAL: the memory is fine", false},
		{"", false},
	}
	for _, tt := range tests {
		err := fmt.Errorf("computing: %w", errors.New(tt.text))
		if got := OutOfMemory(err); got != tt.want {
			t.Errorf("OutOfMemory(%q) = %v, want %v", tt.text, got, tt.want)
		}
	}
	if OutOfMemory(nil) {
		t.Error("no error says that memory is used up")
	}
}

// TestActivations counts the maps of small networks by hand.
func TestActivations(t *testing.T) {
	t.Parallel()
	generator := GeneratorConfig{Size: 16, InChannels: 1, OutChannels: 3, Downs: 3, Filters: 4, Norm: NormBatch}
	// 16x16x1; down to 8x8x4, 4x4x8 twice for its norm, 2x2x16; up to 4x4x8 and
	// 8x8x4 twice, 16x16x3.
	const maps = 256 + 256 + 2*128 + 64 + 2*128 + 2*256 + 768
	if got := generator.Activations(); got != maps {
		t.Errorf("the generator has %d values, want %d", got, maps)
	}
	generator.Norm = NormNone
	if got, want := generator.Activations(), int64(maps-128-128-256); got != want {
		t.Errorf("the generator without norms has %d values, want %d", got, want)
	}
	critic := CriticConfig{Kind: CriticPatchGAN, Size: 32, Conditional: true, GrayChannels: 1, Filters: 2, Norm: NormInstance}
	// 32x32x4; 16x16x2, 8x8x4 and 4x4x8 and 3x3x16 twice, 2x2x1.
	if got, want := critic.Activations(), int64(4096+512+2*256+2*128+2*144+4); got != want {
		t.Errorf("the PatchGAN has %d values, want %d", got, want)
	}
	if got := (CriticConfig{Kind: CriticNone, Size: 32}).Activations(); got != 32*32*3 {
		t.Errorf("no critic has %d values, want its input's", got)
	}
}
