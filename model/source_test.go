// SPDX-License-Identifier: Apache-2.0

package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
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
		n, err := tt.source.Load("")
		if err != nil {
			t.Fatal(err)
		}
		if len(n.Tensors) != len(c.variables()) || n.Config != c || n.Weights != w {
			t.Errorf("%s: loaded %d tensors of %+v with %+v, want %d with %+v", tt.name, len(n.Tensors), n.Config, n.Weights, len(c.variables()), w)
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

// movingRun is a run folder whose checkpoint is replaced at the moment when a
// reader has its name, once or again and again.
type movingRun struct {
	fstest.MapFS

	old, now string
	moves    int
}

func (m *movingRun) Open(name string) (fs.File, error) {
	if m.moves > 0 && name == path.Join(CheckpointsDir, m.old) {
		m.moves--
		m.MapFS[path.Join(CheckpointsDir, m.now)] = m.MapFS[name]
		delete(m.MapFS, name)
		m.MapFS[path.Join(CheckpointsDir, "last.json")] = &fstest.MapFile{Data: fmt.Appendf(nil, `{"file":%q,"step":13}`, m.now)}
		m.old, m.now = m.now, m.old
	}
	return m.MapFS.Open(name)
}

// TestMovingRun reads a run that is trained on meanwhile.
func TestMovingRun(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormInstance)
	run := writeRun(t, c, trainedGenerator(t, c))
	still, err := OpenSource(run)
	if err != nil {
		t.Fatal(err)
	}
	want, err := still.Find(CheckpointLast)
	if err != nil {
		t.Fatal(err)
	}
	want.Step, want.path = 13, "gs://bucket/run/checkpoints/step-13.safetensors"
	for _, tt := range []struct {
		moves int
		err   string
	}{{0, ""}, {1, ""}, {2, "step-13.safetensors: file does not exist"}} {
		open := func() Source {
			files := fstest.MapFS{}
			for _, name := range []string{ModelFile, "checkpoints/last.json", "checkpoints/step-000000012.safetensors"} {
				data, err := os.ReadFile(filepath.Join(run, name))
				if err != nil {
					t.Fatal(err)
				}
				files[name] = &fstest.MapFile{Data: data}
			}
			return NewRunSource("gs://bucket/run", &movingRun{files, "step-000000012.safetensors", "step-13.safetensors", tt.moves})
		}
		found, findErr := open().Find(CheckpointLast)
		n, loadErr := open().Load(CheckpointLast)
		for _, err := range []error{findErr, loadErr} {
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%d moves: %v, want %q", tt.moves, err, tt.err)
			}
		}
		if found != n.Weights || tt.moves == 1 && found != want {
			t.Errorf("%d moves: found %+v, loaded %+v, want %+v", tt.moves, found, n.Weights, want)
		}
	}
}

// TestFileSource names a file elsewhere by its URL.
func TestFileSource(t *testing.T) {
	t.Parallel()
	s := NewFileSource("gs://bucket/models/w.safetensors", fstest.MapFS{}, "w.safetensors")
	if _, err := s.Load(""); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "open gs://bucket/models/w.safetensors") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestFailingDisk tells a file that cannot be read from one that is damaged.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	failed := errors.New("the disk is on fire")
	for _, at := range []int64{0, 4, 2000} {
		s := NewFileSource("w.safetensors", failingFS{at, failed}, "w.safetensors")
		_, configErr := s.Config()
		_, loadErr := s.Load("")
		for _, err := range []error{configErr, loadErr} {
			if !errors.Is(err, failed) || errors.Is(err, ErrDamaged) {
				t.Errorf("a disk that fails at byte %d: %v", at, err)
			}
		}
	}
}

// failingFS holds one kind of file: a weight file that ends in an error.
type failingFS struct {
	at  int64
	err error
}

func (f failingFS) Open(name string) (fs.File, error) {
	text := make([]byte, f.at)
	if f.at >= 8 {
		binary.LittleEndian.PutUint64(text, 3000) // the header's length
	}
	file, err := fstest.MapFS{name: &fstest.MapFile{Data: make([]byte, 4000)}}.Open(name)
	return failingFile{file, io.MultiReader(bytes.NewReader(text), iotest.ErrReader(f.err))}, err
}

type failingFile struct {
	fs.File

	r io.Reader
}

func (f failingFile) Read(p []byte) (int, error) { return f.r.Read(p) }
