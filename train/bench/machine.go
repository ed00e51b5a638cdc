// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"runtime"
	"strings"

	"github.com/chromabeam/chromabeam/model"
)

// Machine says what figures were measured on, and with what.
type Machine struct {
	// CPU is the processor's name as the operating system has it, empty where it
	// does not tell.
	CPU string `json:"cpu,omitempty"`
	// Cores are those that the operating system shows to this process, MaxProcs how
	// many of them Go may use at once.
	Cores    int    `json:"cores"`
	MaxProcs int    `json:"gomaxprocs"`
	Go       string `json:"go"`
	// Platform is the operating system and the architecture: "linux/amd64".
	Platform string `json:"platform"`
	// Version is that of the program.
	Version string `json:"version"`
	// Backend is the backend's name, Device its description, Precision what it
	// computes in; all are empty where nothing but Go's own code ran.
	Backend   string `json:"backend,omitempty"`
	Device    string `json:"device,omitempty"`
	Precision string `json:"precision,omitempty"`
}

// ReadMachine describes this machine and a backend, which may be nil.
func ReadMachine(version string, b *model.Backend) Machine {
	m := Machine{
		CPU: cpuName(), Cores: runtime.NumCPU(), MaxProcs: runtime.GOMAXPROCS(0), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Version: version,
	}
	if b != nil {
		m.Backend, m.Precision = b.Name, string(b.Precision)
		// Where the plugin lies says nothing of the machine, and is nobody's business.
		m.Device, _, _ = strings.Cut(b.Description, ", plugin ")
	}
	return m
}
