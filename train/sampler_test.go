// SPDX-License-Identifier: Apache-2.0

package train

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train/recipes"
)

func sampled(s *sampler, from, to int64) []draw {
	var list []draw
	for e := from; e < to; e++ {
		list = append(list, s.draw(e))
	}
	return list
}

// TestSamplerEntered begins each kind of step at every execution: what it reads
// is what one that began at the first reads there.
func TestSamplerEntered(t *testing.T) {
	t.Parallel()
	const pictures, executions = 7, 13
	for _, kind := range []recipes.StageKind{recipes.StageGenerator, recipes.StageCritic, recipes.StageJoint} {
		for _, criticSteps := range []int{1, 2, 3, 5} {
			for _, shared := range []bool{false, true} {
				r := tinyEverything()
				r.CriticSteps, r.SharedBatch = criticSteps, shared
				all := sampled(newSampler(r, 1, kind, pictures), 0, executions)
				for from := range int64(executions) {
					got := sampled(newSampler(r, 1, kind, pictures), from, executions)
					if diff := cmp.Diff(all[from:], got, cmp.AllowUnexported(draw{})); diff != "" {
						t.Fatalf("%s with d_coef %d, shared_batch %v, entered at %d:\n%s", kind, criticSteps, shared, from, diff)
					}
				}
			}
		}
	}
}

// TestSamplerShared: where the last critic step has the generator's batch, that is
// the batch which the generator has otherwise, mirrored alike and with alphas, and
// the others have the critic's stream without a gap.
func TestSamplerShared(t *testing.T) {
	t.Parallel()
	const steps, pictures = 8, 5
	for _, criticSteps := range []int{1, 3, 5} { // in one execution and in several
		r := tinyEverything()
		r.CriticSteps = criticSteps
		batch := r.TrainBatchSize
		streams := func() (critic, generator []int32, mirrors, alphas []float32) {
			s := newSampler(r, 0, recipes.StageJoint, pictures)
			for e, d := range sampled(s, 0, int64(steps*len(s.plan))) {
				last := d.parts - 1
				if (e+1)%len(s.plan) != 0 { // a critic step alone
					last++
				} else {
					generator = append(generator, d.index[last*batch:]...)
					mirrors = append(mirrors, d.draws[2*last*batch:][:batch]...)
					alphas = append(alphas, d.draws[(2*last+1)*batch:]...)
				}
				critic = append(critic, d.index[:last*batch]...)
			}
			return critic, generator, mirrors, alphas
		}
		ownCritic, own, ownMirrors, _ := streams()
		r.SharedBatch = true
		critic, shared, mirrors, alphas := streams()
		if !slices.Equal(shared, own) || !slices.Equal(mirrors, ownMirrors) {
			t.Errorf("d_coef %d: the generator's pictures are %v, without a shared batch %v", criticSteps, shared, own)
		}
		if want := steps * (criticSteps - 1) * batch; len(critic) != want || !slices.Equal(critic, ownCritic[:want]) {
			t.Errorf("d_coef %d: the critic's own pictures are %v, want the first %d of %v", criticSteps, critic, want, ownCritic)
		}
		slices.Sort(alphas)
		if n := len(slices.Compact(alphas)); n != steps*batch {
			t.Errorf("d_coef %d: %d shared pictures have %d different alphas", criticSteps, steps*batch, n)
		}
	}
}

// TestSamplerPlans reads the same batches of a joint step in one execution and
// in several.
func TestSamplerPlans(t *testing.T) {
	t.Parallel()
	const steps = 6
	r := tinyEverything()
	r.CriticSteps = 3
	parts := func(plan []program) (index []int32, draws []float32) {
		s := newSampler(r, 2, recipes.StageJoint, 5)
		s.plan = plan
		for _, d := range sampled(s, 0, int64(steps*len(plan))) {
			index, draws = append(index, d.index...), append(draws, d.draws...)
		}
		return index, draws
	}
	critic := program{critics: 1}
	oneIndex, oneDraws := parts([]program{{critics: 3, generator: generatorAdversarial}})
	manyIndex, manyDraws := parts([]program{critic, critic, critic, {generator: generatorAdversarial}})
	if !slices.Equal(oneIndex, manyIndex) || !slices.Equal(oneDraws, manyDraws) {
		t.Error("a step reads something else in one execution than in four")
	}
	if want := steps * 4 * r.TrainBatchSize; len(oneIndex) != want || len(oneDraws) != 2*want {
		t.Errorf("%d pictures and %d numbers, want %d and %d", len(oneIndex), len(oneDraws), want, 2*want)
	}
}

// TestSamplerDraws looks at the numbers of a long stage.
func TestSamplerDraws(t *testing.T) {
	t.Parallel()
	const steps, pictures = 500, 5
	r := tinyEverything()
	r.CriticSteps = 3
	batch := r.TrainBatchSize
	var mirrored, count int
	seen := make(map[float32]bool) // alphas
	streams := make([][]int32, 2)  // the critic's and the generator's pictures
	for _, d := range sampled(newSampler(r, 0, recipes.StageJoint, pictures), 0, steps) {
		for part := range d.parts {
			mirror, alpha := d.draws[2*part*batch:][:batch], d.draws[(2*part+1)*batch:][:batch]
			generator := part == d.parts-1
			for i := range batch {
				if mirror[i] != 0 && mirror[i] != 1 {
					t.Fatalf("mirror is %v, want 0 or 1", mirror[i])
				}
				mirrored, count = mirrored+int(mirror[i]), count+1
				switch {
				case generator && alpha[i] != 0:
					t.Fatalf("a generator's step has alpha %v", alpha[i])
				case !generator && (alpha[i] < 0 || alpha[i] >= 1):
					t.Fatalf("alpha is %v, want it in [0, 1)", alpha[i])
				case !generator:
					seen[alpha[i]] = true
				}
			}
			at := 0
			if generator {
				at = 1
			}
			streams[at] = append(streams[at], d.index[part*batch:][:batch]...)
		}
	}
	if share := float64(mirrored) / float64(count); share < 0.47 || share > 0.53 {
		t.Errorf("%.3f of the pictures are mirrored, want about half", share)
	}
	if want := steps * 3 * batch; len(seen) < want-2 { // two of 24 bits may meet
		t.Errorf("%d critic's pictures have %d different alphas", want, len(seen))
	}
	if slices.Equal(streams[0][:len(streams[1])], streams[1]) {
		t.Error("critic and generator see the same pictures in the same order")
	}
	for name, stream := range map[string][]int32{"critic": streams[0], "generator": streams[1]} {
		for at := 0; at+pictures <= len(stream); at += pictures {
			epoch := slices.Clone(stream[at : at+pictures])
			slices.Sort(epoch)
			if !slices.Equal(epoch, []int32{0, 1, 2, 3, 4}) {
				t.Fatalf("the %s's pass from picture %d on holds %v", name, at, epoch)
			}
		}
	}
	r.Flip = false
	for _, d := range sampled(newSampler(r, 0, recipes.StageJoint, pictures), 0, steps) {
		for part := range d.parts {
			if slices.Max(d.draws[2*part*batch:][:batch]) != 0 {
				t.Fatal("a picture is mirrored although flip is off")
			}
		}
	}
}
