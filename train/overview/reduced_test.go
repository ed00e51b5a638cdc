// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// TestReductions says in words what a run has less of.
func TestReductions(t *testing.T) {
	t.Parallel()
	own := reducedTo(t, "6.6").Recipe
	tests := []struct {
		settings      []string
		reduced, more []string
	}{
		{nil, nil, nil},
		{[]string{"size=64"}, []string{"pictures of 64 px instead of 256, and num_downs 5 instead of 7"}, nil},
		{[]string{"filters=16", "critic_filters=8"}, []string{"a generator 16 filters wide instead of 64", "a critic 8 filters wide instead of 64"}, nil},
		{
			[]string{"g_epochs_num=1", "d_epochs_num=0", "epochs_num=4"},
			[]string{"1 epoch of the generator alone instead of 2", "0 epochs of the critic alone instead of 2", "4 epochs of both networks instead of 50"}, nil,
		},
		{[]string{"train_limit=1600"}, []string{"the first 1,600 training pictures instead of all"}, nil},
		{[]string{"epochs_num=60", "d_coef=1"}, nil, []string{"d_coef 1 instead of 3", "epochs_num 60 instead of 50"}},
	}
	for _, tt := range tests {
		used, err := own.Apply(tt.settings...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.reduced, reductions(own, used)); diff != "" {
			t.Errorf("%v: reductions (-want +got):\n%s", tt.settings, diff)
		}
		if diff := cmp.Diff(tt.more, otherChanges(own, used)); diff != "" {
			t.Errorf("%v: other changes (-want +got):\n%s", tt.settings, diff)
		}
	}
}

// TestOwnSizes says that nothing was reduced where nothing was.
func TestOwnSizes(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	makeRun(t, filepath.Join(dir, "6.1"), madeRun{recipe: reducedTo(t, "6.1").Recipe, size: 32, status: train.StatusDone, epochs: 2, level: 0.1})
	written(t, Options{Runs: []string{dir}, Output: out})
	readme := tree(t, out)["README.md"]
	if !strings.Contains(readme, "nothing is reduced") || strings.Contains(readme, "Reduced here") {
		t.Error("the page does not say that nothing was reduced")
	}
}

// TestBefore lists what each experiment is held against.
func TestBefore(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"6.1": "", "6.2": "6.1", "6.3": "6.2", "6.4": "6.3", "6.5": "6.4", "6.6": "6.5", "6.7": "6.6", "6.8": "6.7", "6.9": "6.8",
		"6.4-no-delay": "6.4", "6.5-mean": "6.5", "6.6-three-channels": "6.6", "6.7-mean": "6.7", "anime-final": "6.7",
	}
	got := map[string]string{}
	for _, e := range recipes.All() {
		base, ok := before(e)
		if _, named := want[e.Name]; named || ok {
			got[e.Name] = base.Name
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e := reducedTo(t, "6.9")
	base, _ := before(e)
	changes := changesAgainst(base, e)
	wantChanges := []string{"d_coef is varied: 1, 2, 3, 4, 5, 6", "train_batch_size is 8, no longer varied"}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Errorf("changes of 6.9 (-want +got):\n%s", diff)
	}
}

// TestOrder follows the report, each experiment before its variants, then our own.
func TestOrder(t *testing.T) {
	t.Parallel()
	var names []string
	for _, e := range recipes.All() {
		if e.Section != "" || e.Name == "anime-final" {
			names = append(names, e.Name)
		}
	}
	names = append(names, "unknown")
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	want := "6.1 6.2 6.3 6.4 6.4-no-delay 6.5 6.5-mean 6.6 6.6-three-channels 6.7 6.7-mean 6.8 6.9 anime-final unknown"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}
