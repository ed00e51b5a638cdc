// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

const backendUsage = "what computes: auto, xla:cuda, xla:cpu or go"

// openBackend opens a backend and says on standard error which one it is.
func openBackend(term terminal, name string) (*model.Backend, error) {
	b, err := model.OpenBackend(name)
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	fmt.Fprintf(term.stderr, "backend %s: %s\n", b.Name, b.Description)
	return b, nil
}
