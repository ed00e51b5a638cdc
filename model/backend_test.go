// SPDX-License-Identifier: Apache-2.0

package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withoutPlugins points the search at an empty folder.
func withoutPlugins(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("CHROMABEAM_PLUGIN_DIR", dir)
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", "")
	return dir
}

func TestOpenBackendUnknown(t *testing.T) {
	t.Parallel()
	_, err := OpenBackend("tpu")
	if err == nil || !strings.Contains(err.Error(), `backend must be auto, xla:cuda, xla:cpu, go, got "tpu"`) {
		t.Errorf("got %v", err)
	}
}

func TestOpenBackendWithoutPlugin(t *testing.T) {
	dir := withoutPlugins(t)
	_, err := OpenBackend(BackendCPU)
	if err == nil {
		t.Fatal("a backend without a plugin was opened")
	}
	if xlaBuilt {
		for _, part := range []string{filepath.Join(dir, PluginFile("cpu")), "chromabeam setup -backend cpu", "-backend go"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error %q does not say %q", err, part)
			}
		}
	} else if !strings.Contains(err.Error(), "built without cgo") {
		t.Errorf("got %v", err)
	}
}

// TestAutoHasPrecision passes over backends that lack the precision, here all.
func TestAutoHasPrecision(t *testing.T) {
	withoutPlugins(t)
	b, err := OpenBackendWith(BackendAuto, BackendOptions{Precision: PrecisionTF32})
	if err == nil {
		b.Finalize()
		t.Fatalf("%s was opened in tf32", b.Name)
	}
	for _, part := range []string{"none works in tf32: no xla:cuda: ", "no xla:cpu: it has no tf32", "no go: it has no tf32"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not say %q", err, part)
		}
	}
}

func TestAutoFallsBack(t *testing.T) {
	withoutPlugins(t)
	b, err := OpenBackend(BackendAuto)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if b.Name != BackendGo {
		t.Errorf("got %s, want go", b.Name)
	}
	if !strings.Contains(b.Description, "taken by auto: no xla:cuda: ") || !strings.Contains(b.Description, "no xla:cpu: ") {
		t.Errorf("the description %q does not say why", b.Description)
	}
}

func TestProbeWithoutPlugins(t *testing.T) {
	withoutPlugins(t)
	list := Probe()
	if len(list) != 3 {
		t.Fatalf("got %d backends, want 3", len(list))
	}
	for i, name := range []string{BackendCUDA, BackendCPU, BackendGo} {
		s := list[i]
		if s.Name != name || s.Usable != (name == BackendGo) {
			t.Errorf("status %d is %+v", i, s)
		}
		if !s.Usable && (s.Problem == "" || s.Fix == "") {
			t.Errorf("%s does not say what is wrong and what helps: %+v", name, s)
		}
	}
}

func TestXLABackend(t *testing.T) {
	b := xlaBackend(t)
	if b.Name != BackendCPU || b.Backend.Name() != "xla" {
		t.Errorf("got %s, %s", b.Name, b.Backend.Name())
	}
}

// TestDamagedPlugin: a plugin that cannot be loaded is an error, and auto goes
// on to the next backend.
func TestDamagedPlugin(t *testing.T) {
	if !xlaBuilt {
		t.Skip("built without cgo")
	}
	dir := withoutPlugins(t)
	writeFile(t, filepath.Join(dir, PluginFile("cpu")), []byte("no library"))
	if _, err := OpenBackend(BackendCPU); err == nil || !strings.Contains(err.Error(), "opening backend xla:cpu: loading") {
		t.Errorf("got %v", err)
	}
	b, err := OpenBackend(BackendAuto)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if b.Name != BackendGo {
		t.Errorf("auto took %s, want go", b.Name)
	}
}

// TestFindPluginFollowsLinks: a plugin looks for its libraries beside itself,
// so it must be loaded from where it really lies.
func TestFindPluginFollowsLinks(t *testing.T) {
	if !xlaBuilt {
		t.Skip("built without cgo")
	}
	dir := withoutPlugins(t)
	target := filepath.Join(t.TempDir(), "plugin.so")
	writeFile(t, target, []byte("no library"))
	link := filepath.Join(dir, PluginFile("cpu"))
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	want, err := filepath.EvalSymlinks(target) // the temporary folder may lie behind a link
	if err != nil {
		t.Fatal(err)
	}
	got, berr := findPlugin("cpu")
	if berr != nil {
		t.Fatal(berr)
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	if got, berr := findPlugin("cpu"); berr == nil {
		t.Errorf("a link to nothing was taken for the plugin %s", got)
	}
}

func TestPluginDir(t *testing.T) {
	t.Setenv("CHROMABEAM_PLUGIN_DIR", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := PluginDir()
	if err != nil || !strings.HasSuffix(dir, filepath.Join("chromabeam", "pjrt")) {
		t.Errorf("got %q, %v", dir, err)
	}
}
