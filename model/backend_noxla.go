// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package model

import (
	"errors"

	"github.com/gomlx/compute"
)

// xlaBuilt tells that this binary can load XLA plugins.
const xlaBuilt = false

func openXLA(_, _ string, _ Precision) (compute.Backend, string, error) {
	return nil, "", errors.New("this binary was built without cgo")
}
