// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

const backendUsage = "what computes: auto, xla:cuda, xla:cpu or go"

// openBackend opens a backend in its own precision and says on standard error
// which one it is.
func openBackend(term terminal, name string) (*model.Backend, error) {
	return openBackendWith(term, name, string(model.PrecisionAuto))
}

// openBackendWith is openBackend for a precision, as -precision takes it.
func openBackendWith(term terminal, name, precision string) (*model.Backend, error) {
	b, err := model.OpenBackendWith(name, model.BackendOptions{Precision: model.Precision(precision)})
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	fmt.Fprintf(term.stderr, "backend %s: %s\n", b.Name, b.Description)
	return b, nil
}
