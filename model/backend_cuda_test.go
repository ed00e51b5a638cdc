// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package model

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddFlag(t *testing.T) {
	t.Parallel()
	tests := []struct{ flags, value, want string }{
		{"", "/a", "--x_dir=/a"},
		{" ", "/a", "--x_dir=/a"},
		{"--y=1", "/a", "--y=1 --x_dir=/a"},
		{"--y=1", "", "--y=1"},
		{"--y=1", "/a b", "--y=1"},
		{"--x_dir= --y=1", "/a", "--x_dir= --y=1"},
		{"--x_dir=/mine", "/a", "--x_dir=/mine"},
		{"/a/file/of/flags", "/a", "/a/file/of/flags"},
	}
	for _, tt := range tests {
		if got := addFlag(tt.flags, "--x_dir", tt.value); got != tt.want {
			t.Errorf("%q with %q: got %q, want %q", tt.flags, tt.value, got, tt.want)
		}
	}
}

// TestFileHolds looks for bytes that lie across the parts in which a file is read.
func TestFileHolds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, at := range []int{0, 1<<20 - 3, 1<<20 + 5, 3<<20 - 6} {
		data := bytes.Repeat([]byte("\x00n"), 3<<19)
		copy(data[at:], "\x00name\x00")
		writeFile(t, path, data)
		for want, found := range map[string]bool{"\x00name\x00": true, "\x00nama\x00": false} {
			if got, err := fileHolds(path, []byte(want)); err != nil || got != found {
				t.Errorf("at %d: %q is %v, error %v, want %v", at, want, got, err, found)
			}
		}
	}
	if _, err := fileHolds(path+".no", []byte("n")); err == nil {
		t.Error("a missing file was read")
	}
}

// TestPrepareCUDA sets the environment for plugins in the wheels' layout, of
// which one knows the flag for the results of trials.
func TestPrepareCUDA(t *testing.T) {
	const knowing, ignorant = "\x00xla_gpu_per_fusion_autotune_cache_dir\x00", "\x00xla_gpu_per_fusion\x00"
	tests := map[string]struct {
		plugin                  string
		precision               Precision
		flags, override         string
		wantFlags, wantOverride string // with DATA and TUNE for the folders
	}{
		"knowing":   {knowing, PrecisionTF32, "", "", "--xla_gpu_cuda_data_dir=DATA --xla_gpu_per_fusion_autotune_cache_dir=TUNE", ""},
		"float32":   {knowing, PrecisionFloat32, "", "", "--xla_gpu_cuda_data_dir=DATA --xla_gpu_per_fusion_autotune_cache_dir=TUNE", "0"},
		"bfloat16":  {ignorant, PrecisionBFloat16, "", "1", "--xla_gpu_cuda_data_dir=DATA", "1"},
		"ignorant":  {ignorant, PrecisionTF32, "", "", "--xla_gpu_cuda_data_dir=DATA", ""},
		"own flags": {knowing, PrecisionTF32, "--a=1 --xla_gpu_per_fusion_autotune_cache_dir=", "", "--a=1 --xla_gpu_per_fusion_autotune_cache_dir= --xla_gpu_cuda_data_dir=DATA", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := withoutPlugins(t)
			plugin := filepath.Join(dir, "jax_plugins", "xla_cuda13", "plugin.so")
			data := filepath.Join(dir, "nvidia", "cu13")
			for _, folder := range []string{filepath.Dir(plugin), data} {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			writeFile(t, plugin, []byte("some code"+tt.plugin+"more"))
			t.Setenv(envChecks, "")
			t.Setenv(envFlags, tt.flags)
			t.Setenv(envTF32, tt.override)
			if err := prepareCUDA(plugin, tt.precision); err != nil {
				t.Fatal(err)
			}
			first := os.Getenv(envFlags)
			got := strings.ReplaceAll(first, filepath.Join(filepath.Dir(plugin), "..", "..", "nvidia", "cu13"), "DATA")
			if tune, err := filepath.Glob(filepath.Join(dir, "autotune", "*")); err != nil {
				t.Fatal(err)
			} else if len(tune) == 1 {
				got = strings.ReplaceAll(got, tune[0], "TUNE")
			}
			if diff := cmp.Diff([]string{tt.wantFlags, tt.wantOverride, "0"}, []string{got, os.Getenv(envTF32), os.Getenv(envChecks)}); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if err := prepareCUDA(plugin, tt.precision); err != nil || os.Getenv(envFlags) != first {
				t.Errorf("once more the flags are %q, error %v", os.Getenv(envFlags), err)
			}
		})
	}
}

// TestAutotuneDir parts the results of plugins and precisions.
func TestAutotuneDir(t *testing.T) {
	dir := withoutPlugins(t)
	var folders []string
	for _, name := range []string{"a.so", "b.so"} {
		plugin := filepath.Join(dir, name)
		writeFile(t, plugin, []byte("\x00xla_gpu_per_fusion_autotune_cache_dir\x00"))
		for _, p := range []Precision{PrecisionTF32, PrecisionFloat32} {
			folder := autotuneDir(plugin, p)
			if !isDir(folder) || filepath.Dir(folder) != filepath.Join(dir, "autotune") {
				t.Errorf("%s, %s: got %q", name, p, folder)
			}
			folders = append(folders, folder)
		}
	}
	for i := range folders {
		for _, other := range folders[:i] {
			if other == folders[i] {
				t.Errorf("two share %s", other)
			}
		}
	}
	if got := autotuneDir(filepath.Join(dir, "none.so"), PrecisionTF32); got != "" {
		t.Errorf("a plugin that is not there got %q", got)
	}
}

// TestXLAFlags starts XLA in a process of its own with the flags that
// prepareCUDA sets, all back ends of XLA having the same, and with one that it
// does not know: that is the end of the process, and why prepareCUDA looks into
// the plugin first.
func TestXLAFlags(t *testing.T) {
	t.Parallel()
	xlaBackend(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{
		flagCUDAData + "=/none " + flagAutotune + "=" + t.TempDir(): true,
		"--xla_no_such_flag=1": false,
	}
	for flags, want := range tests {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestL1Loss$/^xla_cpu$", "-test.count=1")
		cmd.Env = append(os.Environ(), envFlags+"="+flags, requireXLA+"=1")
		if out, err := cmd.CombinedOutput(); (err == nil) != want {
			t.Errorf("%s: error %v, want none: %v\n%s", flags, err, want, out)
		}
	}
}
