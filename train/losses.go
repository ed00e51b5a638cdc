// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// lossPath is the variable that sums the losses over the steps since the host
// last read it. It stays on the device and is part of a checkpoint, so that a
// broken run goes on with the same sums.
const lossPath = "/losses/sums"

// loss is a place in that variable: a value that each step adds to.
type loss int

const (
	lossL1          loss = iota // mean absolute error of the generator
	lossAdversarial             // the generator's, without its L1
	lossCritic                  // what the critic minimizes, mean over the step's critic steps
	lossDistance                // score of true pictures less that of generated ones
	lossPenalty                 // gradient penalty before its weight
	lossNorm                    // norm of the gradient that the penalty bounds
	lossGeneratorGradient
	lossCriticGradient
	lossCount
)

// measured lists the losses that a stage's steps add up.
func measured(kind recipes.StageKind, adversary model.Adversary) []loss {
	critic := []loss{lossCritic, lossDistance, lossCriticGradient}
	if adversary == model.AdversaryWGANGP {
		critic = append(critic, lossPenalty, lossNorm)
	}
	switch kind {
	case recipes.StageCritic:
		return critic
	case recipes.StageJoint:
		return append(critic, lossL1, lossAdversarial, lossGeneratorGradient)
	case recipes.StageGenerator:
	}
	return []loss{lossL1, lossGeneratorGradient}
}

// place returns where Metric keeps a loss.
func (m *Metric) place(l loss) **float64 {
	return [lossCount]**float64{
		lossL1: &m.L1, lossAdversarial: &m.Adversarial, lossCritic: &m.Critic, lossDistance: &m.Distance,
		lossPenalty: &m.Penalty, lossNorm: &m.PenaltyNorm,
		lossGeneratorGradient: &m.GeneratorGradient, lossCriticGradient: &m.CriticGradient,
	}[l]
}

// terms are losses of a step by place, scalars of its graph.
type terms map[loss]*graph.Node

// vector lays the losses out as [lossCount], with zeros where there is none.
func (t terms) vector(g *graph.Graph) *graph.Node {
	var sum *graph.Node
	for at := range lossCount { // in order, so that equal programs are equal graphs
		if value, ok := t[at]; ok {
			one := graph.Pad(graph.Reshape(value, 1), graph.ScalarZero(g, value.DType()),
				compute.PadAxis{Start: int(at), End: int(lossCount - at - 1)})
			sum = plus(sum, one)
		}
	}
	return sum
}

// plus adds to a sum that may be nil yet.
func plus(sum, x *graph.Node) *graph.Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}

// readLosses returns the sums since resetLosses.
func readLosses(store *ml.Store) (values lossVector, err error) {
	value, err := store.GetVariable(lossPath).Value()
	if err != nil {
		return values, fmt.Errorf("reading the losses: %w", err)
	}
	flat, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return values, fmt.Errorf("reading the losses: %w", err)
	}
	for i, v := range flat {
		values[i] = float64(v)
	}
	return values, nil
}

// resetLosses begins new sums.
func resetLosses(store *ml.Store) error { return setVariable(store, lossPath, zeros(int(lossCount))) }

// lossVector holds a value for each loss.
type lossVector [lossCount]float64

// mean is sums of the losses with the number of steps in them. Its float64s
// survive JSON exactly.
type mean struct {
	Sum   lossVector `json:"sum"`
	Count int64      `json:"count"`
}

// plus returns the mean with more steps in it.
func (m mean) plus(sum lossVector, count int64) mean {
	for i, v := range sum {
		m.Sum[i] += v
	}
	m.Count += count
	return m
}

// value returns the mean of a loss, 0 for none.
func (m mean) value(l loss) float64 {
	if m.Count == 0 {
		return 0
	}
	return m.Sum[l] / float64(m.Count)
}

// fill writes the means of the given losses into a line of the metrics.
func (m mean) fill(line *Metric, losses []loss) {
	for _, l := range losses {
		value := m.value(l)
		*line.place(l) = &value
	}
}

// finiteWeights tells whether all of a network's variables are numbers. A loss
// does not tell: it is that of the weights before the step.
func finiteWeights(network *ml.Scope) (bool, error) {
	for v := range network.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return false, fmt.Errorf("reading variable %q: %w", v.Path(), err)
		}
		good := true
		err = tensors.ConstFlatData(value, func(flat []float32) {
			for _, x := range flat {
				if x-x != 0 { // NaN and both infinities
					good = false
					return
				}
			}
		})
		if err != nil || !good {
			return false, err
		}
	}
	return true, nil
}
