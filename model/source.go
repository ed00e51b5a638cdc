// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Source is where a generator's configuration and weights come from: a run
// folder, a file that [Export] has written, either of them elsewhere (package
// origin), or files inside the binary (package builtin). It holds no file open and
// is safe for concurrent use.
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

// NewRunSource returns a run folder whose files are the given ones. The name, a
// path or a URL, stands for the folder in messages.
func NewRunSource(name string, files fs.FS) Source {
	return Source{name: name, files: files, root: name}
}

// NewFileSource returns a file that [Export] has written, one of the given files.
// The name is its path or URL, for messages.
func NewFileSource(name string, files fs.FS, file string) Source {
	return Source{name: name, files: files, root: strings.TrimSuffix(name, file), weights: file, bare: true}
}

// Name is what the source was opened by.
func (s Source) Name() string { return s.name }

// Config reads and validates the generator's configuration.
func (s Source) Config() (GeneratorConfig, error) {
	if s.bare {
		metadata, err := s.metadata(s.weights)
		if err != nil {
			return GeneratorConfig{}, err
		}
		return s.metadataConfig(metadata)
	}
	c, _, err := s.modelConfig()
	return c, err
}

// modelConfig reads model.json, and returns its text as well.
func (s Source) modelConfig() (GeneratorConfig, []byte, error) {
	var m modelJSON
	text, err := s.readJSON(ModelFile, &m)
	if err != nil {
		return GeneratorConfig{}, nil, err
	}
	if err := m.validate(); err != nil {
		return GeneratorConfig{}, nil, fmt.Errorf("reading %q: %w", s.at(ModelFile), err)
	}
	return m.Generator, text, nil
}

// metadataConfig is the configuration in an exported file's metadata.
func (s Source) metadataConfig(metadata map[string]string) (GeneratorConfig, error) {
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
	if _, err := s.readJSON(file, &ref); err != nil {
		return CheckpointRef{}, err
	}
	if err := ref.validate(); err != nil {
		return CheckpointRef{}, fmt.Errorf("reading %q: %w", s.at(file), err)
	}
	return ref, nil
}

// at is a file's place in messages.
func (s Source) at(file string) string {
	if strings.Contains(s.root, "://") { // of whose slashes filepath would drop one
		return strings.TrimSuffix(s.root, "/") + "/" + file
	}
	return filepath.Join(s.root, filepath.FromSlash(file))
}

// open opens a file; an error names its whole path.
func (s Source) open(file string) (fs.File, error) {
	f, err := s.files.Open(file)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return nil, &fs.PathError{Op: failed.Op, Path: s.at(file), Err: failed.Err}
	}
	return f, err
}

// readJSON decodes one of the small files of a run folder, and returns its text
// as well; fields that v lacks are an error.
func (s Source) readJSON(file string, v any) ([]byte, error) {
	f, err := s.open(file)
	if err != nil {
		return nil, fmt.Errorf("reading a run folder: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", s.at(file), err)
	}
	if len(text) > maxJSON {
		return nil, fmt.Errorf("reading %q: the file is larger than %d bytes", s.at(file), maxJSON)
	}
	if err := decodeStrictly(text, v); err != nil {
		return nil, fmt.Errorf("decoding %q: %w", s.at(file), err)
	}
	return text, nil
}
