// SPDX-License-Identifier: Apache-2.0

package train

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ml "github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestPruneCheckpoints plants weight files and looks at what stays.
func TestPruneCheckpoints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		files      []int64
		last, best int64 // 0 is none
		current    int64
		want       []int64
	}{
		{"two orphans", []int64{4, 6, 9, 12}, 6, 4, 6, []int64{4, 6}},
		{"orphans alone above", []int64{3, 9, 12}, 3, 3, 3, []int64{3}},
		{"newest", []int64{2, 4, 6, 8}, 8, 8, 8, []int64{6, 8}},
		{"best is old", []int64{2, 4, 6, 8}, 8, 2, 8, []int64{2, 6, 8}},
		{"last is older than the file just written", []int64{2, 4, 6, 8}, 2, 0, 8, []int64{2, 6, 8}},
		{"last is above", []int64{2, 4, 9, 12}, 9, 0, 4, []int64{2, 4, 9}},
		{"no pointers", []int64{2, 4, 6}, 0, 0, 4, []int64{2, 4}},
		{"nothing", nil, 0, 0, 4, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := t.TempDir()
			dir := filepath.Join(run, model.CheckpointsDir)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, step := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, weightFile(step)), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for pointer, step := range map[string]int64{model.CheckpointLast: tt.last, model.CheckpointBest: tt.best} {
				if step == 0 {
					continue
				}
				if err := model.WriteCheckpointRef(run, pointer, model.CheckpointRef{File: weightFile(step), Step: step}); err != nil {
					t.Fatal(err)
				}
				want = append(want, pointer+".json")
			}
			for _, step := range tt.want {
				want = append(want, weightFile(step))
			}
			slices.Sort(want)
			if err := pruneCheckpoints(run, tt.current, 2); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, list(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckpointTensors goes on from checkpoints that lack variables or hold
// others.
func TestCheckpointTensors(t *testing.T) {
	tests := []struct {
		name   string
		change func(map[string]model.NamedTensor)
		want   []string // none: it is taken
	}{
		{"same", func(map[string]model.NamedTensor) {}, nil},
		{"lacks one", func(list map[string]model.NamedTensor) { delete(list, "b") }, []string{"the checkpoint lacks b"}},
		{"lacks all", func(list map[string]model.NamedTensor) { clear(list) }, []string{"lacks a, b, c and 1 more"}},
		{"another", func(list map[string]model.NamedTensor) {
			list["ema"] = model.NamedTensor{Name: "ema", Tensor: zeros(2)}
		}, []string{"holds ema, which this run does not know"}},
		{"renamed", func(list map[string]model.NamedTensor) {
			delete(list, "a")
			list["z"] = model.NamedTensor{Name: "z", Tensor: zeros(2)}
		}, []string{"lacks a", "holds z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := t.TempDir()
			if err := os.Mkdir(filepath.Join(run, model.CheckpointsDir), 0o755); err != nil {
				t.Fatal(err)
			}
			store := ml.NewStore()
			tensors := make(map[string]model.NamedTensor)
			for _, name := range []string{"a", "b", "c", "d"} {
				if err := setVariable(store, "/"+name, zeros(2)); err != nil {
					t.Fatal(err)
				}
				tensors[name] = model.NamedTensor{Name: name, Tensor: zeros(2)}
			}
			tt.change(tensors)
			of := identity{recipe: "r", data: "d", schedule: schedule{stages: tinyRecipe().Stages(), pictures: 4, batch: 2}}
			metadata, err := state{Format: stateFormat, Recipe: of.recipe, Data: of.data, Step: 1, Position: position{Step: 1}}.encode()
			if err != nil {
				t.Fatal(err)
			}
			ref := model.CheckpointRef{File: weightFile(1), Step: 1}
			var saved []model.NamedTensor
			for _, name := range slices.Sorted(maps.Keys(tensors)) {
				saved = append(saved, tensors[name])
			}
			if err := model.SaveSafetensors(ref.Path(run), saved, metadata); err != nil {
				t.Fatal(err)
			}
			if err := model.WriteCheckpointRef(run, model.CheckpointLast, ref); err != nil {
				t.Fatal(err)
			}
			_, found, err := loadCheckpoint(run, store, of, 2, t.Logf)
			if tt.want == nil {
				if err != nil || !found {
					t.Errorf("got %v, %v, want the checkpoint taken", found, err)
				}
				return
			}
			if !fault.IsRequest(err) {
				t.Fatalf("got %v, want a request error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}
