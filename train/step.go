// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
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

// The places of the losses in that variable, a vector of lossCount. Places
// without a name stay zero: a loss that is added later does not change the
// format of checkpoints.
const (
	lossL1    = 0
	lossCount = 8
)

// unit scales 8-bit levels to [-1, 1].
func unit(levels *graph.Node) *graph.Node {
	x := graph.ConvertDType(levels, dtypes.Float32)
	return graph.AddScalar(graph.MulScalar(x, 1/127.5), -1)
}

// levels scales [-1, 1] to 8-bit levels.
func levels(x *graph.Node) *graph.Node {
	x = graph.Round(graph.MulScalar(graph.AddScalar(x, 1), 127.5))
	return graph.ConvertDType(graph.ClipScalar(x, 0, 255), dtypes.Uint8)
}

// generatorStep trains the generator on L1.
type generatorStep struct {
	exec  *ml.Exec
	store *ml.Store
	adam  adam
	rate  float64
	l1    float64 // weight of L1
}

// newGeneratorStep compiles nothing yet: that happens at the first run.
func newGeneratorStep(b *model.Backend, store *ml.Store, r recipes.Recipe, rate float64) (*generatorStep, error) {
	s := &generatorStep{store: store, rate: rate, l1: r.L1Weight, adam: adam{beta1: r.Beta1, beta2: r.Beta2, epsilon: r.Epsilon}}
	config := r.Generator()
	var err error
	s.exec, err = ml.NewExec(b.Backend, store, func(root *ml.Scope, gray, color, knobs *graph.Node) {
		network := store.Scope(model.GeneratorScope)
		made, tape := model.TrainGenerator(network, config, unit(gray))
		tape.UpdateStatistics()
		l1 := model.L1Loss(made, unit(color))
		loss := graph.Mul(l1, knob(knobs, 2))
		s.adam.update(network, tape.Gradients(loss), knob(knobs, 0), knob(knobs, 1))
		sums := store.GetVariable(lossPath)
		sums.SetNodeValue(graph.Add(sums.NodeValue(l1.Graph()), placed(l1, lossL1)))
	})
	if err != nil {
		return nil, fmt.Errorf("building the training step: %w", err)
	}
	s.exec.WithName("generator step")
	return s, nil
}

// placed returns a vector of lossCount with one loss in its place and zeros
// elsewhere.
func placed(loss *graph.Node, place int) *graph.Node {
	return graph.Pad(graph.Reshape(loss, 1), graph.ScalarZero(loss.Graph(), loss.DType()),
		compute.PadAxis{Start: place, End: lossCount - place - 1})
}

// knob takes one scalar out of the packed inputs: what changes from step to
// step or from run to run crosses to the device in one piece.
func knob(knobs *graph.Node, i int) *graph.Node {
	return graph.Reshape(graph.Slice(knobs, graph.AxisElem(i)))
}

// run takes step number t of the stage, from 1, and adds to the sums of the
// losses without reading them.
func (s *generatorStep) run(in batch, t int64) error {
	stepSize, epsilon := s.adam.corrected(s.rate, t)
	knobs := tensors.FromFlatDataAndDimensions([]float32{stepSize, epsilon, float32(s.l1)}, 3)
	defer knobs.MustFinalizeAll()
	if _, err := s.exec.Exec(in.gray, in.color, knobs); err != nil {
		return fmt.Errorf("computing a training step: %w", err)
	}
	return nil
}

func (s *generatorStep) close() { s.exec.Finalize() }

// readLosses returns the sums since resetLosses.
func readLosses(store *ml.Store) (sums [lossCount]float64, err error) {
	value, err := store.GetVariable(lossPath).Value()
	if err != nil {
		return sums, fmt.Errorf("reading the losses: %w", err)
	}
	flat, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return sums, fmt.Errorf("reading the losses: %w", err)
	}
	for i, v := range flat {
		sums[i] = float64(v)
	}
	return sums, nil
}

// resetLosses begins new sums.
func resetLosses(store *ml.Store) error { return setVariable(store, lossPath, zeros(lossCount)) }

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
