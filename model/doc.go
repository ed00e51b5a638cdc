// SPDX-License-Identifier: Apache-2.0

// Package model holds all tensor code of the toolkit: the networks (a U-Net
// generator, two critics), their convolutions, norms and losses, the backends
// they run on, the weight files, and [Colorizer], which maps gray pictures to
// coloured ones.
//
// # Graph builders
//
// Functions that take and return a [Node] build a computation graph. As is
// usual with GoMLX they panic on misuse; the caller's graph executor turns the
// panic into an error. Configurations are checked before, by their Validate
// methods, so that a user never sees such a panic.
//
// # Layout
//
// Pictures are [batch, height, width, channels], float32 in [-1, 1].
//
// # Precision
//
// A [Backend] has a [Precision], which [SetPrecision] gives to the networks of a
// store. Whatever it is, weights, gradients, statistics, losses and pictures are
// float32.
package model
