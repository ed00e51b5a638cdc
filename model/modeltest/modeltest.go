// SPDX-License-Identifier: Apache-2.0

// Package modeltest makes run folders for tests.
package modeltest

import (
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
	store := ml.NewStore()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(model.InitGenerator(store, model.GeneratorScope, c, seed))
	must(model.WriteModelConfig(run, c))
	must(os.Mkdir(filepath.Join(run, model.CheckpointsDir), 0o755))
	list, err := model.StoreTensors(store)
	must(err)
	ref := model.CheckpointRef{File: "step-00000001.safetensors", Step: 1, Epoch: 1}
	must(model.SaveSafetensors(ref.Path(run), list, map[string]string{"step": "1"}))
	for _, name := range []string{model.CheckpointLast, model.CheckpointBest} {
		must(model.WriteCheckpointRef(run, name, ref))
	}
	return run
}
