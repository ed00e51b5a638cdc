// SPDX-License-Identifier: Apache-2.0

package train

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// TestStageRates gives each stage its rates; joint training takes a network's
// own where it has none.
func TestStageRates(t *testing.T) {
	t.Parallel()
	base := tinyGAN()
	base.GeneratorRate, base.CriticRate = 0.1, 0.2
	tests := []struct {
		name             string
		generator, joint float64 // adv_g_lr, adv_d_lr
		want             []recipes.Stage
	}{
		{"none of its own", 0, 0, []recipes.Stage{
			{Kind: recipes.StageGenerator, Epochs: 1, GeneratorRate: 0.1},
			{Kind: recipes.StageCritic, Epochs: 1, CriticRate: 0.2},
			{Kind: recipes.StageJoint, Epochs: 2, GeneratorRate: 0.1, CriticRate: 0.2},
		}},
		{"both", 0.3, 0.4, []recipes.Stage{
			{Kind: recipes.StageGenerator, Epochs: 1, GeneratorRate: 0.1},
			{Kind: recipes.StageCritic, Epochs: 1, CriticRate: 0.2},
			{Kind: recipes.StageJoint, Epochs: 2, GeneratorRate: 0.3, CriticRate: 0.4},
		}},
		{"one", 0, 0.4, []recipes.Stage{
			{Kind: recipes.StageGenerator, Epochs: 1, GeneratorRate: 0.1},
			{Kind: recipes.StageCritic, Epochs: 1, CriticRate: 0.2},
			{Kind: recipes.StageJoint, Epochs: 2, GeneratorRate: 0.1, CriticRate: 0.4},
		}},
	}
	for _, tt := range tests {
		r := base
		r.JointGeneratorRate, r.JointCriticRate = tt.generator, tt.joint
		if diff := cmp.Diff(tt.want, r.Stages()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRateFactors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		schedule recipes.RateSchedule
		want     []float64 // at steps 0, 5 and 9 of 10, and at the only step of 1
	}{
		{recipes.RateConstant, []float64{1, 1, 1, 1}},
		{recipes.RateLinear, []float64{1, 0.5, 0.1, 1}},
		{recipes.RateCosine, []float64{1, 0.5, 0.024471741852423234, 1}},
	}
	for _, tt := range tests {
		var got []float64
		for _, step := range []int64{0, 5, 9} {
			got = append(got, tt.schedule.Factor(step, 10))
		}
		got = append(got, tt.schedule.Factor(0, 1))
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.schedule, diff)
		}
	}
}

// TestKnobs writes out what the executions of a joint step are given: the
// critic's Adam counts critic steps, the generator's its own, and both rates
// fall with the stage's steps.
func TestKnobs(t *testing.T) {
	t.Parallel()
	r := tinyGAN()
	r.L1Weight, r.PenaltyWeight, r.RateSchedule = 25, 10, recipes.RateLinear
	const beta1, beta2, epsilon, steps = 0.5, 0.999, 1e-8, 10
	stage := recipes.Stage{Kind: recipes.StageJoint, GeneratorRate: 0.1, CriticRate: 0.2}
	adamAt := func(rate, n float64) []float32 {
		root := math.Sqrt(1 - math.Pow(beta2, n))
		return []float32{float32(rate * root / (1 - math.Pow(beta1, n))), float32(epsilon * root)}
	}
	knobsOf := func(plan []program, at int64) (list [][]float32) {
		s := &stepper{recipe: r, stage: stage, adam: adam{beta1, beta2, epsilon}, steps: steps, plan: plan}
		critic := at * criticSteps(plan)
		for _, p := range plan {
			list = append(list, s.knobs(p, at, critic))
			critic += int64(p.critics)
		}
		return list
	}
	join := func(lists ...[]float32) (all []float32) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	third := []float32{25, 10, 1.0 / 3}
	near := cmpopts.EquateApprox(1e-6, 0)

	one := []program{{critics: 3, generator: generatorAdversarial}}
	want := [][]float32{join(third, adamAt(0.2, 1), adamAt(0.2, 2), adamAt(0.2, 3), adamAt(0.1, 1))}
	if diff := cmp.Diff(want, knobsOf(one, 0), near); diff != "" {
		t.Errorf("first step (-want +got):\n%s", diff)
	}
	want = [][]float32{join(third, adamAt(0.1, 16), adamAt(0.1, 17), adamAt(0.1, 18), adamAt(0.05, 6))}
	if diff := cmp.Diff(want, knobsOf(one, 5), near); diff != "" {
		t.Errorf("sixth of ten steps (-want +got):\n%s", diff)
	}
	loop := []program{{critics: 1}, {critics: 1}, {critics: 1}, {generator: generatorAdversarial}}
	want = [][]float32{
		join(third, adamAt(0.1, 16)), join(third, adamAt(0.1, 17)), join(third, adamAt(0.1, 18)), join(third, adamAt(0.05, 6)),
	}
	if diff := cmp.Diff(want, knobsOf(loop, 5), near); diff != "" {
		t.Errorf("sixth of ten steps, as a loop (-want +got):\n%s", diff)
	}
	alone := []program{{generator: generatorL1}}
	want = [][]float32{join([]float32{25, 10, 0}, adamAt(0.1*0.1, 10))}
	if diff := cmp.Diff(want, knobsOf(alone, 9), near); diff != "" {
		t.Errorf("the last of ten steps of the generator alone (-want +got):\n%s", diff)
	}
}
