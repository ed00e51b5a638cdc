// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// lossPath is the variable that sums L1 over the steps since the last line of
// the metrics. It stays on the device and is part of a checkpoint, so that a
// broken run goes on with the same sum.
const lossPath = "/losses/l1"

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
		sum := store.GetVariable(lossPath)
		sum.SetNodeValue(graph.Add(sum.NodeValue(l1.Graph()), l1))
	})
	if err != nil {
		return nil, fmt.Errorf("building the training step: %w", err)
	}
	s.exec.WithName("generator step")
	return s, nil
}

// knob takes one scalar out of the packed inputs: what changes from step to
// step or from run to run crosses to the device in one piece.
func knob(knobs *graph.Node, i int) *graph.Node {
	return graph.Reshape(graph.Slice(knobs, graph.AxisElem(i)))
}

// run takes step number t of the stage, from 1. It leaves the loss on the
// device.
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

// readLoss returns the sum of L1 since resetLoss; it waits for the device.
func readLoss(store *ml.Store) (float64, error) {
	value, err := store.GetVariable(lossPath).Value()
	if err != nil {
		return 0, fmt.Errorf("reading the loss: %w", err)
	}
	flat, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return 0, fmt.Errorf("reading the loss: %w", err)
	}
	return float64(flat[0]), nil
}

// resetLoss begins a new sum.
func resetLoss(store *ml.Store) error { return setVariable(store, lossPath, zeros()) }
