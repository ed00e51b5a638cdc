// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

func TestProgramsOf(t *testing.T) {
	t.Parallel()
	const adversarial = generatorAdversarial
	critic, generator := program{critics: 1}, program{generator: adversarial}
	tests := []struct {
		kind        recipes.StageKind
		criticSteps int
		shared      bool
		want        []program
	}{
		{recipes.StageGenerator, 5, false, []program{{generator: generatorL1}}},
		{recipes.StageGenerator, 5, true, []program{{generator: generatorL1}}},
		{recipes.StageCritic, 5, false, []program{critic}},
		{recipes.StageCritic, 5, true, []program{critic}},
		{recipes.StageJoint, 1, false, []program{{critics: 1, generator: adversarial}}},
		{recipes.StageJoint, 1, true, []program{{critics: 1, generator: adversarial, shared: true}}},
		{recipes.StageJoint, 3, false, []program{{critics: 3, generator: adversarial}}},
		{recipes.StageJoint, 3, true, []program{{critics: 3, generator: adversarial, shared: true}}},
		{recipes.StageJoint, 4, false, []program{critic, critic, critic, critic, generator}},
		{recipes.StageJoint, 4, true, []program{critic, critic, critic, {critics: 1, generator: adversarial, shared: true}}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s/%d/%v", tt.kind, tt.criticSteps, tt.shared), func(t *testing.T) {
			t.Parallel()
			r := recipes.Recipe{CriticSteps: tt.criticSteps, SharedBatch: tt.shared}
			if diff := cmp.Diff(tt.want, programsOf(tt.kind, r), cmp.AllowUnexported(program{})); diff != "" {
				t.Errorf("programs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnrolled takes joint steps as one executable and as a loop of several,
// where nothing can flow from one step into the next: weights, moments, average
// and losses must be the same. A critic step whose gradient was cut off, or a
// generator's gradient that went through the critic's updates, would tell.
func TestUnrolled(t *testing.T) {
	r := tinyEverything()
	r.GeneratorEpochs, r.CriticEpochs = 0, 0
	// Adam makes whole steps of rounding where a gradient is 0 but for it, and
	// maps of 2x2 have variances near 0 to divide by.
	r.Epsilon, r.CriticNorm = 1e-3, model.NormNone
	p := openTrain(t, dataset(t, r.Size, 5, 0), 1<<20)
	onBackends(t, func(t *testing.T, b *model.Backend) {
		r, steps := r, 3
		if b.Name != model.BackendGo {
			r.Downs, steps = 1, 2 // compiling takes its time
		}
		r.CriticSteps = steps
		generator := program{generator: generatorAdversarial}
		looped := takeSteps(t, b, r, p, append(slices.Repeat([]program{{critics: 1}}, steps), generator), 3)
		plans := map[string][]program{"one": {{critics: steps, generator: generatorAdversarial}}}
		if b.Name == model.BackendGo {
			plans["two"] = []program{{critics: steps - 1}, {critics: 1, generator: generatorAdversarial}}
		}
		for name, plan := range plans {
			compareSteps(t, name+" executable(s)", looped, takeSteps(t, b, r, p, plan, 3))
		}
	})
}

// TestSharedUnrolled is [TestUnrolled] where the last critic step has the
// generator's batch.
func TestSharedUnrolled(t *testing.T) {
	r := tinyEverything()
	r.GeneratorEpochs, r.CriticEpochs = 0, 0
	r.Epsilon, r.CriticNorm = 1e-3, model.NormNone
	r.CriticSteps, r.SharedBatch = 3, true
	p := openTrain(t, dataset(t, r.Size, 5, 0), 1<<20)
	b := goBackend(t)
	last := program{critics: 1, generator: generatorAdversarial, shared: true}
	looped := takeSteps(t, b, r, p, []program{{critics: 1}, {critics: 1}, last}, 3)
	unrolled := takeSteps(t, b, r, p, programsOf(recipes.StageJoint, r), 3)
	compareSteps(t, "shared", looped, unrolled)
	r.SharedBatch = false
	if own := takeSteps(t, b, r, p, programsOf(recipes.StageJoint, r), 3); farthest(own, unrolled) == 0 {
		t.Error("a shared batch makes no difference")
	}
}

// TestSharedBatch takes steps with a shared batch, and ones whose critic and
// generator have batches of their own that hold the same pictures: one pass of the
// generator serves as two do.
func TestSharedBatch(t *testing.T) {
	r := tinyEverything()
	r.GeneratorEpochs, r.CriticEpochs = 0, 0
	r.Epsilon, r.CriticNorm = 1e-3, model.NormNone
	r.CriticSteps, r.SharedBatch = 1, true
	p := openTrain(t, dataset(t, r.Size, 5, 0), 1<<20)
	from := newSampler(r, 0, recipes.StageJoint, p.n)
	want := takeStepsOf(t, goBackend(t), r, p, []program{{critics: 1, generator: generatorAdversarial}}, 3, func(e int64) draw {
		d := from.draw(e)
		return draw{parts: 2, index: slices.Repeat(d.index, 2), draws: slices.Repeat(d.draws, 2)}
	})
	compareSteps(t, "shared", want, takeSteps(t, goBackend(t), r, p, programsOf(recipes.StageJoint, r), 3))
}

// compareSteps compares all variables after steps of two forms.
func compareSteps(t *testing.T, what string, want, got map[string][]float32) {
	t.Helper()
	for path, values := range want {
		scale := 1.0
		for _, v := range values {
			scale = max(scale, math.Abs(float64(v)))
		}
		one := map[string][]float32{path: values}
		if off := farthest(one, map[string][]float32{path: got[path]}); !(off <= 2e-5*scale) {
			t.Errorf("%s: %s is %g off, largest value %g", what, path, off, scale)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d variables, want %d", what, len(got), len(want))
	}
}

// TestCriticStepsDiffer takes one, two and three critic steps in one graph: each
// must move every weight that has a gradient further.
func TestCriticStepsDiffer(t *testing.T) {
	r := tinyGAN()
	r.GeneratorEpochs = 0
	p := openTrain(t, dataset(t, r.Size, 5, 0), 1<<20)
	var before map[string][]float32
	for steps := range 4 {
		now := takeSteps(t, goBackend(t), r, p, []program{{critics: steps}}, 1)
		for path, values := range now {
			if steps == 0 || !strings.HasPrefix(path, "critic/") || !strings.HasSuffix(path, "/kernel") {
				continue
			}
			if cmp.Equal(values, before[path]) {
				t.Errorf("step %d of a graph leaves %s where it was", steps, path)
			}
		}
		before = now
	}
}

// takeSteps trains a recipe's first stage from its beginning, each step as the
// plan says, and returns all variables.
func takeSteps(t *testing.T, b *model.Backend, r recipes.Recipe, p *pictures, plan []program, steps int64) map[string][]float32 {
	t.Helper()
	from := newSampler(r, 0, r.Stages()[0].Kind, p.n)
	from.plan = plan
	return takeStepsOf(t, b, r, p, plan, steps, from.draw)
}

// takeStepsOf is takeSteps on what draw says for each execution.
func takeStepsOf(
	t *testing.T, b *model.Backend, r recipes.Recipe, p *pictures, plan []program, steps int64, from func(e int64) draw,
) map[string][]float32 {
	t.Helper()
	work := newWorkspace(b)
	defer work.close()
	must(t, work.prepare(r))
	tr := &trainer{o: Options{Recipe: r, Backend: b}, work: work, train: p}
	must(t, tr.clearMoments())
	if r.EMADecay > 0 {
		must(t, startAverage(work.store.Scope(model.GeneratorScope)))
	}
	must(t, resetLosses(work.store))
	stage := r.Stages()[0]
	s, err := newStepper(work, r, stage, steps)
	must(t, err)
	s.plan, s.execs = plan, nil
	for _, one := range plan {
		if one.parts() == 0 {
			steps = 0 // nothing to compute
			continue
		}
		exec, err := work.program(newBuilder(work.store, r), one)
		must(t, err)
		s.execs = append(s.execs, exec)
	}
	supply, err := newSupply(p, b, FeedDevice, 0)
	must(t, err)
	defer supply.close()
	f := startFeed(t.Context(), 0, steps*int64(len(plan)), func(e int64) func() (input, error) {
		d := from(e)
		return func() (input, error) { return supply.input(d) }
	})
	defer f.stop()
	for i := range steps {
		_, _, err := s.run(t.Context(), f, i, false)
		must(t, err)
	}
	list, err := model.StoreTensors(work.store)
	must(t, err)
	values := make(map[string][]float32)
	for _, one := range list {
		values[one.Name] = tensors.MustCopyFlatData[float32](one.Tensor)
	}
	return values
}
