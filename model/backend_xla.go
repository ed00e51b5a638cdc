// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package model

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// xlaBuilt tells that this binary can load XLA plugins.
const xlaBuilt = true

// openXLA loads a plugin and runs a small computation on it, so that a plugin
// whose libraries or driver do not fit is found out now.
func openXLA(kind, plugin string, precision Precision) (b compute.Backend, device string, err error) {
	xla.EnableAutoInstall(false)
	config := plugin
	if kind == "cuda" {
		if err := prepareCUDA(plugin, precision); err != nil {
			return nil, "", err
		}
		if precision == PrecisionFloat32 {
			config += ",notf32" // of matrix products, see prepareCUDA
		}
	}
	b, err = xla.New(config)
	if err != nil {
		return nil, "", fmt.Errorf("loading %s: %w", plugin, err)
	}
	if b.NumDevices() < 1 {
		b.Finalize()
		return nil, "", fmt.Errorf("loading %s: it has no device", plugin)
	}
	got, err := graph.CallOnce(b, func(x *graph.Node) *graph.Node { return graph.Add(x, x) }, float32(1))
	if err != nil {
		b.Finalize()
		return nil, "", fmt.Errorf("trying %s: %w", plugin, err)
	}
	if v := tensors.ToScalar[float32](got); v != 2 {
		b.Finalize()
		return nil, "", fmt.Errorf("trying %s: it says that 1 + 1 is %g", plugin, v)
	}
	return b, b.DeviceDescription(0), nil
}
