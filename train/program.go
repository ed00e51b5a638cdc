// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// program is what one executable computes: critic steps, each on its own batch,
// and then perhaps a generator step.
type program struct {
	critics   int
	generator generatorLoss
	// shared tells that the last critic step has the generator's batch, so that
	// one pass of the generator serves both.
	shared bool
}

// generatorLoss is what a program's generator step minimizes.
type generatorLoss int

const (
	generatorNone generatorLoss = iota
	generatorL1
	generatorAdversarial // and L1
)

// parts counts the batches that an execution reads.
func (p program) parts() int {
	if p.shared {
		return p.critics
	}
	return p.updates()
}

// updates counts the optimizers' steps in an execution.
func (p program) updates() int {
	if p.generator == generatorNone {
		return p.critics
	}
	return p.critics + 1
}

// ownBatches counts the critic steps that have a batch of the critic's stream.
func (p program) ownBatches() int {
	if p.shared {
		return p.critics - 1
	}
	return p.critics
}

// maxUnrolled is the number of critic steps up to which a joint step is one
// executable. A longer one runs one critic executable again and again: unrolling
// would make compilation longer with every critic step, and each is long enough
// to hide what starting it costs.
const maxUnrolled = 3

// programsOf returns the executions that a step of the stage consists of.
func programsOf(kind recipes.StageKind, r recipes.Recipe) []program {
	switch kind {
	case recipes.StageCritic:
		return []program{{critics: 1}}
	case recipes.StageJoint:
		last := program{generator: generatorAdversarial, shared: r.SharedBatch}
		if r.CriticSteps <= maxUnrolled {
			last.critics = r.CriticSteps
			return []program{last}
		}
		if last.shared {
			last.critics = 1
		}
		return append(slices.Repeat([]program{{critics: 1}}, r.CriticSteps-last.critics), last)
	case recipes.StageGenerator:
	}
	return []program{{generator: generatorL1}}
}

// ownBatches counts the batches of the critic's stream in executions.
func ownBatches(plan []program) (n int64) {
	for _, p := range plan {
		n += int64(p.ownBatches())
	}
	return n
}

// criticSteps counts the critic steps in executions.
func criticSteps(plan []program) (n int64) {
	for _, p := range plan {
		n += int64(p.critics)
	}
	return n
}

// builder builds the graphs of programs for the networks of a recipe. Of the
// recipe it reads only what structureOf keeps.
type builder struct {
	store     *ml.Store
	recipe    recipes.Recipe
	generator model.GeneratorConfig
	critic    model.CriticConfig
	adam      adam
}

func newBuilder(store *ml.Store, r recipes.Recipe) builder {
	return builder{
		store: store, recipe: r, generator: r.Generator(), critic: r.CriticNetwork(),
		adam: adam{beta1: r.Beta1, beta2: r.Beta2, epsilon: r.Epsilon},
	}
}

// graph builds a program. It returns the pictures of its last part as 8-bit
// levels, [batch, s, s, 3]: generated and true.
func (b builder) graph(p program, in stepInputs) []*graph.Node {
	g := in.knobs.Graph()
	parts := in.parts(p.parts())
	last := parts[len(parts)-1]
	var sums, made *graph.Node
	criticStep := func(at int, on part, made *graph.Node) {
		t := b.criticStep(on, made, in, at)
		sums = plus(sums, graph.Mul(t.vector(g), knob(in.knobs, knobShare)))
	}
	for i, fake := range b.generate(parts[:p.ownBatches()]) {
		made = fake
		criticStep(i, parts[i], fake)
	}
	if p.generator != generatorNone {
		var tape *model.Tape
		made, tape = model.TrainGenerator(b.network(model.GeneratorScope), b.generator, last.gray)
		if p.shared {
			criticStep(p.critics-1, last, graph.StopGradient(made))
		}
		sums = plus(sums, b.generatorStep(last, made, tape, in, p.critics, p.generator).vector(g))
	}
	total := b.store.GetVariable(lossPath)
	total.SetNodeValue(graph.Add(total.NodeValue(g), sums))
	return []*graph.Node{levels(made), levels(last.color)}
}

