// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

const (
	// envFlags holds XLA's flags. A plugin that does not know one of them ends
	// the process.
	envFlags = "XLA_FLAGS"
	// envChecks switches go-xla's own search for CUDA's libraries off.
	envChecks = "GOPJRT_CUDA_CHECKS"

	flagCUDAData = "--xla_gpu_cuda_data_dir"
	flagAutotune = "--xla_gpu_per_fusion_autotune_cache_dir"
)

// prepareCUDA sets what the CUDA plugin and its libraries read from the
// environment when they are loaded. What is set there already stays.
//
// XLA's flags name CUDA's compiler and the folder in which XLA remembers which
// kernel was the fastest for a convolution or a product, so that it need not try
// them all at the next start. Who wants no such folder sets the flag to nothing in
// XLA_FLAGS. In float32 CUDA's libraries are told to keep from TF32,
// since go-xla's own option covers matrix products, but no convolutions.
func prepareCUDA(plugin string, precision Precision) error {
	set := func(name, value string) error {
		if os.Getenv(name) != "" {
			return nil
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
		return nil
	}
	flags := os.Getenv(envFlags)
	if nvidia := filepath.Join(filepath.Dir(plugin), "..", "..", "nvidia"); isDir(nvidia) {
		// go-xla looks only one folder above the plugin and warns on standard
		// error otherwise; the wheels have them two above. With another layout it
		// has a way of its own.
		if err := set(envChecks, "0"); err != nil {
			return err
		}
		flags = addFlag(flags, flagCUDAData, cudaData(nvidia))
	}
	flags = addFlag(flags, flagAutotune, autotuneDir(plugin, precision))
	if flags != os.Getenv(envFlags) {
		if err := os.Setenv(envFlags, flags); err != nil {
			return fmt.Errorf("setting %s: %w", envFlags, err)
		}
	}
	if precision == PrecisionFloat32 {
		return set(envTF32, "0")
	}
	return nil
}

// addFlag adds a flag to XLA's, unless it is there already, the value is empty
// or has spaces, which part flags, or flags names a file with flags.
func addFlag(flags, name, value string) string {
	if value == "" || strings.ContainsFunc(value, unicode.IsSpace) || strings.Contains(flags, name+"=") {
		return flags
	}
	if flags = strings.TrimSpace(flags); flags == "" {
		return name + "=" + value
	}
	if !strings.HasPrefix(flags, "-") {
		return flags
	}
	return flags + " " + name + "=" + value
}

// autotuneDir returns the folder in which XLA keeps the results of its trials of
// kernels, autotune in [PluginDir], or "" where there can be none or the plugin
// knows no such folder. XLA leaves it to its users to part the results of
// different versions of itself, so each plugin and precision has its own.
func autotuneDir(plugin string, precision Precision) string {
	base, err := PluginDir()
	if err != nil {
		return ""
	}
	st, err := os.Stat(plugin)
	if err != nil {
		return ""
	}
	id := hashText(fmt.Sprintf("%s %d %d %s", plugin, st.Size(), st.ModTime().UnixNano(), precision))
	dir := filepath.Join(base, "autotune", id[:16])
	if isDir(dir) && canWrite(dir) { // so the plugin was looked at before
		return dir
	}
	name := strings.TrimPrefix(flagAutotune, "--")
	if knows, err := fileHolds(plugin, []byte("\x00"+name+"\x00")); err != nil || !knows {
		return ""
	}
	if err := os.MkdirAll(dir, 0o755); err != nil || !canWrite(dir) {
		return ""
	}
	return dir
}

// canWrite tells whether files can be made in a folder.
func canWrite(dir string) bool {
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// fileHolds tells whether the bytes are somewhere in a file.
func fileHolds(path string, want []byte) (found bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("looking into %q: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := make([]byte, 1<<20)
	kept := 0 // bytes of the last part, in which the wanted may begin
	for {
		n, err := f.Read(buffer[kept:])
		part := buffer[:kept+n]
		if bytes.Contains(part, want) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("looking into %q: %w", path, err)
		}
		kept = copy(buffer, part[max(0, len(part)-len(want)+1):])
	}
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// cudaData returns the folder of CUDA's compiler and device code under the
// wheels' nvidia folder: cu13 as of CUDA 13, cuda_nvcc before, "" where there
// is neither.
func cudaData(nvidia string) string {
	for _, name := range []string{"cu13", "cuda_nvcc"} {
		if dir := filepath.Join(nvidia, name); isDir(dir) {
			return dir
		}
	}
	return ""
}
