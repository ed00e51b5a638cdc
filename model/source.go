// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Source is where a generator's configuration and weights come from: a run
// folder, a file that [Export] has written, or files inside the binary (package
// builtin). It holds no file open and is safe for concurrent use.
type Source struct {
	name  string
	files fs.FS
	// root stands before the files' names in messages.
	root string
	// weights is the one weight file, empty for a run folder, whose checkpoints
	// name theirs.
	weights string
	// bare says that there is no model.json, so that the weight file's metadata
	// has the configuration.
	bare bool
}

// OpenSource finds a run folder, or a file that [Export] has written.
func OpenSource(name string) (Source, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return Source{}, fmt.Errorf("finding the run folder: %w", err)
	case info.IsDir():
		return runFolder(name), nil
	case filepath.Ext(name) == weightExtension && info.Mode().IsRegular():
		dir, file := filepath.Split(name)
		if dir == "" {
			dir = "."
		}
		return Source{name: name, files: os.DirFS(dir), root: dir, weights: file, bare: true}, nil
	}
	return Source{}, fmt.Errorf("%q is not a folder and not a %s file", name, weightExtension)
}

// weightExtension is that of weight files.
const weightExtension = ".safetensors"

// NewSource returns a source of model.json and one weight file among the given
// files, such as those in a binary. The name stands for it in messages.
func NewSource(name string, files fs.FS, weights string) Source {
	return Source{name: name, files: files, root: name, weights: weights}
}

// Name is what the source was opened by.
func (s Source) Name() string { return s.name }

// Config reads and validates the generator's configuration.
func (s Source) Config() (GeneratorConfig, error) {
	if s.bare {
		return s.metadataConfig()
	}
	var m modelJSON
	if err := s.readJSON(ModelFile, &m); err != nil {
		return GeneratorConfig{}, err
	}
	if err := m.validate(); err != nil {
		return GeneratorConfig{}, fmt.Errorf("reading %q: %w", s.at(ModelFile), err)
	}
	return m.Generator, nil
}

// metadataConfig reads the configuration from the weight file's metadata.
func (s Source) metadataConfig() (GeneratorConfig, error) {
	metadata, err := s.metadata(s.weights)
	if err != nil {
		return GeneratorConfig{}, err
	}
	e, err := describe(metadata)
	switch {
	case err != nil:
		return GeneratorConfig{}, fmt.Errorf("reading %q: %w", s.at(s.weights), err)
	case e.Layout != LayoutChromabeam:
		return GeneratorConfig{}, fmt.Errorf("reading %q: its layout is %s, which is not read back: export it with layout %s",
			s.at(s.weights), e.Layout, LayoutChromabeam)
	}
	return e.Generator, nil
}

// Find finds the weights of a checkpoint: [CheckpointBest], [CheckpointLast] or
// [CheckpointEMA] of a run folder, where an empty name stands for the best one or
// else the last. Other sources have one set of weights, of an empty name.
func (s Source) Find(checkpoint string) (Weights, error) {
	w := Weights{Checkpoint: checkpoint, source: s, file: s.weights, prefix: GeneratorScope}
	switch {
	case s.weights != "" && checkpoint != "":
		return Weights{}, fmt.Errorf("model %q has one set of weights: leave checkpoint out, got %q", s.name, checkpoint)
	case s.weights == "":
		ref, name, err := s.checkpoint(checkpoint)
		if err != nil {
			return Weights{}, err
		}
		w.Checkpoint, w.Step, w.file = name, ref.Step, path.Join(CheckpointsDir, ref.File)
		if checkpoint == CheckpointEMA {
			w.prefix = EMAScope + "/" + GeneratorScope
		}
	}
	hashed := []string{ModelFile, w.file}
	if s.bare {
		hashed = hashed[1:]
	}
	var err error
	if w.Hash, w.Bytes, err = s.hash(hashed); err != nil {
		return Weights{}, err
	}
	if checkpoint == CheckpointEMA {
		w.Hash = hashText(w.Hash + CheckpointEMA) // other weights of the same file
	}
	return w, nil
}

// checkpoint resolves a name to a run folder's pointer, and says which name that
// is.
func (s Source) checkpoint(name string) (ref CheckpointRef, found string, err error) {
	pointer := name
	switch name {
	case CheckpointBest, CheckpointLast:
	case CheckpointEMA:
		pointer = CheckpointLast
	case "":
		ref, err = s.pointer(CheckpointBest)
		if !errors.Is(err, fs.ErrNotExist) {
			return ref, CheckpointBest, err
		}
		name, pointer = CheckpointLast, CheckpointLast
	default:
		return CheckpointRef{}, "", ValidateCheckpoint(name)
	}
	ref, err = s.pointer(pointer)
	return ref, name, err
}

// pointer reads checkpoints/NAME.json.
func (s Source) pointer(name string) (CheckpointRef, error) {
	file := path.Join(CheckpointsDir, name+".json")
	var ref CheckpointRef
	if err := s.readJSON(file, &ref); err != nil {
		return CheckpointRef{}, err
	}
	if err := ref.validate(); err != nil {
		return CheckpointRef{}, fmt.Errorf("reading %q: %w", s.at(file), err)
	}
	return ref, nil
}

// at is a file's place in messages.
func (s Source) at(file string) string { return filepath.Join(s.root, filepath.FromSlash(file)) }

// open opens a file; an error names its whole path.
func (s Source) open(file string) (fs.File, error) {
	f, err := s.files.Open(file)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return nil, &fs.PathError{Op: failed.Op, Path: s.at(file), Err: failed.Err}
	}
	return f, err
}

func (s Source) readJSON(file string, v any) error {
	f, err := s.open(file)
	if err != nil {
		return fmt.Errorf("reading a run folder: %w", err)
	}
	defer f.Close()
	return readJSON(f, s.at(file), v)
}
