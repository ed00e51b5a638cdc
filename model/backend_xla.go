// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package model

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// xlaBuilt tells that this binary can load XLA plugins.
const xlaBuilt = true

// openXLA loads a plugin and runs a small computation on it, so that a plugin
// whose libraries or driver do not fit is found out now.
func openXLA(kind, plugin string) (b compute.Backend, device string, err error) {
	xla.EnableAutoInstall(false)
	if kind == "cuda" {
		if err := prepareCUDA(plugin); err != nil {
			return nil, "", err
		}
	}
	b, err = xla.New(plugin)
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

// prepareCUDA tells XLA where the CUDA libraries of a wheel's layout lie.
// go-xla looks only one folder above the plugin and warns on standard error
// otherwise; the wheels have them two above.
func prepareCUDA(plugin string) error {
	const checks, flags = "GOPJRT_CUDA_CHECKS", "XLA_FLAGS"
	nvidia := filepath.Join(filepath.Dir(plugin), "..", "..", "nvidia")
	if st, err := os.Stat(nvidia); err != nil || !st.IsDir() {
		return nil //nolint:nilerr // Another layout: go-xla has its own way for it.
	}
	if os.Getenv(checks) == "" {
		if err := os.Setenv(checks, "0"); err != nil {
			return fmt.Errorf("setting %s: %w", checks, err)
		}
	}
	if os.Getenv(flags) == "" {
		data := cudaData(nvidia)
		if data == "" {
			return nil
		}
		if err := os.Setenv(flags, "--xla_gpu_cuda_data_dir="+data); err != nil {
			return fmt.Errorf("setting %s: %w", flags, err)
		}
	}
	return nil
}

// cudaData returns the folder of CUDA's compiler and device code under the
// wheels' nvidia folder: cu13 as of CUDA 13, cuda_nvcc before, "" where there
// is neither.
func cudaData(nvidia string) string {
	for _, name := range []string{"cu13", "cuda_nvcc"} {
		dir := filepath.Join(nvidia, name)
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
	}
	return ""
}
