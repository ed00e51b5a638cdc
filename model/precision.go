// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"
)

// Precision says with what numbers networks compute. Weights, their gradients,
// an optimizer's state, losses and what goes into a network and comes out are
// float32 in any case.
type Precision string

const (
	// PrecisionAuto is that of the backend: TF32 on xla:cuda, as XLA has it by
	// default, float32 on the others.
	PrecisionAuto Precision = "auto"
	// PrecisionFloat32 computes in float32.
	PrecisionFloat32 Precision = "float32"
	// PrecisionTF32 lets xla:cuda round the factors of products to TF32, which
	// has 11 significant bits; sums are float32.
	PrecisionTF32 Precision = "tf32"
	// PrecisionBFloat16 gives convolutions factors in bfloat16, which has 8
	// significant bits, and keeps the maps between layers in it. Their sums are
	// float32, and rounded to it: those of the gradients, by a kernel too, as well.
	// Norms, biases and the generator's tanh are float32, as is the whole of a
	// gradient penalty's pass. On xla:cuda what is float32 may still use TF32.
	PrecisionBFloat16 Precision = "bfloat16"
)

// envTF32 is read by CUDA's libraries when they are loaded: 0 forbids TF32, 1
// forces it.
const envTF32 = "NVIDIA_TF32_OVERRIDE"

// check returns an error unless the precision is one of the four, or empty.
func (p Precision) check() error {
	switch p {
	case "", PrecisionAuto, PrecisionFloat32, PrecisionTF32, PrecisionBFloat16:
		return nil
	}
	return fmt.Errorf("precision must be %s, %s, %s or %s, got %q",
		PrecisionAuto, PrecisionFloat32, PrecisionTF32, PrecisionBFloat16, string(p))
}

// resolve returns the precision that the named backend has where p is asked for,
// or what is in the way and what to do about it. override is the value of
// envTF32.
func (p Precision) resolve(backend, override string) (resolved Precision, problem, fix string) {
	if p == "" {
		p = PrecisionAuto
	}
	if backend == BackendCUDA {
		return p.resolveCUDA(override)
	}
	switch {
	case p == PrecisionAuto:
		return PrecisionFloat32, "", ""
	case p == PrecisionTF32:
		return "", "it has no tf32", "use -precision float32, or -backend xla:cuda"
	case p == PrecisionBFloat16 && backend == BackendGo:
		return "", "it has no bfloat16", "use -precision float32, or an xla backend"
	}
	return p, "", ""
}

// resolveCUDA is resolve for xla:cuda.
func (p Precision) resolveCUDA(override string) (resolved Precision, problem, fix string) {
	switch {
	case p == PrecisionAuto && override == "0":
		return PrecisionFloat32, "", ""
	case p == PrecisionAuto:
		return PrecisionTF32, "", ""
	case p == PrecisionTF32 && override == "0":
		return "", "there is no tf32 while " + envTF32 + " is 0", "unset it, or use -precision float32"
	case p == PrecisionFloat32 && override != "" && override != "0":
		return "", "there is no float32 while " + envTF32 + " is " + override, "unset it, or use -precision tf32"
	}
	return p, "", ""
}

// paramPrecision is the scope parameter of SetPrecision.
const paramPrecision = "precision"

// SetPrecision sets the precision of all networks that are built on the store
// from now on: that of the backend which runs them, [Backend.Precision]. Without
// it they are float32. TF32 is no matter of a graph, but of the backend.
func SetPrecision(store *ml.Store, p Precision) { store.RootScope().SetParam(paramPrecision, p) }

// precisionOf returns the precision that [SetPrecision] has set for the scope.
func precisionOf(scope *ml.Scope) Precision {
	return ml.GetParamOr(scope, paramPrecision, PrecisionFloat32)
}

// dtype is that of convolutions and of the maps between layers.
func (p Precision) dtype() dtypes.DType {
	if p == PrecisionBFloat16 {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// float32Of is x in float32.
func float32Of(x *Node) *Node { return graph.ConvertDType(x, dtypes.Float32) }