// generate lets the generator as it is colour the parts for critic steps, which do
// not change it. It takes each batch's statistics, as it does in its own step, and
// keeps none.
func (b builder) generate(parts []part) []*graph.Node {
	if len(parts) == 0 {
		return nil
	}
	gray := make([]*graph.Node, len(parts))
	for i, p := range parts {
		gray[i] = p.gray
	}
	return model.GenerateBatches(b.network(model.GeneratorScope), b.generator, gray)
}

// criticStep updates the critic on a part and what the generator made of it.
func (b builder) criticStep(p part, made *graph.Node, in stepInputs, at int) terms {
	critic := b.network(model.CriticScope)
	parts := b.recipe.CriticObjective().Loss(b.score, p.gray, p.color, made, p.alpha, knob(in.knobs, knobPenalty))
	loss := graph.ReduceAllMean(parts.Loss)
	norm := b.update(critic, model.NewTape(critic), loss, in, at)
	t := terms{lossCritic: loss, lossDistance: graph.ReduceAllMean(parts.Distance), lossCriticGradient: norm}
	if parts.Penalty != nil {
		t[lossPenalty], t[lossNorm] = graph.ReduceAllMean(parts.Penalty), graph.ReduceAllMean(parts.Norm)
	}
	return t
}

// generatorStep updates the generator, its running statistics and its moving
// average, by what it made of a part.
func (b builder) generatorStep(
	p part, made *graph.Node, tape *model.Tape, in stepInputs, at int, kind generatorLoss,
) terms {
	network := b.network(model.GeneratorScope)
	tape.UpdateStatistics()
	l1 := model.L1Loss(made, p.color)
	loss := graph.Mul(l1, knob(in.knobs, knobL1))
	t := terms{lossL1: l1}
	if kind == generatorAdversarial {
		adversarial := graph.ReduceAllMean(b.recipe.CriticObjective().GeneratorLoss(b.score(model.PrecisionAuto, p.gray, made)))
		loss, t[lossAdversarial] = graph.Add(loss, adversarial), adversarial
	}
	t[lossGeneratorGradient] = b.update(network, tape, loss, in, at)
	if b.recipe.EMADecay > 0 {
		updateAverage(network, b.recipe.EMADecay, made.Graph())
	}
	return t
}

// update lets Adam take a step of a network down a loss and returns the norm of
// the gradient before it was clipped.
func (b builder) update(network *ml.Scope, tape *model.Tape, loss *graph.Node, in stepInputs, at int) *graph.Node {
	gradients := tape.Gradients(loss)
	norm := globalNorm(gradients)
	if most := b.recipe.ClipNorm; most > 0 {
		gradients = clip(gradients, norm, most)
	}
	stepSize, epsilon := in.adam(at)
	b.adam.update(network, gradients, stepSize, epsilon)
	return norm
}

func (b builder) network(scope string) *ml.Scope { return b.store.Scope(scope) }

// score is the critic as it stands at this point of the graph, a [model.Score].
func (b builder) score(p model.Precision, gray, color *graph.Node) *graph.Node {
	return model.ScoreOf(b.network(model.CriticScope), b.critic)(p, gray, color)
}

// compile returns an executable; the backend's compiler runs when it is first
// used with pictures of some shape.
func (b builder) compile(device *model.Backend, p program) (*ml.Exec, error) {
	exec, err := ml.NewExec(device.Backend, b.store, func(_ *ml.Scope, in []*graph.Node) []*graph.Node {
		return b.graph(p, newStepInputs(in, b.recipe.Flip))
	})
	if err != nil {
		return nil, fmt.Errorf("building the training step: %w", err)
	}
	// A sweep of batch sizes leaves a compiled form of each behind.
	return exec.WithName("training step").SetMaxCache(-1), nil
}
