// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
	"math/bits"
)

// Norm names a normalization layer.
type Norm string

// The normalizations. A generator takes batch or instance norm; a critic under
// a gradient penalty must not take batch norm, since it couples the samples.
const (
	NormNone     Norm = "none"
	NormBatch    Norm = "batch"
	NormInstance Norm = "instance"
	NormLayer    Norm = "layer"
)

func (n Norm) validate(field string) error {
	switch n {
	case NormNone, NormBatch, NormInstance, NormLayer:
		return nil
	}
	return fmt.Errorf("%s must be none, batch, instance or layer, got %q", field, string(n))
}

// maxFilters bounds the width, so that a damaged model.json cannot ask for
// terabytes.
const maxFilters = 512

// maxSize bounds the picture side for the same reason.
const maxSize = 4096

// GeneratorConfig describes the pix2pix U-Net. Kernels are 4x4, stride 2,
// padding 1.
type GeneratorConfig struct {
	// Size is the side of the square pictures, in pixels: a multiple of
	// 2^Downs.
	Size int `json:"size"`
	// InChannels is 1 (gray) or 3 (gray copied to three channels).
	InChannels int `json:"in_channels"`
	// OutChannels is 3 for red, green and blue, or 2 for Cb and Cr of ITU-R
	// BT.601, which the network joins with the gray picture's luma.
	OutChannels int `json:"out_channels"`
	// Downs is the number of halvings, at most log2(Size).
	Downs int `json:"num_downs"`
	// Filters is the width of the first layer; deeper ones have up to 8 times
	// as many.
	Filters int `json:"filters"`
	// Norm is the normalization: batch norm has no convolution biases beside
	// it, the others keep them. Instance and layer norm have gains and shifts.
	Norm Norm `json:"norm"`
}

// Validate returns every problem of the configuration, joined.
func (c GeneratorConfig) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	sizeOK := c.Size >= 2 && c.Size <= maxSize
	if !sizeOK {
		fail("size must be in [2, %d], got %d", maxSize, c.Size)
	} else if most := bits.Len(uint(c.Size)) - 1; c.Downs < 1 || c.Downs > most {
		fail("num_downs must be in [1, %d] for %d-px pictures, got %d", most, c.Size, c.Downs)
	} else if c.Size%(1<<c.Downs) != 0 {
		fail("size must be a multiple of 2^num_downs = %d, got %d", 1<<c.Downs, c.Size)
	}
	if c.InChannels != 1 && c.InChannels != 3 {
		fail("in_channels must be 1 or 3, got %d", c.InChannels)
	}
	if c.OutChannels != 2 && c.OutChannels != 3 {
		fail("out_channels must be 2 or 3, got %d", c.OutChannels)
	}
	if c.Filters < 1 || c.Filters > maxFilters {
		fail("filters must be in [1, %d], got %d", maxFilters, c.Filters)
	}
	if err := c.Norm.validate("norm"); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// ParameterCount returns the number of trainable values.
func (c GeneratorConfig) ParameterCount() int64 { return parameterCount(c.variables()) }

// MultiplyAdds returns the multiplications (each with an addition) that the
// convolutions take for one picture in one forward pass; see [Work].
func (c GeneratorConfig) MultiplyAdds() int64 { return c.Work().Forward() }

// widths returns the output channels of each down layer.
func (c GeneratorConfig) widths() []int {
	w := make([]int, c.Downs)
	for i := range w {
		w[i] = c.Filters * min(1<<min(i, 3), 8)
	}
	return w
}

// upChannels returns the channels in and out of the up layer that mirrors down
// layer i.
func (c GeneratorConfig) upChannels(i int) (in, out int) {
	w := c.widths()
	in = 2 * w[i] // the skip connection beside the layer below
	if i == c.Downs-1 {
		in = w[i]
	}
	if i == 0 {
		return in, c.OutChannels
	}
	return in, w[i-1]
}

// convBias tells whether convolutions beside the norm carry a bias: batch norm
// would subtract it again.
func (n Norm) convBias() bool { return n != NormBatch }
