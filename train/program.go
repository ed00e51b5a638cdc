// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

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
	if p.generator == generatorNone {
		return p.critics
	}
	return p.critics + 1
}

// maxUnrolled is the number of critic steps up to which a joint step is one
// executable. A longer one runs one critic executable again and again: unrolling
// would make compilation longer with every critic step, and each is long enough
// to hide what starting it costs.
const maxUnrolled = 3

// programsOf returns the executions that a step of the stage consists of.
func programsOf(kind recipes.StageKind, criticSteps int) []program {
	switch kind {
	case recipes.StageCritic:
		return []program{{critics: 1}}
	case recipes.StageJoint:
		if criticSteps <= maxUnrolled {
			return []program{{critics: criticSteps, generator: generatorAdversarial}}
		}
		list := make([]program, criticSteps, criticSteps+1)
		for i := range list {
			list[i] = program{critics: 1}
		}
		return append(list, program{generator: generatorAdversarial})
	case recipes.StageGenerator:
	}
	return []program{{generator: generatorL1}}
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
	var sums, made *graph.Node
	var last part
	for i := range p.critics {
		last = in.part(i)
		var t terms
		made, t = b.criticStep(last, in, i)
		sums = plus(sums, graph.Mul(t.vector(g), knob(in.knobs, knobShare)))
	}
	if p.generator != generatorNone {
		last = in.part(p.critics)
		var t terms
		made, t = b.generatorStep(last, in, p.critics, p.generator)
		sums = plus(sums, t.vector(g))
	}
	total := b.store.GetVariable(lossPath)
	total.SetNodeValue(graph.Add(total.NodeValue(g), sums))
	return []*graph.Node{levels(made), levels(last.color)}
}

// criticStep updates the critic against the generator as it is. The generator
// takes the batch's statistics, as it does in its own step, and keeps none.
func (b builder) criticStep(p part, in stepInputs, at int) (made *graph.Node, t terms) {
	made = graph.StopGradient(model.Generator(b.network(model.GeneratorScope), b.generator, p.gray, model.Train))
	critic := b.network(model.CriticScope)
	parts := b.recipe.CriticObjective().Loss(b.score, p.gray, p.color, made, p.alpha, knob(in.knobs, knobPenalty))
	loss := graph.ReduceAllMean(parts.Loss)
	norm := b.update(critic, model.NewTape(critic), loss, in, at)
	t = terms{lossCritic: loss, lossDistance: graph.ReduceAllMean(parts.Distance), lossCriticGradient: norm}
	if parts.Penalty != nil {
		t[lossPenalty], t[lossNorm] = graph.ReduceAllMean(parts.Penalty), graph.ReduceAllMean(parts.Norm)
	}
	return made, t
}

// generatorStep updates the generator, its running statistics and its moving
// average.
func (b builder) generatorStep(p part, in stepInputs, at int, kind generatorLoss) (made *graph.Node, t terms) {
	network := b.network(model.GeneratorScope)
	made, tape := model.TrainGenerator(network, b.generator, p.gray)
	tape.UpdateStatistics()
	l1 := model.L1Loss(made, p.color)
	loss := graph.Mul(l1, knob(in.knobs, knobL1))
	t = terms{lossL1: l1}
	if kind == generatorAdversarial {
		adversarial := graph.ReduceAllMean(b.recipe.CriticObjective().GeneratorLoss(b.score(p.gray, made)))
		loss, t[lossAdversarial] = graph.Add(loss, adversarial), adversarial
	}
	t[lossGeneratorGradient] = b.update(network, tape, loss, in, at)
	if b.recipe.EMADecay > 0 {
		updateAverage(network, b.recipe.EMADecay, made.Graph())
	}
	return made, t
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

// score is the critic as it stands at this point of the graph.
func (b builder) score(gray, color *graph.Node) *graph.Node {
	return model.Critic(b.network(model.CriticScope), b.critic, gray, color)
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
