// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOriginal(t *testing.T) {
	t.Parallel()
	small, err := l1Weight().Smoke().Apply("g_lr=0.01")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from Recipe
		want Recipe
	}{
		{small.Recipe, l1Weight().Recipe}, {small.Runs()[2].Recipe, l1Weight().Runs()[2].Recipe},
		{baseline().Resize(64), baseline()},
	} {
		got, ok := Original(tt.from)
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("the original of %s, %v (-want +got):\n%s", tt.from.Name, ok, diff)
		}
	}
	for _, name := range []string{"", "tiny", "6.7 l1_weight=11", "6.1 l1_weight=1"} {
		if got, ok := Original(Recipe{About: About{Name: name}}); ok {
			t.Errorf("%q has the original %s, want none", name, got.Name)
		}
	}
}

func TestCaveat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		of   Recipe
		want string
	}{
		{l1Weight().Recipe, ""},
		{Recipe{About: About{Name: "tiny"}, Size: 64}, ""},
		{baseline().Resize(64), "This is at 64 px, while recipe 6.1 is for 256 px: what is best here need not carry over."},
		{l1Weight().Resize(64), "This is at 64 px, while recipe 6.7 is for 256 px: what is best here need not carry over. " +
			"At an l1_weight of 25 the gradient of L1 against the critic's is 8.1:1 per picture here, and 51:1 there."},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Caveat(tt.of)); diff != "" {
			t.Errorf("%s at %d px (-want +got):\n%s", tt.of.Name, tt.of.Size, diff)
		}
	}
}

// TestBestLabel: what the report calls best is a run. Of a trial it says nothing.
func TestBestLabel(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"6.7": "l1_weight=25", "6.7-mean": "l1_weight=25", "6.8": "train_batch_size=8", "6.9": "d_coef=3",
	}
	for _, e := range All() {
		if got := e.Vary.BestLabel(); got != want[e.Name] {
			t.Errorf("the best of %s is %q, want %q", e.Name, got, want[e.Name])
		}
		if got := e.Smoke().Vary.BestLabel(); got != "" {
			t.Errorf("the best of %s on trial is %q, want none", e.Name, got)
		}
		for _, one := range []Experiment{e, e.Smoke()} {
			if err := one.Validate(); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
	}
	e := l1Weight()
	e.Vary.Best = "24"
	if err := e.Validate(); err == nil {
		t.Error("a best value that is none of the sweep's is let through")
	}
}
