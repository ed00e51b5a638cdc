// SPDX-License-Identifier: Apache-2.0

package model

import "strings"

// OutOfMemory tells whether an error of a backend says that the device's memory
// is used up. XLA's status is RESOURCE_EXHAUSTED, with words that differ between
// its plugins.
func OutOfMemory(err error) bool {
	if err == nil {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"resource_exhausted", "resource exhausted", "out of memory", "failed to allocate"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// Activations counts the values in the maps of one picture, those of the norm
// layers beside those of the convolutions.
func (c GeneratorConfig) Activations() int64 {
	total, side := int64(c.Size*c.Size*c.InChannels), c.Size
	for i, out := range c.widths() {
		side /= 2
		maps := int64(1)
		if c.downHasNorm(i) && c.Norm != NormNone {
			maps = 2
		}
		total += maps * int64(side*side*out)
	}
	for i := c.Downs - 1; i >= 0; i-- {
		side *= 2
		_, out := c.upChannels(i)
		maps := int64(1)
		if i > 0 && c.Norm != NormNone {
			maps = 2
		}
		total += maps * int64(side*side*out)
	}
	return total
}

// Activations counts the values in the maps of one picture, as the generator's.
func (c CriticConfig) Activations() int64 {
	total, side := int64(c.Size*c.Size*c.inChannels()), c.Size
	for _, l := range c.layers() {
		side = l.conv.outputSide(side)
		maps := int64(1)
		if l.norm != NormNone {
			maps = 2
		}
		total += maps * int64(side*side*l.out)
	}
	return total
}
