// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"slices"
	"strings"

	ml "github.com/gomlx/gomlx/ml/model"
)

// ConvolutionsAuto leaves the form of each convolution to the backend and the
// layer's size.
const ConvolutionsAuto = "auto"

// convolutionForms are the forms that can be forced on all convolutions.
func convolutionForms() []Lowering {
	return []Lowering{LowerNative, LowerConvolve, LowerMatMul, LowerTaps, LowerWinograd}
}

// Convolutions returns the names that [SetConvolutions] takes.
func Convolutions() []string {
	names := []string{ConvolutionsAuto}
	for _, l := range convolutionForms() {
		names = append(names, l.String())
	}
	return names
}

// ValidateConvolutions returns an error unless the name is one of [Convolutions],
// or empty.
func ValidateConvolutions(name string) error {
	if name == "" || slices.Contains(Convolutions(), name) {
		return nil
	}
	return fmt.Errorf("convolutions must be %s, got %q", strings.Join(Convolutions(), ", "), name)
}

// SetConvolutions forces one form on the convolutions of all networks that are
// built on the store from now on, gradients included. It is for comparing forms:
// all give the same numbers but for rounding. The names are
//
//	auto      what is best for the backend and the layer's size; empty means this
//	native    the backend's own strided and dilated convolutions
//	convolve  the backend's own convolution of stride 1
//	matmul    one matrix product over all taps of a kernel
//	taps      one matrix product for each tap
//	winograd  Winograd's minimal filtering
//
// The go backend computes neither native nor convolve: building a network there
// panics, which executors return as an error.
func SetConvolutions(store *ml.Store, name string) error {
	if err := ValidateConvolutions(name); err != nil {
		return err
	}
	force := chooser(nil)
	for _, l := range convolutionForms() {
		if l.String() == name {
			force = func(unit) plan { return whole(l) }
		}
	}
	store.RootScope().SetParam(paramChooser, force)
	return nil
}
