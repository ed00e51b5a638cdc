// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"

	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/ml/model"
)

// paramChooser is a scope parameter that replaces the chooser, for tests and
// benchmarks.
const paramChooser = "conv_chooser"

// plan says how a convolution and its first gradients are computed: as unit
// convolutions, each in a form of its own, or LowerNative, which is a plan for
// all three.
type plan struct {
	forward, input, kernel Lowering
}

// whole is the plan that takes one form for all.
func whole(l Lowering) plan { return plan{l, l, l} }

// native tells whether the whole convolution is the backend's own.
func (p plan) native() bool { return p == whole(LowerNative) }

// convolves tells whether the backend's own convolution is used.
func (p plan) convolves() bool {
	of := func(l Lowering) bool { return l == LowerConvolve || l == LowerNative }
	return of(p.forward) || of(p.input) || of(p.kernel)
}

// plain tells whether automatic differentiation gives the same forms.
func (p plan) plain() bool {
	own := p.forward == LowerConvolve || p.forward == LowerWinograd || p.forward == LowerScatter
	return !own && p.forward == p.input && p.forward == p.kernel
}

// chooser picks the plan of a convolution by the unit convolution that it is
// brought to.
type chooser func(u unit) plan

// chooserFor returns the chooser of a backend, or the one that the scope forces.
func chooserFor(scope *ml.Scope, b compute.Backend) chooser {
	forced := ml.GetParamOr(scope, paramChooser, chooser(nil))
	if b.Name() != "xla" {
		return chooserGo(forced)
	}
	if forced != nil {
		return forced
	}
	if c, ok := b.(interface{ IsCUDA() bool }); ok && c.IsCUDA() {
		// Expected, not measured: cuDNN has kernels for all three operations of a
		// strided convolution, and unit forms move more memory. `chromabeam bench`
		// and infra/gpu compare them on a device.
		return func(unit) plan { return whole(LowerNative) }
	}
	return chooseCPU
}

// chooserGo keeps the go backend from its own convolution, which is slow, and
// several of which in one graph wait for each other forever.
func chooserGo(forced chooser) chooser {
	if forced == nil {
		return func(unit) plan { return whole(LowerMatMul) }
	}
	return func(u unit) plan {
		p := forced(u)
		if p.convolves() {
			panic(errors.New("building a convolution: the go backend cannot compute several of its own convolutions " +
				"in one graph: use matmul, taps or winograd, or an xla backend"))
		}
		return p
	}
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
// product is best, or in a transposed convolution LowerScatter, which leaves out
// half of the products and more where a map has a side of 4 or less.
func chooseCPU(u unit) plan {
	k := u.kernel.Shape().Dimensions
	d := u.input.Shape().Dimensions
	rows := d[0] * (d[1] + 2*u.pad - k[0] + 1) * (d[2] + 2*u.pad - k[1] + 1)
	switch {
	case k[3] <= 16: // the last layer's three channels
		return plan{LowerConvolve, LowerConvolve, LowerTaps}
	case k[2] >= 64 && rows >= winogradPixels(k[0]):
		return plan{LowerWinograd, LowerWinograd, LowerWinograd}
	case rows < 1024 && scatters(k, u.pad):
		return whole(LowerScatter)
	case rows < 1024:
		return plan{LowerMatMul, LowerMatMul, LowerRows}
	case rows < 32768:
		return plan{LowerConvolve, LowerTaps, LowerRows}
	}
	// More would make LowerRows' matrix too large.
	return plan{LowerConvolve, LowerConvolve, LowerTaps}
}

// winogradPixels is the number of output pixels from which transforming a kernel
// of the given side pays. A transformed kernel has 49 values for the 16 of a 4x4
// one, but 25 for the 4 of a 2x2 one.
func winogradPixels(side int) int {
	if side == 4 {
		return 300
	}
	return 1000
}
