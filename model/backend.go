// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// The backends' names.
const (
	BackendAuto = "auto"
	BackendCUDA = "xla:cuda"
	BackendCPU  = "xla:cpu"
	BackendGo   = "go"
)

// backendNames are the backends themselves, best first.
func backendNames() []string { return []string{BackendCUDA, BackendCPU, BackendGo} }

// Backend is a device that graphs run on.
type Backend struct {
	// Backend is GoMLX's own handle, for executors.
	compute.Backend
	// Name is "xla:cuda", "xla:cpu" or "go".
	Name string
	// Description names the device, and for "auto" why it was taken.
	Description string
	// Precision is what networks on this backend compute with: never auto.
	Precision Precision
}

// BackendOptions says how a backend is opened.
type BackendOptions struct {
	// Precision is what networks compute with; empty means PrecisionAuto. TF32 is
	// switched on or off for a whole process when CUDA's libraries are loaded, so
	// a process should open xla:cuda in one precision only.
	Precision Precision
}

// BackendStatus is what is known of a backend on this machine.
type BackendStatus struct {
	Name   string `json:"name"`
	Usable bool   `json:"usable"`
	// Device describes the device of a usable backend.
	Device string `json:"device,omitempty"`
	// Problem says why a backend is not usable, Fix what to do about it.
	Problem string `json:"problem,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// backendError is why a backend cannot be opened, with what helps.
type backendError struct {
	name, problem, fix string
}

func (e *backendError) Error() string {
	s := fmt.Sprintf("opening backend %s: %s", e.name, e.problem)
	if e.fix != "" {
		s += "; " + e.fix
	}
	return s
}

// OpenBackend is [OpenBackendWith] no options.
func OpenBackend(name string) (*Backend, error) { return OpenBackendWith(name, BackendOptions{}) }

// OpenBackendWith opens the named backend: "xla:cuda", "xla:cpu", "go", or "auto"
// for the first of these that works and has the precision. It never downloads
// anything: where a plugin is missing the error says how to get it.
func OpenBackendWith(name string, o BackendOptions) (*Backend, error) {
	if err := o.Precision.check(); err != nil {
		return nil, err
	}
	if name == "" || name == BackendAuto {
		return openBest(o)
	}
	if !slices.Contains(backendNames(), name) {
		return nil, fmt.Errorf("backend must be auto, %s, got %q", strings.Join(backendNames(), ", "), name)
	}
	b, berr := openNamed(name, o)
	if berr != nil {
		return nil, berr
	}
	return b, nil
}

// openBest opens the first backend that works and says why it was the first.
func openBest(o BackendOptions) (*Backend, error) {
	var reasons []string
	for _, name := range backendNames() {
		b, err := openNamed(name, o)
		if err != nil {
			reasons = append(reasons, fmt.Sprintf("no %s: %s", name, err.problem))
			continue
		}
		if len(reasons) > 0 {
			b.Description += " (taken by auto: " + strings.Join(reasons, "; ") + ")"
		}
		return b, nil
	}
	with := ""
	if o.Precision != "" && o.Precision != PrecisionAuto {
		with = " in " + string(o.Precision)
	}
	return nil, fmt.Errorf("opening a backend: none works%s: %s", with, strings.Join(reasons, "; "))
}

func openNamed(name string, o BackendOptions) (*Backend, *backendError) {
	precision, problem, fix := o.Precision.resolve(name, os.Getenv(envTF32))
	if problem != "" {
		return nil, &backendError{name: name, problem: problem, fix: fix}
	}
	if name == BackendGo {
		b, err := gobackend.New("")
		if err != nil {
			return nil, &backendError{name: name, problem: err.Error()}
		}
		return &Backend{Backend: b, Name: name, Description: b.Description(), Precision: precision}, nil
	}
	kind := strings.TrimPrefix(name, "xla:")
	plugin, berr := findPlugin(kind)
	if berr != nil {
		return nil, berr
	}
	b, device, err := openXLA(kind, plugin, precision)
	if err != nil {
		return nil, &backendError{name: name, problem: err.Error(), fix: setupFix(kind)}
	}
	return &Backend{
		Backend: b, Name: name, Description: fmt.Sprintf("%s, %s, plugin %s", device, precision, plugin), Precision: precision,
	}, nil
}

// Probe reports on every backend, best first. A usable XLA backend is opened
// and closed again.
func Probe() []BackendStatus {
	var list []BackendStatus
	for _, name := range backendNames() {
		s := BackendStatus{Name: name}
		b, err := openNamed(name, BackendOptions{})
		if err != nil {
			s.Problem, s.Fix = err.problem, err.fix
		} else {
			s.Usable, s.Device = true, b.Description
			b.Finalize()
		}
		list = append(list, s)
	}
	return list
}

// PluginDir returns the folder of the XLA plugins: $CHROMABEAM_PLUGIN_DIR, else
// chromabeam/pjrt in the user's cache folder. It need not exist.
func PluginDir() (string, error) {
	if dir := os.Getenv("CHROMABEAM_PLUGIN_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the plugin folder: %w (set CHROMABEAM_PLUGIN_DIR)", err)
	}
	return filepath.Join(cache, "chromabeam", "pjrt"), nil
}

// PluginFile returns the file name of the plugin of a kind, "cpu" or "cuda".
func PluginFile(kind string) string {
	ext := ".so"
	switch runtime.GOOS {
	case "darwin":
		ext = ".dylib"
	case "windows":
		ext = ".dll"
	}
	return "pjrt_c_api_" + kind + "_plugin" + ext
}

// findPlugin looks for a plugin in [PluginDir] and then in
// $PJRT_PLUGIN_LIBRARY_PATH, each part of which is a folder or a plugin file.
// Links are followed: the CUDA plugin finds its libraries relative to its own
// folder ($ORIGIN), which the loader takes from the path that it is given.
func findPlugin(kind string) (string, *backendError) {
	fail := func(problem string) (string, *backendError) {
		return "", &backendError{name: "xla:" + kind, problem: problem, fix: setupFix(kind)}
	}
	if !xlaBuilt {
		return "", &backendError{name: "xla:" + kind, problem: "this binary was built without cgo",
			fix: "use -backend go, or build with CGO_ENABLED=1 and a C compiler"}
	}
	if kind == "cuda" && !hasNVIDIA() {
		return "", &backendError{name: "xla:cuda", problem: "no NVIDIA device on this machine", fix: "use -backend xla:cpu or go"}
	}
	dir, err := PluginDir()
	if err != nil {
		return fail(err.Error())
	}
	file := PluginFile(kind)
	tried := []string{filepath.Join(dir, file)}
	for _, part := range filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")) {
		if part == "" {
			continue
		}
		if filepath.Ext(part) != filepath.Ext(file) {
			part = filepath.Join(part, file)
		} else if !strings.Contains(filepath.Base(part), kind) {
			continue
		}
		tried = append(tried, part)
	}
	for _, path := range tried {
		file, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		if file, err = filepath.Abs(file); err != nil {
			continue
		}
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() {
			return file, nil
		}
	}
	return fail("no plugin at " + strings.Join(tried, " or "))
}

func setupFix(kind string) string {
	return fmt.Sprintf("run chromabeam setup -backend %s, or use -backend go", kind)
}

// hasNVIDIA tells whether the machine has an NVIDIA device, without loading
// the large libraries that would find out.
func hasNVIDIA() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	for _, pattern := range []string{"/dev/nvidia[0-9]*", "/dev/dxg"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
