// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
)

func TestReadBinary(t *testing.T) {
	t.Parallel()
	for _, p := range []dataflowtest.Program{{}, {Arch: "arm64"}, {Cgo: true}, {Cgo: true, Dynamic: true}, {Dynamic: true}} {
		path := dataflowtest.WorkerBinary(t, p)
		got, err := readBinary(path)
		want := binary{path: path, arch: p.Arch, cgo: p.Cgo, dynamic: p.Dynamic}
		if want.arch == "" {
			want.arch = "amd64"
		}
		if err != nil || got != want {
			t.Errorf("%+v: %+v, %v, want %+v", p, got, err, want)
		}
	}
	if exe, err := os.Executable(); err == nil {
		if b, err := readBinary(exe); err != nil || b.arch == "" {
			t.Errorf("this test: %+v, %v", b, err)
		}
	}
}

func TestFindWorkerBinary(t *testing.T) {
	text := filepath.Join(t.TempDir(), "script.sh")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// An ELF file that no Go compiler has made.
	stripped := dataflowtest.WorkerBinary(t, dataflowtest.Program{})
	data, err := os.ReadFile(stripped)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stripped, []byte(strings.ReplaceAll(string(data), "Go buildinf:", "xx xxxxxxxx:")), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, arch, want string }{
		{"amd64", dataflowtest.WorkerBinary(t, dataflowtest.Program{}), "amd64", ""},
		{"any", dataflowtest.WorkerBinary(t, dataflowtest.Program{Arch: "arm64"}), "", ""},
		{"wrong", dataflowtest.WorkerBinary(t, dataflowtest.Program{Arch: "arm64"}), "amd64", "it is for linux/arm64, and the workers are linux/amd64; build one with GOOS=linux GOARCH=amd64"},
		{"odd", dataflowtest.WorkerBinary(t, dataflowtest.Program{Arch: "riscv64"}), "", "EM_RISCV"},
		{"script", text, "", "it is no program for Linux"},
		{"missing", filepath.Join(t.TempDir(), "none"), "", "no such file"},
		{"not Go", stripped, "", "it is no Go program"},
	}
	for _, tt := range tests {
		setFlag(t, "worker_binary", tt.path)
		b, err := findWorkerBinary(tt.arch)
		if tt.want == "" && (err != nil || b.path != tt.path) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %+v, %v, want %q", tt.name, b, err, tt.want)
		}
	}
}

// TestOwnBinary: a program that does not become a worker when it is told to must
// not be sent to workers, and one that does may be.
func TestOwnBinary(t *testing.T) {
	before := serves.Swap(false)
	t.Cleanup(func() { serves.Store(before) })
	if _, err := findWorkerBinary(""); err == nil || !strings.Contains(err.Error(), "does not call runner.WorkerMain") {
		t.Errorf("error %v", err)
	}
	if WorkerMain([]string{"prepare"}) {
		t.Fatal("a command is taken for a worker")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := findWorkerBinary(""); err != nil || b.path != exe {
		t.Errorf("own binary: %+v, %v", b, err)
	}
}
