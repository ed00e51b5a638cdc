// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Scores are means over the pictures of a split, in inference mode.
type Scores struct {
	// Quality measures the generated pictures, as 8-bit pictures, against the
	// true ones.
	pixel.Quality
	// TrueColorfulness is that of the true pictures, which Colorfulness is best
	// near; 0 in what was measured before it was recorded.
	TrueColorfulness float64 `json:"true_colorfulness,omitempty"`
	// Critics add the adversarial loss of the generator, their own loss, the
	// score of true pictures less that of generated ones and, under WGAN-GP, the
	// gradient penalty before its weight. They are absent without a critic, while
	// the generator trains alone, and where the critic has batch norm: what it
	// says of a picture then depends on the others in the batch.
	Adversarial *float64 `json:"adversarial,omitempty"`
	Critic      *float64 `json:"critic,omitempty"`
	Distance    *float64 `json:"distance,omitempty"`
	Penalty     *float64 `json:"penalty,omitempty"`
}

// validation is what a pass over the validation split yields.
type validation struct {
	scores Scores
	// finite tells whether the network's output was numbers throughout.
	finite bool
	first  []*pixel.RGB // generated, of the split's first pictures
	best   extremes
	worst  extremes
}

// The columns of what the validation's graph returns for each picture. L1 is
// there for what 8-bit levels cannot show: outputs that are no numbers.
const (
	columnL1 = iota
	columnAdversarial
	columnCritic
	columnDistance
	columnPenalty
	columnCount
)

// validator runs the generator in inference mode: a picture's result does not
// depend on the others in its batch.
type validator struct {
	exec     *ml.Exec
	device   *model.Backend
	recipe   recipes.Recipe
	pictures *pictures
	batch    int
}

// newValidator takes the workspace's executable, or builds it, for the generator
// of a scope: its weights or their moving average.
func newValidator(w *workspace, r recipes.Recipe, p *pictures, scope string) (*validator, error) {
	if w.validate[scope] == nil {
		b := newBuilder(w.store, r)
		exec, err := ml.NewExec(w.device.Backend, w.store, func(_ *ml.Scope, in []*graph.Node) []*graph.Node {
			return b.validation(scope, unit(in[0]), unit(in[1]), in[2], in[3])
		})
		if err != nil {
			return nil, fmt.Errorf("building the validation: %w", err)
		}
		w.validate[scope] = exec.WithName("validation").SetMaxCache(-1)
	}
	return &validator{
		exec: w.validate[scope], device: w.device, recipe: r, pictures: p, batch: max(1, min(r.ValBatchSize, p.n)),
	}, nil
}

// validation returns the generated pictures as 8-bit levels, [batch, s, s, 3],
// and the columns, [batch, columnCount].
func (b builder) validation(scope string, gray, color, alpha, weight *graph.Node) []*graph.Node {
	made := model.Generator(b.network(scope), b.generator, gray, model.Infer)
	l1 := graph.ReduceMean(graph.Abs(graph.Sub(made, color)), 1, 2, 3)
	columns := make([]*graph.Node, columnCount)
	for i := range columns {
		columns[i] = graph.ZerosLike(l1)
	}
	columns[columnL1] = l1
	if judged(b.recipe) && scope == model.GeneratorScope {
		objective := b.recipe.CriticObjective()
		n := alpha.Shape().Dimensions[0]
		parts := objective.Loss(b.score, gray, color, made, graph.Reshape(alpha, n, 1, 1, 1), weight)
		columns[columnCritic], columns[columnDistance] = parts.Loss, parts.Distance
		if parts.Penalty != nil {
			columns[columnPenalty] = parts.Penalty
		}
		columns[columnAdversarial] = objective.GeneratorLoss(b.score(model.PrecisionAuto, gray, made))
	}
	return []*graph.Node{levels(made), graph.Stack(columns, -1)}
}

// judged tells whether validation asks the critic.
func judged(r recipes.Recipe) bool { return r.Adversarial() && r.CriticNorm != model.NormBatch }

// run measures every picture, in order.
func (v *validator) run(ctx context.Context) (validation, error) {
	n := v.pictures.n
	steps := (n + v.batch - 1) / v.batch
	f := startFeed(ctx, 0, int64(steps), func(e int64) func() (input, error) {
		return func() (input, error) { return v.input(int(e)) }
	})
	defer f.stop()
	out := validation{finite: true, best: extremes{lowest: true}}
	var sums [columnCount]float64
	for step := range steps {
		count := min(v.batch, n-step*v.batch)
		if err := v.step(ctx, f, step*v.batch, count, &out, &sums); err != nil {
			return validation{}, err
		}
	}
	out.scores.Divide(float64(n))
	out.scores.TrueColorfulness /= float64(n)
	v.fill(&out.scores, sums)
	return out, nil
}

