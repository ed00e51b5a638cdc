// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden pins every recipe: the difference of two files is what an
// experiment changed.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, r := range All() {
		t.Run(r.Name, func(t *testing.T) {
			got, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", r.Name+".json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; make it with go test ./train/recipes -update", err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("recipe changed (-want +got); if it should, run with -update:\n%s", diff)
			}
			var back Recipe
			if err := json.Unmarshal(want, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, back); diff != "" {
				t.Errorf("recipe read back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecipesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range All() {
		for name, variant := range map[string]Recipe{"as it is": r, "smoke": r.Smoke()} {
			if err := variant.Validate(); err != nil {
				t.Errorf("%s, %s: %v", r.Name, name, err)
			}
		}
		if seen[r.Name] {
			t.Errorf("two recipes are called %q", r.Name)
		}
		seen[r.Name] = true
		for field, text := range map[string]string{"title": r.Title, "hypothesis": r.Hypothesis, "expected": r.Expected, "command": r.Command} {
			if text == "" {
				t.Errorf("%s has no %s", r.Name, field)
			}
		}
		for _, key := range r.Ours {
			if !slices.Contains(Keys(), key) {
				t.Errorf("%s marks %q as ours, which is no key", r.Name, key)
			}
		}
		if len(r.Stages()) == 0 {
			t.Errorf("%s has no stages", r.Name)
		}
	}
}

// TestBaseline holds the report's table for section 6.1 beside ours.
func TestBaseline(t *testing.T) {
	t.Parallel()
	r, err := Find("6.1")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"in_channels": 3, "out_channels": 3, "num_downs": 7, "epochs_num": 100, "train_batch_size": 1,
		"val_batch_size": 64, "g_lr": 3e-4, "log_each": 50, "l1_weight": 1.0, "critic": model.CriticNone,
	}
	got := map[string]any{}
	for key := range want {
		got[key], _ = r.Value(key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("6.1 (-report +ours):\n%s", diff)
	}
	if n := r.Generator().ParameterCount(); n != 41_828_995 {
		t.Errorf("6.1 has %d weights, want 41,828,995", n)
	}
}

func TestRulesCoverKeys(t *testing.T) {
	t.Parallel()
	want, got := slices.Sorted(slices.Values(Keys())), slices.Sorted(maps.Keys(rules))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of the recipe and of the rules (-recipe +rules):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	if _, err := Find("6.42"); err == nil || !strings.Contains(err.Error(), `"6.42"`) || !strings.Contains(err.Error(), "6.1, demo") {
		t.Errorf("Find of an unknown name: %v, want it and the known ones named", err)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key, value string
		want       any
		wantErr    string
	}{
		{key: "l1_weight", value: "50", want: 50.0},
		{key: "l1_weight", value: "0", wantErr: "l1_weight must be in (0, 10000000], got 0"},
		{key: "l1_weight", value: "NaN", wantErr: "l1_weight must be in (0, 10000000], got NaN"},
		{key: "num_downs", value: "5", want: 5},
		{key: "num_downs", value: "13", wantErr: "num_downs must be in [1, 12], got 13"},
		{key: "num_downs", value: "five", wantErr: `num_downs must be in [1, 12], got "five"`},
		{key: "in_channels", value: "2", wantErr: "in_channels must be 1 or 3, got 2"},
		{key: "norm", value: "instance", want: model.NormInstance},
		{key: "norm", value: "group", wantErr: `norm must be none, batch, instance or layer, got "group"`},
		{key: "critic", value: "conv", wantErr: `critic must be none, got "conv"`},
		{key: "critic_conditional", value: "maybe", wantErr: `critic_conditional must be true or false, got "maybe"`},
		{key: "beta1", value: "1", wantErr: "beta1 must be in [0, 1), got 1"},
		{key: "seed", value: "18446744073709551615", want: uint64(math.MaxUint64)},
		{key: "seed", value: "-1", wantErr: `seed must be in [0, 2^64-1], got "-1"`},
		{key: "l1_wieght", value: "50", wantErr: `no key is called "l1_wieght"; the nearest is "l1_weight"`},
		{key: "epoch_num", value: "3", wantErr: `no key is called "epoch_num"; the nearest is "epochs_num"`},
		{key: "about", value: "x", wantErr: `no key is called "about"`},
		{key: "name", value: "x", wantErr: `no key is called "name"`},
		{key: "", value: "x", wantErr: `no key is called ""`},
	}
	for _, tt := range tests {
		t.Run(tt.key+"="+tt.value, func(t *testing.T) {
			r := baseline()
			err := r.Set(tt.key, tt.value)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want %q", err, tt.wantErr)
				}
				if diff := cmp.Diff(baseline(), r); diff != "" {
					t.Errorf("the recipe changed:\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := r.Value(tt.key); got != tt.want {
				t.Errorf("%s is %v, want %v", tt.key, got, tt.want)
			}
			if diff := cmp.Diff([]string{tt.key}, Differences(baseline(), r)); diff != "" {
				t.Errorf("changed keys (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Recipe)
		want   []string // every problem, none for a good recipe
	}{
		{"good", func(*Recipe) {}, nil},
		{"downs", func(r *Recipe) { r.Size, r.Downs = 64, 7 }, []string{"num_downs must be in [1, 6] for 64-px pictures, got 7"}},
		{"size", func(r *Recipe) { r.Size = 100 }, []string{"num_downs must be in [1, 6] for 100-px pictures, got 7"}},
		{"multiple", func(r *Recipe) { r.Size, r.Downs = 100, 5 }, []string{"size must be a multiple of 2^num_downs = 32, got 100"}},
		{"critic", func(r *Recipe) { r.Critic = model.CriticPatchGAN }, []string{`critic must be none, got "patchgan"`}},
		{"critic keys", func(r *Recipe) { r.CriticSteps, r.PenaltyWeight, r.GeneratorEpochs = 3, 10, 2 }, []string{
			`d_coef needs a critic, but critic is "none"; got 3`,
			`lambda needs a critic, but critic is "none"; got 10`,
			`g_epochs_num needs a critic, but critic is "none"; got 2`,
		}},
		{"several", func(r *Recipe) { r.TrainBatchSize, r.GeneratorRate, r.LogEach = 0, -1, 0 }, []string{
			"train_batch_size must be in [1, 4096], got 0", "g_lr must be in (0, 1], got -1", "log_each must be in [1, 1000000], got 0",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := baseline()
			tt.change(&r)
			err := r.Validate()
			if len(tt.want) == 0 {
				if err != nil {
					t.Errorf("good recipe: %v", err)
				}
				return
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("problems %v, want %q among them", err, want)
				}
			}
		})
	}
}

func FuzzSet(f *testing.F) {
	f.Add("l1_weight", "50")
	f.Add("seed", "-1")
	f.Add("norm", "batch")
	f.Add("g_lr", "0x1p-3")
	f.Fuzz(func(t *testing.T, key, value string) {
		r := baseline()
		if err := r.Set(key, value); err != nil {
			if diff := cmp.Diff(baseline(), r); diff != "" {
				t.Errorf("the recipe changed although Set said %v:\n%s", err, diff)
			}
			return
		}
		v, ok := r.field(key)
		if !ok {
			t.Fatalf("Set took the unknown key %q", key)
		}
		if err := rules[key].check(key, v); err != nil {
			t.Errorf("Set took a value outside its range: %v", err)
		}
	})
}
