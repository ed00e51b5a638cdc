// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestTimeSteps(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, device *model.Backend) {
		r, stage := tinyEverything(), recipes.StageJoint
		if device.Name == model.BackendCPU { // where that takes 20 s to compile
			r, stage = tinyRecipe(), recipes.StageGenerator
		}
		var seen []string
		got, err := TimeSteps(t.Context(), TimeOptions{
			Recipe: r, Backend: device, Repeat: Repeat{Warmup: 2, Count: 3},
			Progress: func(p StepProgress) {
				kind := "timed"
				if p.Warmup {
					kind = "warm-up"
				}
				if p.Took <= 0 {
					t.Errorf("%s step %d took %v", kind, p.Done, p.Took)
				}
				seen = append(seen, kind)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"warm-up", "warm-up", "timed", "timed", "timed"}, seen); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		if got.Stage != stage || got.Batch != 2 || len(got.Steps) != 3 || got.First <= 0 {
			t.Errorf("got %+v, want three steps of stage %s at a batch of 2 and a first step's time", got, stage)
		}
		// Noise against a fresh network's output, which is near gray.
		if got.L1 < 0.3 || got.L1 > 0.9 {
			t.Errorf("L1 is %g, want some 0.5", got.L1)
		}
	})
}

func TestTimeStepsByTime(t *testing.T) {
	t.Parallel()
	got, err := TimeSteps(t.Context(), TimeOptions{Recipe: tinyRecipe(), Backend: goBackend(t), Repeat: Repeat{Warmup: 1, Least: time.Nanosecond}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Steps) != MinRepeats || got.Stage != recipes.StageGenerator {
		t.Errorf("%d steps of stage %s, want %d of the generator's", len(got.Steps), got.Stage, MinRepeats)
	}
}

func TestTimeStepsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := TimeSteps(ctx, TimeOptions{
		Recipe: tinyRecipe(), Backend: goBackend(t), Repeat: Repeat{Warmup: 1, Least: time.Hour},
		Progress: func(p StepProgress) {
			if !p.Warmup {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestTimeOptionsValidate(t *testing.T) {
	t.Parallel()
	bad := TimeOptions{Recipe: tinyRecipe(), Convolutions: "fourier", Repeat: Repeat{Count: -1}}
	bad.Recipe.Downs = 9
	_, err := TimeSteps(t.Context(), bad)
	if !fault.IsRequest(err) {
		t.Errorf("error %v is no request error", err)
	}
	for _, want := range []string{"num_downs", `"fourier"`, "warm-up must be at least 1", "steps must be at least 1", "backend must be open"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestStepFLOPs(t *testing.T) {
	t.Parallel()
	r := tinyGAN() // two critic steps, batch 2
	vanilla := r
	vanilla.Adversary, vanilla.PenaltyWeight, vanilla.PenaltyReduction, vanilla.CriticSteps = model.AdversaryVanilla, 0, "", 1
	shared := vanilla
	shared.SharedBatch = true
	many := r
	many.CriticSteps = maxUnrolled + 2
	// 24 px, one channel in, 2 filters: maps of 12, 6 and 3 pixels a side on 2, 4
	// and 8 channels; up from 8, 8 and 4 channels to 4, 2 and 3.
	const g0 = 144 * 16 * 1 * 2
	const g = g0 + 36*16*2*4 + 9*16*4*8 + 9*16*8*4 + 36*16*8*2 + 144*16*4*3
	// Maps of 12, 6, 3, 2 and 1 pixels a side from gray and colour, 4 channels, to 2, 4, 8, 16 and 1.
	const d0 = 144 * 16 * 4 * 2
	const last = 1 * 16 * 16 * 1
	const d = d0 + 36*16*2*4 + 9*16*4*8 + 4*16*8*16 + last
	const penalty = (d - last) + d + (d + d - last) + ((d - last) + (d - last) - d0)
	const criticStep = g + 2*(3*d-d0)
	const generatorStep = 3*g - g0
	tests := []struct {
		name string
		got  int64
		want int64 // multiply-adds for a picture
	}{
		{"l1", StepFLOPs(r, recipes.StageGenerator), generatorStep},
		{"critic", StepFLOPs(r, recipes.StageCritic), criticStep + penalty},
		{"wgan-gp", StepFLOPs(r, recipes.StageJoint), 2*(criticStep+penalty) + generatorStep + 2*d},
		{"wgan-gp, not unrolled", StepFLOPs(many, recipes.StageJoint), 5*(criticStep+penalty) + generatorStep + 2*d},
		{"vanilla", StepFLOPs(vanilla, recipes.StageJoint), criticStep + generatorStep + 2*d},
		{"vanilla, shared batch", StepFLOPs(shared, recipes.StageJoint), criticStep - g + generatorStep + 2*d},
	}
	for _, tt := range tests {
		if want := 2 * 2 * tt.want; tt.got != want {
			t.Errorf("%s: %d FLOPs, want %d", tt.name, tt.got, want)
		}
	}
}

// TestTimedRecipe holds the recipes to what is published of them: a thousand
// pictures a second of wgan-gp at 256 px are 312 TFLOP/s.
func TestTimedRecipe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind  string
		stage recipes.StageKind
		want  float64 // GFLOP for a picture
	}{{TimedL1, recipes.StageGenerator, 35.9}, {TimedVanilla, recipes.StageJoint, 86.3}, {TimedWGANGP, recipes.StageJoint, 312}}
	for _, tt := range tests {
		r, err := TimedRecipe(tt.kind, 256, 8)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", tt.kind, err)
		}
		if got := float64(StepFLOPs(r, tt.stage)) / 8e9; got < tt.want*0.99 || got > tt.want*1.01 {
			t.Errorf("%s: a picture takes %.1f GFLOP, want %.1f", tt.kind, got, tt.want)
		}
	}
	if _, err := TimedRecipe("cycle", 256, 8); err == nil || !strings.Contains(err.Error(), `"cycle"`) {
		t.Errorf("an unknown kind: error %v, want one that names it", err)
	}
}
