// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/model/modeltest"
)

// TestExport exports a run folder and the model in the box; what has the layout of
// checkpoints colours as its source does.
func TestExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	run := modeltest.Tiny(t)
	writePictures(t, path("pictures"), 1, 40)
	picture := filepath.Join(path("pictures"), "aa.png")

	out := mustRun(t, exitDone, "export", "-model", run, path("torch.safetensors"))
	for _, want := range []string{"layout=pytorch dtype=float32 checkpoint=best ", " tensors=22 ", " sha256="} {
		if !strings.Contains(out, want) {
			t.Errorf("export printed %q, want %q in it", out, want)
		}
	}
	for _, source := range []string{run, builtin.Name} {
		file := path("plain.safetensors")
		args := []string{"export", "-model", source, "-layout", "chromabeam", "-json", "-overwrite", file}
		var about model.Exported
		if err := json.Unmarshal([]byte(mustRun(t, exitDone, args...)), &about); err != nil {
			t.Fatal(err)
		}
		opened, err := model.OpenSource(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := model.ReadExported(opened)
		if diff := cmp.Diff(want, about); err != nil || diff != "" {
			t.Errorf("%s: the file (%v) and what was printed (-file +printed):\n%s", source, err, diff)
		}
		for name, source := range map[string]string{"from-file.png": file, "from-source.png": source} {
			mustRun(t, exitDone, "colorize", "-backend", "go", "-overwrite", "-model", source, picture, path(name))
		}
		sameBytes(t, path("from-source.png"), path("from-file.png"))
	}
}

func sameBytes(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(x) != string(y) {
		t.Errorf("%s and %s differ", a, b)
	}
}

func TestExportErrors(t *testing.T) {
	t.Parallel()
	dir, run := t.TempDir(), modeltest.Tiny(t)
	there := filepath.Join(dir, "there.safetensors")
	if err := os.WriteFile(there, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	free := filepath.Join(dir, "free.safetensors")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no model", []string{free}, "-model must be given"},
		{"no output", []string{"-model", run}, "takes the file to write, got 0 arguments"},
		{"two outputs", []string{"-model", run, free, free}, "got 2 arguments"},
		{"extension", []string{"-model", run, filepath.Join(dir, "free.pt")}, "output must end in .safetensors"},
		{"there already", []string{"-model", run, there}, "exists: name another one"},
		{"no folder", []string{"-model", run, filepath.Join(dir, "none", "x.safetensors")}, "none"},
		{"missing model", []string{"-model", filepath.Join(dir, "none"), free}, "none"},
		{"dtype", []string{"-model", run, "-dtype", "int8", free}, `got "int8"`},
		{"layout", []string{"-model", run, "-layout", "onnx", free}, `got "onnx"`},
		{"average", []string{"-model", run, "-checkpoint", "ema", free}, "holds no moving average"},
		{"checkpoint in the box", []string{"-model", builtin.Name, "-checkpoint", "best", free}, `model "builtin" has one set of weights`},
	}
	for _, tt := range tests {
		code, out, errs := chromabeam(t, append([]string{"export"}, tt.args...)...)
		if code != exitUsage || !strings.Contains(errs, tt.want) || out != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %d and %q", tt.name, code, out, errs, exitUsage, tt.want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want the one that was there", entries, err)
	}
}
