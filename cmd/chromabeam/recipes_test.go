// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/train/recipes"
)

func TestRecipesGolden(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"list":      {"recipes"},
		"show_6.3":  {"recipes", "show", "6.3", "-size", "64"},
		"show_6.7":  {"recipes", "show", "6.7"},
		"show_demo": {"recipes", "show", "demo", "-set", "epochs_num=60"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			compareGolden(t, filepath.Join("testdata", "recipes", name+".txt"), mustRun(t, exitDone, args...))
		})
	}
}

// TestRecipesFit shows every recipe, and its 64-px form, on 80 columns.
func TestRecipesFit(t *testing.T) {
	t.Parallel()
	commands := [][]string{{"recipes", "list"}}
	for _, e := range recipes.All() {
		commands = append(commands, []string{"recipes", "show", e.Name}, []string{"recipes", "show", e.Name, "-set", "size=64"})
	}
	for _, args := range commands {
		out := mustRun(t, exitDone, args...)
		for line := range strings.Lines(out) {
			if len(line) > 81 {
				t.Errorf("%s: a line is wider than 80 columns: %q", args, line)
			}
		}
		if args[1] == "show" && !strings.Contains(out, "-recipe "+args[2]+" ") && args[2] != "demo" {
			t.Errorf("%s does not show its command", args)
		}
	}
}

func TestRecipesJSON(t *testing.T) {
	t.Parallel()
	var all []recipes.Experiment
	if err := json.Unmarshal([]byte(mustRun(t, exitDone, "recipes", "-json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(recipes.All()) {
		t.Errorf("%d recipes as JSON, want %d", len(all), len(recipes.All()))
	}
	var e recipes.Experiment
	if err := json.Unmarshal([]byte(mustRun(t, exitDone, "recipes", "show", "6.7", "-size", "64", "-json")), &e); err != nil {
		t.Fatal(err)
	}
	if e.Size != 64 || e.Downs != 5 || len(e.Runs()) != 5 {
		t.Errorf("6.7 at 64 px has size %d, num_downs %d and %d runs, want 64, 5 and 5", e.Size, e.Downs, len(e.Runs()))
	}
}

// TestRecipesCard: the recipe of the model in the box comes with its card, and no
// other does.
func TestRecipesCard(t *testing.T) {
	t.Parallel()
	card, err := builtin.ReadCard()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*builtin.Card{"builtin": &card, "anime-final": nil} {
		var got shownRecipe
		if err := json.Unmarshal([]byte(mustRun(t, exitDone, "recipes", "show", name, "-json")), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Card); diff != "" {
			t.Errorf("%s: card (-want +got):\n%s", name, diff)
		}
		page := strings.Join(strings.Fields(mustRun(t, exitDone, "recipes", "show", name)), " ")
		for _, part := range slices.Concat(card.NotFor, []string{card.Data[0].LicenseURL, card.Data[1].Author, card.Weights.SHA256}) {
			if strings.Contains(page, part) != (want != nil) {
				t.Errorf("%s: the page has %q: %v, want %v", name, part, want == nil, want != nil)
			}
		}
	}
}

func TestRecipesErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"recipes", "show", "6.42"}, "6.1, 6.2, 6.3"},
		{[]string{"recipes", "show", "6.3", "-size", "128"}, "size must be in [62, 77] or [202, 282] for a conv critic, got 128"},
		{[]string{"recipes", "show", "6.3", "-set", "d_coef=0"}, "d_coef must be at least 1 with a critic, got 0"},
		{[]string{"recipes", "show", "6.7", "-set", "l1_weight=3"}, "l1_weight is what recipe 6.7 varies"},
		{[]string{"recipes", "list", "-size", "64"}, "show NAME"},
	}
	for _, tt := range tests {
		if code, _, errs := chromabeam(t, tt.args...); code != exitUsage || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, stderr %q; want %d and %q", tt.args, code, errs, exitUsage, tt.want)
		}
	}
}
