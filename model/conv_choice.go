// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/ml/model"
)

// paramChooser is a scope parameter that replaces the chooser, for tests and
// benchmarks.
const paramChooser = "conv_chooser"

// plan says how a unit convolution and its first gradients are computed.
type plan struct {
	forward, input, kernel Lowering
}

// plain tells whether automatic differentiation gives the same forms.
func (p plan) plain() bool {
	return p.forward != LowerConvolve && p.forward != LowerWinograd && p.forward == p.input && p.forward == p.kernel
}

// chooser picks the plan of a unit convolution.
type chooser func(u unit) plan

// chooserFor returns the chooser of a backend.
func chooserFor(scope *ml.Scope, b compute.Backend) chooser {
	if f := ml.GetParamOr(scope, paramChooser, chooser(nil)); f != nil {
		return f
	}
	if b.Name() != "xla" {
		// The go backend's convolution is slow, and several of them in one
		// graph wait for each other forever.
		return func(unit) plan { return plan{LowerMatMul, LowerMatMul, LowerMatMul} }
	}
	if c, ok := b.(interface{ IsCUDA() bool }); ok && c.IsCUDA() {
		return func(unit) plan { return plan{LowerConvolve, LowerConvolve, LowerConvolve} }
	}
	return chooseCPU
}

// chooseCPU picks for XLA's CPU back end, as measured on whole training steps
// (package train's BenchmarkStep) and form by form (BenchmarkConvolutionForms) on
// two cores with AVX-512.
//
// There Winograd's form takes 0.56 to 0.79 of the time of the best other form in
// all three roles, with one exception where it gains nothing: processor time of
// an L1 step at 256 pixels and batch 4 went from 2.04 to about 1.5 s, of a
// wgan-gp step at 64 pixels and batch 8 from 2.1 to 1.8 s. Of what it does not
// fit, XLA's convolution is the best forward form for many pixels, one matrix
// product for each tap their best gradient. Where the kernel is larger than the
// picture, a convolution spends its time copying the kernel, and one large matrix
// product is best.
func chooseCPU(u unit) plan {
	k := u.kernel.Shape().Dimensions
	d := u.input.Shape().Dimensions
	rows := d[0] * (d[1] + 2*u.pad - k[0] + 1) * (d[2] + 2*u.pad - k[1] + 1)
	switch {
	case k[3] <= 16: // the last layer's three channels
		return plan{LowerConvolve, LowerConvolve, LowerTaps}
	case k[2] >= 64 && rows >= winogradRows(k[0]):
		return plan{LowerWinograd, LowerWinograd, LowerWinograd}
	case rows < 1024:
		return plan{LowerMatMul, LowerMatMul, LowerRows}
	case rows < 32768:
		return plan{LowerConvolve, LowerTaps, LowerRows}
	}
	// More would make LowerRows' matrix too large.
	return plan{LowerConvolve, LowerConvolve, LowerTaps}
}

// winogradRows is the number of output pixels from which transforming a kernel
// of the given side pays. A transformed kernel has 25 values for the 16 of a 4x4
// one, but for the 4 of a 2x2 one.
func winogradRows(side int) int {
	if side == 4 {
		return 300
	}
	return 1000
}
