// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestSources finds the same network in a run folder, in files of a binary and in
// an exported file.
func TestSources(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormInstance)
	run := writeRun(t, c, trainedGenerator(t, c))
	folder, err := OpenSource(run)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := export(t, run, ExportOptions{Layout: LayoutChromabeam})
	file, err := OpenSource(path)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for name, path := range map[string]string{ModelFile: filepath.Join(run, ModelFile), "w.safetensors": path} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	tests := []struct {
		source                 Source
		name, checkpoint, path string
		step                   int64
	}{
		{folder, run, "last", filepath.Join(run, "checkpoints", "step-000000012.safetensors"), 12},
		{file, path, "", path, 0},
		{NewSource("box", files, "w.safetensors"), "box", "", filepath.Join("box", "w.safetensors"), 0},
	}
	hashes := map[string]bool{}
	for _, tt := range tests {
		config, err := tt.source.Config()
		if err != nil || config != c {
			t.Errorf("%s: configuration %+v (%v)", tt.name, config, err)
		}
		w, err := tt.source.Find("")
		if err != nil {
			t.Fatal(err)
		}
		if tt.source.Name() != tt.name || w.Checkpoint != tt.checkpoint || w.Path() != tt.path || w.Step != tt.step || w.Bytes == 0 {
			t.Errorf("%s: found %+v of %q in %q", tt.name, w, tt.source.Name(), w.Path())
		}
		hashes[w.Hash] = true
		list, _, err := w.Load()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(c.variables()) {
			t.Errorf("%s: %d tensors, want %d", tt.name, len(list), len(c.variables()))
		}
	}
	average, err := folder.Find(CheckpointEMA)
	if err != nil {
		t.Fatal(err)
	}
	if hashes[average.Hash] = true; len(hashes) != 4 {
		t.Errorf("there are %d hashes of four networks' files", len(hashes))
	}
	if hash, want := mustFind(t, run), tests[0]; hash == "" || !hashes[hash] {
		t.Errorf("%s: FindWeights has hash %q", want.name, hash)
	}
}

func mustFind(t *testing.T, run string) string {
	t.Helper()
	_, hash, err := FindWeights(run, "")
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestSourceErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, weights := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "w.safetensors")
	writeFile(t, text, []byte("text"))
	writeFile(t, weights, []byte("damaged"))
	if _, err := OpenSource(text); err == nil || !strings.Contains(err.Error(), "is not a folder and not a .safetensors file") {
		t.Errorf("a text: %v", err)
	}
	if _, err := OpenSource(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	s, err := OpenSource(weights)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Config(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), weights) {
		t.Errorf("a damaged file: %v", err)
	}
	if _, err := s.Find("ema"); err == nil || !strings.Contains(err.Error(), "has one set of weights: leave checkpoint out") {
		t.Errorf("a checkpoint of a file: %v", err)
	}
	folder, err := OpenSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Config(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, ModelFile)) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := ReadExported(folder); err == nil || !strings.Contains(err.Error(), "it is a run folder") {
		t.Errorf("a folder as an export: %v", err)
	}
}
