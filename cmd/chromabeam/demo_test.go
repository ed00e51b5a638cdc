// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// The demo itself runs in CI as a user runs it, see .ci/demo.

func TestSample(t *testing.T) {
	t.Parallel()
	var bytes int64
	err := fs.WalkDir(sample, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		bytes += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if bytes > 2<<20 {
		t.Errorf("the embedded sample has %d bytes, want at most 2 MiB", bytes)
	}
	held := 0
	if err := eachHeldOut(func(name string, p *pixel.RGB) error {
		if p.Width != 64 || p.Height != 64 {
			t.Errorf("%s has %dx%d pixels, want 64x64", name, p.Width, p.Height)
		}
		held++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if held != 12 {
		t.Errorf("%d pictures are held out, want 12", held)
	}
}

func TestDemoKeepsForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "index.html")
	if err := os.WriteFile(name, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := chromabeam(t, "demo", "-backend", "go", "-output", dir)
	if code != exitUsage || !strings.Contains(stderr, "-overwrite") {
		t.Errorf("exit code %d, want %d; stderr %q", code, exitUsage, stderr)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "mine" {
		t.Errorf("the foreign file is now %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the refused demo left %v, %v", entries, err)
	}
}

func TestColoredName(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, format, want string }{
		{"a.jpg", "same", "a.color.jpg"},
		{"a.JPEG", "same", "a.color.JPEG"},
		{"a.png", "same", "a.color.png"},
		{"a.gif", "same", "a.color.png"},
		{"a.jpg", "png", "a.color.png"},
		{"a.jpeg", "jpeg", "a.color.jpeg"},
		{"dir/a.png", "jpeg", "dir/a.color.jpg"},
	}
	for _, tt := range tests {
		if got := coloredName(tt.in, bulk.Format(tt.format)); got != tt.want {
			t.Errorf("coloredName(%q, %s) = %q, want %q", tt.in, tt.format, got, tt.want)
		}
	}
}
