// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

// serves is set once [WorkerMain] has been called: then this program is one that
// a worker container can start.
var serves atomic.Bool

// crossBuild is how the binary for workers is made.
func crossBuild(arch string) string {
	return fmt.Sprintf("build one with GOOS=linux GOARCH=%s CGO_ENABLED=0 go build -o worker ./cmd/chromabeam, "+
		"and give -worker_binary worker", cmp.Or(arch, "amd64"))
}

// binary is a program for workers.
type binary struct {
	path string
	// arch is its processor, as GOARCH names it.
	arch string
	// cgo says that it may load libraries, dynamic that it needs those of its
	// system to start at all.
	cgo, dynamic bool
}

// findWorkerBinary returns the program that workers will run: -worker_binary, or
// this one. An empty arch takes any that Beam's workers have.
func findWorkerBinary(arch string) (binary, error) {
	if path := *jobopts.WorkerBinary; path != "" {
		b, err := readBinary(path)
		if err == nil && arch != "" && b.arch != arch {
			err = fmt.Errorf("it is for linux/%s, and the workers are linux/%s", b.arch, arch)
		}
		if err != nil {
			return binary{}, fmt.Errorf("-worker_binary %q cannot be run by the workers: %w; %s", path, err, crossBuild(arch))
		}
		return b, nil
	}
	b, err := ownBinary(arch)
	if err != nil {
		return binary{}, fmt.Errorf("this program cannot be run by the workers: %w; %s", err, crossBuild(arch))
	}
	return b, nil
}

// ownBinary is this program.
func ownBinary(arch string) (binary, error) {
	switch {
	case runtime.GOOS != "linux":
		return binary{}, fmt.Errorf("it is for %s, and the workers are linux", runtime.GOOS)
	case arch != "" && arch != runtime.GOARCH:
		return binary{}, fmt.Errorf("it is for linux/%s, and the workers are linux/%s", runtime.GOARCH, arch)
	case !serves.Load():
		return binary{}, errors.New("it does not call runner.WorkerMain when it starts")
	}
	path, err := os.Executable()
	if err != nil {
		return binary{}, err
	}
	return readBinary(path)
}

// machines are the processors of Beam's workers by their name in an ELF file.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// readBinary looks into a program.
func readBinary(path string) (_ binary, err error) {
	f, err := elf.Open(path)
	var unread *fs.PathError
	switch {
	case errors.As(err, &unread):
		return binary{}, err
	case err != nil:
		return binary{}, fmt.Errorf("it is no program for Linux (%w)", err)
	}
	defer f.Close()
	arch, known := machines[f.Machine]
	if !known {
		return binary{}, fmt.Errorf("it is for the processor %v, and workers are amd64 or arm64", f.Machine)
	}
	b := binary{path: path, arch: arch}
	for _, p := range f.Progs {
		// The program that loads libraries.
		b.dynamic = b.dynamic || p.Type == elf.PT_INTERP
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return binary{}, fmt.Errorf("it is no Go program: %w", err)
	}
	for _, s := range info.Settings {
		b.cgo = b.cgo || s.Key == "CGO_ENABLED" && s.Value == "1"
	}
	return b, nil
}
