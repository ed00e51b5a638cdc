// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"html"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// epochs makes lines of epochs from values of validation L1: the first of them
// the generator's alone, and one of the critic's behind those.
func epochs(alone int, l1 ...float64) []Metric {
	var lines []Metric
	add := func(stage recipes.StageKind, x float64) {
		m := Metric{Kind: MetricEpoch, Stage: stage, Epoch: len(lines) + 1, Validation: &Scores{Quality: pixel.Quality{L1: x}}}
		if stage != recipes.StageCritic {
			half := x / 2
			m.L1 = &half
		}
		if stage == recipes.StageJoint {
			distance := 100 * x
			m.Validation.Distance = &distance
		}
		lines = append(lines, m)
	}
	for i, x := range l1 {
		if i < alone {
			add(recipes.StageGenerator, x)
			continue
		}
		if i == alone && alone > 0 {
			add(recipes.StageCritic, 0.001) // must not count
		}
		add(recipes.StageJoint, x)
	}
	return lines
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	small, err := recipes.Find("6.1")
	must(t, err)
	scores := &Scores{TrueColorfulness: 40, Quality: pixel.Quality{Colorfulness: 10}}
	tests := []struct {
		name   string
		recipe recipes.Recipe
		result Result
		lines  []Metric
		want   []string
	}{
		{"diverged at once", tinyRecipe(), Result{Status: StatusDiverged, Steps: 1200, Cause: "L1 was not finite"}, nil,
			[]string{"It diverged by step 1,200: L1 was not finite."}},
		{"diverged long ago", tinyRecipe(), Result{Status: StatusDiverged, Steps: 3}, nil, []string{"It diverged by step 3."}},
		{"falling", tinyRecipe(), Result{Status: StatusDone, Epochs: 3, Steps: 9, Validation: scores}, epochs(0, 0.4, 0.3, 0.2), []string{
			"It ran to its end: 3 epochs, 9 steps.",
			"Validation L1 was 0.4000 after epoch 1 and 0.2000 after the last, epoch 3, the best one of its stage: it was still falling.",
			"Training L1 fell throughout, from 0.2000 in the first epoch to 0.1000 in the last.",
			"What was generated for validation has a colourfulness of 10.0 at the end, 25.0% of the true pictures' 40.0.",
			"The critic's distance between true and generated pictures fell over joint training, " +
				"from 40 after epoch 1 to 20 after epoch 3, on validation pictures.",
		}},
		{"standing still", small.Resize(64), Result{Status: StatusInterrupted, Steps: 9}, epochs(2, 0.5, 0.1, 0.3, 0.2, 0.25), []string{
			"It was interrupted at step 9 and can be resumed.",
			"Validation L1 was 0.5000 after epoch 1 and 0.2500 after the last, epoch 6; the best was 0.2000, after epoch 5, " +
				"and the last is 25.0% higher. The generator alone had come lower before: 0.1000, after epoch 2.",
			"Training L1 went from 0.2500 in the first epoch to 0.1250 in the last; it rose in 2 of the 4 epochs after the first.",
			"The critic's distance between true and generated pictures fell over joint training, " +
				"from 30 after epoch 4 to 25 after epoch 6, on validation pictures.",
			"This is at 64 px, while recipe 6.1 is for 256 px: what is best here need not carry over.",
		}},
		{"one epoch", tinyRecipe(), Result{Status: StatusDone, Epochs: 1, Steps: 3}, epochs(0, 0.4), []string{
			"It ran to its end: 1 epoch, 3 steps.", "Validation L1 was 0.4000 after epoch 1.",
		}},
	}
	for _, tt := range tests {
		got := outcome(tt.recipe, tt.result, tt.lines)
		if diff := cmp.Diff(tt.want, got.Paragraphs); diff != "" || got.Title != "Outcome" {
			t.Errorf("%s: %q (-want +got):\n%s", tt.name, got.Title, diff)
		}
	}
}

// TestDivergedPage: the page says what ended the run.
func TestDivergedPage(t *testing.T) {
	t.Parallel()
	r := tinyGAN()
	r.CriticEpochs, r.Epochs, r.CriticRate, r.PenaltyWeight, r.LogEach, r.CriticNorm = 0, 20, 1, 1e-12, 1, model.NormNone
	o := Options{Recipe: r, Data: dataset(t, r.Size, 5, 2), Output: filepath.Join(t.TempDir(), "run"), Backend: goBackend(t)}
	got := mustRun(t, o)
	if !strings.HasPrefix(got.Cause, "the critic's distance was ") && !strings.HasPrefix(got.Cause, "the generator's adversarial loss was ") {
		t.Errorf("the cause is %q, want the critic's scores", got.Cause)
	}
	want := html.EscapeString(fmt.Sprintf("It diverged by step %d: %s.", got.Steps, got.Cause))
	if page := string(readFile(t, o.Output, reportFile)); !strings.Contains(page, want) {
		t.Errorf("the page lacks %q", want)
	}
	o.Resume = true
	if again := mustRun(t, o); again.Cause != got.Cause {
		t.Errorf("resumed the cause is %q, want %q", again.Cause, got.Cause)
	}
}

