// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden pins every experiment: the difference of two files is what an
// experiment changed.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, e := range All() {
		t.Run(e.Name, func(t *testing.T) {
			got, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", e.Name+".json")
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
			var back Experiment
			if err := json.Unmarshal(want, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, back); diff != "" {
				t.Errorf("recipe read back (-want +got):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(All()) {
		t.Errorf("testdata holds %d recipes, want %d: one is left over", len(files), len(All()))
	}
}

func TestRecipesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range All() {
		for name, variant := range map[string]Experiment{"as it is": e, "smoke": e.Smoke()} {
			if err := variant.Validate(); err != nil {
				t.Errorf("%s, %s: %v", e.Name, name, err)
			}
		}
		small, err := e.Apply("size=64")
		if err != nil {
			t.Fatal(err)
		}
		if err := small.Validate(); err != nil {
			t.Errorf("%s at 64 px: %v", e.Name, err)
		}
		if seen[e.Name] {
			t.Errorf("two recipes are called %q", e.Name)
		}
		seen[e.Name] = true
		for field, text := range map[string]string{"title": e.Title, "hypothesis": e.Hypothesis, "expected": e.Expected, "command": e.Command} {
			if text == "" {
				t.Errorf("%s has no %s", e.Name, field)
			}
		}
		if e.Name != "demo" && !strings.Contains(e.Command, " -recipe "+e.Name+" -data ") {
			t.Errorf("%s has the command %q", e.Name, e.Command)
		}
		inOrder := slices.DeleteFunc(Keys(), func(key string) bool { return !slices.Contains(e.Ours, key) })
		if diff := cmp.Diff(inOrder, e.Ours); diff != "" {
			t.Errorf("%s: keys that are ours (-in order and known +there):\n%s", e.Name, diff)
		}
		if len(e.Stages()) == 0 {
			t.Errorf("%s has no stages", e.Name)
		}
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
	if r, err := Find("6.6"); err != nil || r.Name != "6.6" {
		t.Errorf("Find of 6.6: %q, %v", r.Name, err)
	}
	tests := []struct {
		name string
		want []string
	}{
		{"6.42", []string{`"6.42"`, "6.1, 6.2", "photos, demo"}},
		{"6.8", []string{"recipe 6.8 is a sweep", "train_batch_size=4, train_batch_size=8"}},
	}
	for _, tt := range tests {
		_, err := Find(tt.name)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Find of %s: %v, want %q in it", tt.name, err, want)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	report, variants, own := Groups()
	var runs int
	for _, e := range report {
		runs += len(e.Runs())
	}
	if len(report) != 9 || runs != 21 {
		t.Errorf("%d experiments of %d runs reproduce the report, want 9 of 21", len(report), runs)
	}
	names := func(list []Experiment) (out []string) {
		for _, e := range list {
			out = append(out, e.Name)
		}
		return out
	}
	if diff := cmp.Diff([]string{"6.4-no-delay", "6.5-mean", "6.6-three-channels", "6.7-mean"}, names(variants)); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"anime-final", "builtin", "photos", "demo"}, names(own)); diff != "" {
		t.Errorf("our own (-want +got):\n%s", diff)
	}
}
