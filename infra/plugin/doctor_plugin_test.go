// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model"
)

func TestCheckInstalledPlugin(t *testing.T) {
	t.Parallel()
	m := testMachine(t, nil)
	dir, err := m.pluginDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newWorld(t).installer(dir).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := m.plugin(dir, CPU)
	if !f.OK || !strings.Contains(f.Detail, "3 files with the right content") {
		t.Errorf("installed: %+v", f)
	}
	// It is not what this binary would install, and says so.
	if !strings.Contains(f.Detail, "older") || !strings.Contains(f.Fix, "setup") {
		t.Errorf("another release: %+v", f)
	}
	// The same size and another content: only the hash can tell.
	library := filepath.Join(dir, "cpu-1", libraryPath)
	if err := os.WriteFile(library, []byte(strings.ToUpper(libraryText)), 0o755); err != nil {
		t.Fatal(err)
	}
	if f := m.plugin(dir, CPU); f.OK || !strings.Contains(f.Detail, "damaged") || !strings.Contains(f.Detail, "SHA-256") {
		t.Errorf("changed library: %+v", f)
	}
	if err := os.RemoveAll(filepath.Join(dir, "cpu-1")); err != nil {
		t.Fatal(err)
	}
	if f := m.plugin(dir, CPU); f.OK || !strings.Contains(f.Detail, "damaged") {
		t.Errorf("link to nothing: %+v", f)
	}
	// A link that leads out of the folder is nobody's installation.
	link := filepath.Join(dir, model.PluginFile("cpu"))
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../elsewhere/plugin.so", link); err != nil {
		t.Fatal(err)
	}
	if f := m.plugin(dir, CPU); f.OK {
		t.Errorf("link to elsewhere: %+v", f)
	}
}
