// SPDX-License-Identifier: Apache-2.0

package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/tensors"
)

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestModelConfigRoundTrip(t *testing.T) {
	t.Parallel()
	run := t.TempDir()
	want := smallGenerator(NormInstance)
	if err := WriteModelConfig(run, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadModelConfig(run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if err := WriteModelConfig(run, GeneratorConfig{}); err == nil {
		t.Error("an empty configuration was written")
	}
}

func TestCheckpointRef(t *testing.T) {
	t.Parallel()
	run := t.TempDir()
	if err := os.Mkdir(filepath.Join(run, CheckpointsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	want := CheckpointRef{File: "step-12.safetensors", Step: 12, Epoch: 3}
	if err := WriteCheckpointRef(run, CheckpointLast, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCheckpointRef(run, CheckpointLast)
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "../x"} {
		if err := WriteCheckpointRef(run, CheckpointLast, CheckpointRef{File: name}); err == nil {
			t.Errorf("a checkpoint in %q was written", name)
		}
	}
	writeFile(t, filepath.Join(run, CheckpointsDir, "best.json"), []byte(`{"file":"x"} {}`))
	if _, err := ReadCheckpointRef(run, CheckpointBest); err == nil || !strings.Contains(err.Error(), "more after") {
		t.Errorf("two values in one file: %v", err)
	}
	writeFile(t, filepath.Join(run, CheckpointsDir, "best.json"), make([]byte, maxJSON+1))
	if _, err := ReadCheckpointRef(run, CheckpointBest); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a large file: %v", err)
	}
}

// TestRestoreTensors brings a store's values into one of other values.
func TestRestoreTensors(t *testing.T) {
	t.Parallel()
	c := smallGenerator(NormBatch)
	path := filepath.Join(t.TempDir(), "w")
	from, to := enlarge(newGenerator(t, c)), newGenerator(t, c)
	list, err := StoreTensors(from)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, NamedTensor{"optimizer/step", tensors.FromScalar(float32(4))})
	if err := SaveSafetensors(path, list, nil); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := RestoreTensors(to, loaded); err != nil {
		t.Fatal(err)
	}
	if v := to.GetVariable("/optimizer/step"); v == nil || v.Trainable {
		t.Errorf("the optimizer's step is %v", v)
	}
	if err := to.DeleteVariable("/optimizer/step"); err != nil {
		t.Fatal(err)
	}
	if digest(t, from) != digest(t, to) {
		t.Error("the stores differ")
	}
	if v := to.GetVariable("/generator/down_0/kernel"); !v.Trainable {
		t.Error("a kernel is not trainable any more")
	}
	wrong := []NamedTensor{{"generator/up_0/bias", tensors.FromValue([]float32{1})}}
	if err := RestoreTensors(to, wrong); err == nil || !strings.Contains(err.Error(), "generator/up_0/bias") {
		t.Errorf("a wrong shape: %v", err)
	}
}