// input gathers a batch. The last one is filled up: one compiled shape.
func (v *validator) input(step int) (in input, err error) {
	indices, alpha := make([]int32, v.batch), make([]float32, v.batch)
	for i := range indices {
		indices[i] = int32(min(step*v.batch+i, v.pictures.n-1))
		// The same in every epoch, so that curves show the networks alone.
		alpha[i] = uniform(newSource("validation alpha", v.recipe.Seed, uint64(indices[i])))
	}
	if err := v.pictures.add(&in, v.device, indices); err != nil {
		return in, err
	}
	in.own(tensors.FromFlatDataAndDimensions(alpha, v.batch))
	in.own(tensors.FromScalar(float32(v.recipe.PenaltyWeight)))
	return in, nil
}

// step adds the batch of the count pictures from start on.
func (v *validator) step(ctx context.Context, f *feed, start, count int, out *validation, sums *[columnCount]float64) error {
	in, err := f.next(ctx)
	if err != nil {
		return err
	}
	defer in.finalize()
	results, err := v.exec.Exec(in.args...)
	if err != nil {
		what := fmt.Sprintf("for val_batch_size %d", v.batch)
		return fmt.Errorf("computing a validation step: %w",
			explainMemory(err, what, validationBytes(v.recipe, v.batch), "set a smaller val_batch_size"))
	}
	defer func() {
		for _, t := range results {
			t.MustFinalizeAll()
		}
	}()
	made, err := picturesOf(results[0], count)
	if err != nil {
		return err
	}
	err = tensors.ConstFlatData(results[1], func(flat []float32) {
		for i := range count {
			for c := range sums {
				value := float64(flat[i*columnCount+c])
				out.finite = out.finite && finite(value)
				sums[c] += value
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reading the validation: %w", err)
	}
	scores, truth, err := v.measure(start, made)
	if err != nil {
		return err
	}
	for i, q := range scores {
		out.scores.Add(q)
		out.scores.TrueColorfulness += truth[i]
		out.best.offer(start+i, q.L1, made[i])
		out.worst.offer(start+i, q.L1, made[i])
		if len(out.first) < sampleCount {
			out.first = append(out.first, made[i])
		}
	}
	return nil
}

// measure compares the pictures from start on with the true ones, on all cores.
// Colorful is the colourfulness of the latter.
func (v *validator) measure(start int, made []*pixel.RGB) (scores []pixel.Quality, colorful []float64, err error) {
	scores, colorful = make([]pixel.Quality, len(made)), make([]float64, len(made))
	err = onAllCores(len(made), func(i int) error {
		one, err := v.pictures.pair(start + i)
		if err != nil {
			return err
		}
		truth := &pixel.RGB{Pix: one.color, Width: v.pictures.size, Height: v.pictures.size}
		scores[i], colorful[i] = pixel.Measure(made[i], truth), pixel.Colorfulness(truth)
		return nil
	})
	return scores, colorful, err
}

// fill adds what the critic says.
func (v *validator) fill(s *Scores, sums [columnCount]float64) {
	if !judged(v.recipe) {
		return
	}
	mean := func(column int) *float64 {
		value := sums[column] / float64(v.pictures.n)
		return &value
	}
	s.Adversarial, s.Critic, s.Distance = mean(columnAdversarial), mean(columnCritic), mean(columnDistance)
	if v.recipe.Adversary == model.AdversaryWGANGP {
		s.Penalty = mean(columnPenalty)
	}
}

// picturesOf copies the first pictures out of a tensor of 8-bit levels,
// [batch, s, s, 3].
func picturesOf(t *tensors.Tensor, count int) ([]*pixel.RGB, error) {
	side := t.Shape().Dimensions[1]
	list := make([]*pixel.RGB, count)
	err := tensors.ConstFlatData(t, func(flat []uint8) {
		for i := range list {
			list[i] = pixel.NewRGB(side, side)
			copy(list[i].Pix, flat[i*len(list[i].Pix):])
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading generated pictures: %w", err)
	}
	return list, nil
}