// TestFault names what made a run diverge.
func TestFault(t *testing.T) {
	t.Parallel()
	for want, set := range map[string]func(*lossVector){
		"":                                 func(*lossVector) {},
		"the critic's loss was not finite": func(v *lossVector) { v[lossCritic] = math.Inf(-1) },
		"the generator's gradient was not finite": func(v *lossVector) { v[lossGeneratorGradient] = math.NaN() },
		"the critic's distance was beyond 1000000 in size, which training does not come back from": func(v *lossVector) {
			v[lossDistance] = -2.1e6
		},
	} {
		var v lossVector
		set(&v)
		if got := v.fault(2); got != want {
			t.Errorf("the fault is %q, want %q", got, want)
		}
	}
}

func TestSweepOutcome(t *testing.T) {
	t.Parallel()
	e, err := recipes.FindExperiment("6.7")
	must(t, err)
	unclaimed := e
	unclaimed.Vary.Best = ""
	runs := threeEnded()
	all := slicesOf(runs, 1, 2, 3)
	equal := []SweepRun{runs[1], runs[2]}
	equal[1].Result.Validation = equal[0].Result.Validation
	const bests = "l1_weight=25 has the lowest CIEDE2000 (9.00); " +
		"l1_weight=50 has the lowest validation L1 (0.1200) and highest SSIM (0.820); " +
		"l1_weight=75 has the highest PSNR (22.00) and truest colourfulness (31.0). " +
		"The true pictures have a colourfulness of 30.0."
	tests := []struct {
		name string
		e    recipes.Experiment
		runs []SweepRun
		want []string
	}{
		{"nothing", e, nil, []string{"No run has come to its end."}},
		{"one", e, runs[1:2], []string{"That is of 1 of 5 runs; the others have not come to their end."}},
		{"all", e, runs, []string{
			"l1_weight=10: diverged by step 1,234.", bests,
			"That is of 3 of 5 runs; the others have not come to their end.",
			"The report calls l1_weight=25 best; here l1_weight=50 has the lowest validation L1 (0.1200, against 0.1250) " +
				"and highest SSIM (0.820, against 0.800); l1_weight=75 has the highest PSNR (22.00, against 21.00) " +
				"and truest colourfulness (31.0, against 40.0); it has the lowest CIEDE2000 itself.",
		}},
		{"no claim", unclaimed, all, []string{bests, "That is of 3 of 5 runs; the others have not come to their end."}},
		{"no difference", e, equal, []string{
			"several runs share the lowest validation L1 (0.1250), highest PSNR (21.00), highest SSIM (0.800), lowest CIEDE2000 (9.00) " +
				"and truest colourfulness (40.0). The true pictures have a colourfulness of 30.0.",
			"That is of 2 of 5 runs; the others have not come to their end.",
			"The report calls l1_weight=25 best; here no run has a better score, either.",
		}},
		{"the claimed one is missing", e, slicesOf(runs, 2, 3), []string{
			"l1_weight=50 has the lowest validation L1 (0.1200) and highest SSIM (0.820); " +
				"l1_weight=75 has the highest PSNR (22.00), lowest CIEDE2000 (10.00) and truest colourfulness (31.0). " +
				"The true pictures have a colourfulness of 30.0.",
			"That is of 2 of 5 runs; the others have not come to their end.",
			"The report calls l1_weight=25 best; here that run has not come to its end.",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, sweepOutcome(tt.e, tt.runs, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestSweepOutcomeLeftOut tells runs that are left out from those that have not
// ended.
func TestSweepOutcomeLeftOut(t *testing.T) {
	t.Parallel()
	ended := SweepRun{Label: "l1_weight=1", Result: Result{Status: StatusDone, Epochs: 1, Validation: &Scores{}}}
	for _, tt := range []struct {
		leftOut int
		want    string
	}{
		{0, "That is of 1 of 3 runs; the others have not come to their end."},
		{1, "That is of 1 of 3 runs, without the 1 that are left out; the others have not come to their end."},
		{2, "That is of 1 of 3 runs, without the 2 that are left out."},
	} {
		if got := sweepOutcome(tinySweep(), []SweepRun{ended}, tt.leftOut); !slices.Contains(got, tt.want) {
			t.Errorf("%d left out: %q lacks %q", tt.leftOut, got, tt.want)
		}
	}
}

func slicesOf(runs []SweepRun, at ...int) (out []SweepRun) {
	for _, i := range at {
		out = append(out, runs[i])
	}
	return out
}
