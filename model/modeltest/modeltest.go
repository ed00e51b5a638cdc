// SPDX-License-Identifier: Apache-2.0

// Package modeltest makes run folders for tests.
package modeltest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	ml "github.com/gomlx/gomlx/ml/model"
)

// TinyConfig is the generator that [Tiny] writes.
func TinyConfig() model.GeneratorConfig {
	return model.GeneratorConfig{Size: 16, InChannels: 1, OutChannels: 3, Downs: 3, Filters: 8, Norm: model.NormBatch}
}

// Tiny writes a real run folder of a 16-px, 8-filter, one-channel generator
// with random weights, both checkpoint pointers included, to t.TempDir() and
// returns its path. The weights are the same at every call.
func Tiny(t testing.TB) string {
	t.Helper()
	return Write(t, TinyConfig(), 1)
}

// Write writes a run folder of a generator with weights drawn from the seed to
// t.TempDir() and returns its path.
func Write(t testing.TB, c model.GeneratorConfig, seed uint64) string {
	t.Helper()
	run := t.TempDir()
	if err := WriteTo(run, c, seed); err != nil {
		t.Fatal(err)
	}
	return run
}

// WriteTo is [Write] into an empty folder, for examples, which have no
// [testing.TB].
func WriteTo(run string, c model.GeneratorConfig, seed uint64) error {
	store := ml.NewStore()
	if err := model.InitGenerator(store, model.GeneratorScope, c, seed); err != nil {
		return err
	}
	list, err := model.StoreTensors(store)
	if err != nil {
		return err
	}
	ref := model.CheckpointRef{File: "step-00000001.safetensors", Step: 1, Epoch: 1}
	err = errors.Join(model.WriteModelConfig(run, c), os.Mkdir(filepath.Join(run, model.CheckpointsDir), 0o755))
	if err != nil {
		return err
	}
	return errors.Join(
		model.SaveSafetensors(ref.Path(run), list, map[string]string{"step": "1"}),
		model.WriteCheckpointRef(run, model.CheckpointLast, ref), model.WriteCheckpointRef(run, model.CheckpointBest, ref))
}
