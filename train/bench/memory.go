// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/model"
)

// Memory is what was in use, in bytes; 0, and absent in JSON, where it is not known.
// See the package's comment for what the figures mean.
type Memory struct {
	// Peak is the process's greatest resident memory since it started: of several
	// rows of a table, each later one has that of those before it at least.
	Peak int64 `json:"peak_memory_bytes,omitempty"`
	// Device is what all processes hold of a CUDA device's memory.
	Device int64 `json:"device_memory_bytes,omitempty"`
}

// memoryOf reads both, after the work.
func memoryOf(ctx context.Context, b *model.Backend) Memory {
	m := Memory{Peak: peakMemory()}
	if b != nil && b.Name == model.BackendCUDA {
		m.Device = deviceMemory(ctx)
	}
	return m
}

// deviceMemory asks nvidia-smi. A machine without it, as some containers are, has
// no figure.
func deviceMemory(ctx context.Context) int64 {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	args := []string{
		"--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=" + firstDevice(os.Getenv("CUDA_VISIBLE_DEVICES")),
	}
	out, err := exec.CommandContext(ctx, "nvidia-smi", args...).Output() //nolint:gosec // one argument, which no shell reads
	if err != nil {
		return 0
	}
	used, err := parseMemory(string(out))
	if err != nil {
		return 0
	}
	return used
}

// firstDevice returns the device that XLA takes, as nvidia-smi names devices.
func firstDevice(visible string) string {
	first, _, _ := strings.Cut(visible, ",")
	if first = strings.TrimSpace(first); first == "" {
		return "0"
	}
	return first
}

// parseMemory reads nvidia-smi's number of MiB.
func parseMemory(text string) (int64, error) {
	mib, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || mib < 0 {
		return 0, fmt.Errorf("reading the device's memory: want a number of MiB, got %q", text)
	}
	return mib << 20, nil
}
