// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ml "github.com/gomlx/gomlx/ml/model"
)

// Names inside a run folder.
const (
	ModelFile      = "model.json"
	CheckpointsDir = "checkpoints"
	// CheckpointLast and CheckpointBest name the pointers checkpoints/NAME.json.
	CheckpointLast = "last"
	CheckpointBest = "best"
	// CheckpointEMA stands for the moving average of the generator's weights in
	// the last checkpoint, where the recipe keeps one.
	CheckpointEMA = "ema"
	// GeneratorScope and CriticScope are the scopes, and the prefixes in
	// weight files, of the networks' variables.
	GeneratorScope = "generator"
	CriticScope    = "critic"
	// EMAScope is the scope above the moving average of a network's variables.
	EMAScope = "ema"
)

// modelFormat is the version of model.json and of the layout of the weights.
const modelFormat = 1

// modelJSON is the content of model.json.
type modelJSON struct {
	Format    int             `json:"format"`
	Generator GeneratorConfig `json:"generator"`
}

// CheckpointRef is a pointer to a weight file, checkpoints/last.json or
// checkpoints/best.json.
type CheckpointRef struct {
	// File is the weight file's name inside the checkpoints folder.
	File string `json:"file"`
	// Step and Epoch tell when it was written.
	Step  int64 `json:"step"`
	Epoch int   `json:"epoch"`
}

// WriteModelConfig writes the run folder's model.json, atomically.
func WriteModelConfig(run string, c GeneratorConfig) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("writing %s: %w", ModelFile, err)
	}
	return writeJSON(filepath.Join(run, ModelFile), modelJSON{Format: modelFormat, Generator: c})
}

// ReadModelConfig reads and validates the run folder's model.json.
func ReadModelConfig(run string) (GeneratorConfig, error) { return runFolder(run).Config() }

// runFolder is the source of a folder that may not be there.
func runFolder(run string) Source { return Source{name: run, files: os.DirFS(run), root: run} }

func (m modelJSON) validate() error {
	if m.Format != modelFormat {
		return fmt.Errorf("format must be %d, got %d", modelFormat, m.Format)
	}
	return m.Generator.Validate()
}

func checkpointRefPath(run, name string) string {
	return filepath.Join(run, CheckpointsDir, name+".json")
}

// WriteCheckpointRef writes checkpoints/NAME.json, atomically.
func WriteCheckpointRef(run, name string, ref CheckpointRef) error {
	if err := ref.validate(); err != nil {
		return fmt.Errorf("writing checkpoint %q: %w", name, err)
	}
	return writeJSON(checkpointRefPath(run, name), ref)
}

// ReadCheckpointRef reads checkpoints/NAME.json. The error wraps
// [os.ErrNotExist] where there is none.
func ReadCheckpointRef(run, name string) (CheckpointRef, error) { return runFolder(run).pointer(name) }

// Path returns the weight file's path in its run folder.
func (r CheckpointRef) Path(run string) string { return filepath.Join(run, CheckpointsDir, r.File) }

func (r CheckpointRef) validate() error {
	if r.File == "" || r.File != filepath.Base(r.File) || strings.ContainsAny(r.File, `/\`) || r.File == "." || r.File == ".." {
		return fmt.Errorf("file must be a name inside %s, got %q", CheckpointsDir, r.File)
	}
	return nil
}

// StoreTensors returns every variable of the store that has a value, named by
// its path without the leading slash, sorted. The tensors stay the store's.
func StoreTensors(store *ml.Store) ([]NamedTensor, error) {
	var list []NamedTensor
	for v := range store.IterVariables() {
		if !v.HasValue() {
			continue
		}
		t, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("reading variable %q: %w", v.Path(), err)
		}
		list = append(list, NamedTensor{strings.TrimPrefix(v.Path(), "/"), t})
	}
	slices.SortFunc(list, func(a, b NamedTensor) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// RestoreTensors sets the store's variables from the list, whose tensors become
// the store's, and makes those that do not exist yet, as not trainable: make
// networks first. It is an error where shapes or types differ.
func RestoreTensors(store *ml.Store, list []NamedTensor) error {
	for _, t := range list {
		v := store.GetVariable("/" + t.Name)
		if v == nil {
			made, err := store.CreateVariable("/"+t.Name, t.Tensor)
			if err != nil {
				return fmt.Errorf("restoring variable %q: %w", t.Name, err)
			}
			made.SetTrainable(false)
			continue
		}
		if !v.Shape().Equal(t.Tensor.Shape()) {
			return fmt.Errorf("restoring variable %q: the checkpoint has %s, this run %s", t.Name, t.Tensor.Shape(), v.Shape())
		}
		if err := v.SetValue(t.Tensor); err != nil {
			return fmt.Errorf("restoring variable %q: %w", t.Name, err)
		}
	}
	return nil
}

// LoadGenerator makes the generator's variables in the store's scope
// [GeneratorScope] from a checkpoint's tensors under the given prefix:
// GeneratorScope itself, or [EMAScope] + "/" + GeneratorScope for the moving
// average. Numbers of 16 bits are widened. Others in the list are left alone. It
// is an error where the tensors do not fit the configuration, such as those of
// another recipe.
func LoadGenerator(store *ml.Store, c GeneratorConfig, prefix string, list []NamedTensor) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("loading a generator: %w", err)
	}
	given := make(map[string]NamedTensor)
	for _, t := range list {
		if strings.HasPrefix(t.Name, prefix+"/") {
			given[t.Name] = t
		}
	}
	for _, s := range c.variables() {
		name := prefix + "/" + s.path
		t, ok := given[name]
		if !ok {
			return fmt.Errorf("loading a generator: the checkpoint lacks %q; is it of another recipe?", name)
		}
		delete(given, name)
		var err error
		if t.Tensor, err = Widen(t.Tensor); err != nil {
			return fmt.Errorf("loading a generator: %q: %w", name, err)
		}
		if !t.Tensor.Shape().Equal(s.tensorShape()) {
			return fmt.Errorf("loading a generator: the checkpoint has %q as %s, %s wants %s; is it of another recipe?",
				name, t.Tensor.Shape(), ModelFile, s.tensorShape())
		}
		v, err := store.CreateVariable(ml.JoinPath("/", GeneratorScope, s.path), t.Tensor)
		if err != nil {
			return fmt.Errorf("loading a generator: %w", err)
		}
		v.SetTrainable(s.kind.trainable())
	}
	for name := range given {
		return fmt.Errorf("loading a generator: the checkpoint has %q, which %s does not know; is it of another recipe?",
			name, ModelFile)
	}
	return nil
}
