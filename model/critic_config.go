// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
)

// CriticKind names a critic network.
type CriticKind string

// The critics.
const (
	// CriticNone is the absence of a critic: the generator learns from L1 alone.
	CriticNone CriticKind = "none"
	// CriticConv is four convolutions and a linear layer: one score a picture.
	CriticConv CriticKind = "conv"
	// CriticPatchGAN is pix2pix's 70x70 PatchGAN: one score a patch.
	CriticPatchGAN CriticKind = "patchgan"
)

// CriticConfig describes a critic.
type CriticConfig struct {
	Kind CriticKind `json:"kind"`
	// Size is the side of the square pictures, in pixels.
	Size int `json:"size"`
	// Conditional tells whether the critic sees the gray picture beside the
	// colour one.
	Conditional bool `json:"conditional"`
	// GrayChannels is the number of channels of the gray picture, 1 or 3; it
	// counts where Conditional is set.
	GrayChannels int `json:"gray_channels"`
	// Filters is the width of the first layer: 16 for conv, 64 for patchgan in
	// the recipes.
	Filters int `json:"filters"`
	// Norm is patchgan's normalization. The conv critic has none. Instance and
	// layer norm have no gain and shift in a critic, and keep the convolutions'
	// biases.
	Norm Norm `json:"norm"`
}

// Validate returns every problem of the configuration, joined.
func (c CriticConfig) Validate() error {
	if c.Kind == CriticNone {
		return nil
	}
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch c.Kind {
	case CriticConv:
		if c.convStride() == 0 {
			fail("size must be in [62, 77] or [202, 282] for a conv critic, got %d", c.Size)
		}
		if c.Norm != NormNone {
			fail("norm must be none for a conv critic, got %q", string(c.Norm))
		}
	case CriticPatchGAN:
		if c.Size < 24 || c.Size > maxSize {
			fail("size must be in [24, %d] for a patchgan critic, got %d", maxSize, c.Size)
		}
		if err := c.Norm.validate("norm"); err != nil {
			errs = append(errs, err)
		}
	default:
		fail("critic must be none, conv or patchgan, got %q", string(c.Kind))
	}
	if c.Conditional && c.GrayChannels != 1 && c.GrayChannels != 3 {
		fail("gray_channels must be 1 or 3 for a conditional critic, got %d", c.GrayChannels)
	}
	if c.Filters < 1 || c.Filters > maxFilters {
		fail("filters must be in [1, %d], got %d", maxFilters, c.Filters)
	}
	return errors.Join(errs...)
}

// Exists tells whether there is a critic at all.
func (c CriticConfig) Exists() bool { return c.Kind != CriticNone && c.Kind != "" }

// ParameterCount returns the number of trainable values.
func (c CriticConfig) ParameterCount() int64 { return parameterCount(c.variables()) }

// convStride returns the stride of the conv critic's layers, the one that
// leaves the 2x2 maps its linear layer wants, or 0 where none does.
func (c CriticConfig) convStride() int {
	switch {
	case c.Size >= 202 && c.Size <= 282:
		return 3
	case c.Size >= 62 && c.Size <= 77:
		return 2
	}
	return 0
}

// inChannels returns the channels the first layer sees.
func (c CriticConfig) inChannels() int {
	if c.Conditional {
		return 3 + c.GrayChannels
	}
	return 3
}
