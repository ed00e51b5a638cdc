// SPDX-License-Identifier: Apache-2.0

package train

import (
	"encoding/json"
	"fmt"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// workspace holds a store of variables with the executables that were built
// over it. The runs of a sweep use one after the other, so that those which
// differ in rates and weights alone share what was compiled.
type workspace struct {
	device    *model.Backend
	structure string
	store     *ml.Store
	programs  map[program]*ml.Exec
	validate  map[string]*ml.Exec // by the generator's scope
}

func newWorkspace(device *model.Backend) *workspace { return &workspace{device: device} }

// prepare makes the workspace one for the recipe, with all variables at their
// first values.
func (w *workspace) prepare(r recipes.Recipe) error {
	structure, err := structureOf(r)
	if err != nil {
		return err
	}
	if w.store != nil && w.structure != structure {
		w.close()
	}
	if w.store == nil {
		w.store, w.structure = ml.NewStore(), structure
		model.SetPrecision(w.store, w.device.Precision)
		w.programs, w.validate = make(map[program]*ml.Exec), make(map[string]*ml.Exec)
		return initNetworks(w.store, r)
	}
	// Variables cannot be made twice, and the executables know these: they get
	// the values that a new store would have.
	fresh := ml.NewStore()
	if err := initNetworks(fresh, r); err != nil {
		return err
	}
	list, err := model.StoreTensors(fresh)
	if err != nil {
		return err
	}
	return model.RestoreTensors(w.store, list)
}

// initNetworks makes the variables of a recipe's networks.
func initNetworks(store *ml.Store, r recipes.Recipe) error {
	if err := model.InitGenerator(store, model.GeneratorScope, r.Generator(), r.Seed); err != nil {
		return fmt.Errorf("making the generator: %w", err)
	}
	if !r.Adversarial() {
		return nil
	}
	if err := model.InitCritic(store, model.CriticScope, r.CriticNetwork(), r.Seed); err != nil {
		return fmt.Errorf("making the critic: %w", err)
	}
	return nil
}

// program returns the executable of a program.
func (w *workspace) program(b builder, p program) (*ml.Exec, error) {
	if exec, ok := w.programs[p]; ok {
		return exec, nil
	}
	exec, err := b.compile(w.device, p)
	if err != nil {
		return nil, err
	}
	w.programs[p] = exec
	return exec, nil
}

// close frees executables and variables. It may be called twice.
func (w *workspace) close() {
	for _, exec := range w.programs {
		exec.Finalize()
	}
	for _, exec := range w.validate {
		exec.Finalize()
	}
	if w.store != nil {
		w.store.Finalize()
	}
	*w = workspace{device: w.device}
}

// structureOf names what the executables of a recipe depend on beside the shape
// of their inputs: recipes of one structure may share them.
func structureOf(r recipes.Recipe) (string, error) {
	r.About = recipes.About{}
	r.TrainBatchSize, r.ValBatchSize, r.TrainLimit, r.ValLimit = 0, 0, 0, 0
	r.CriticSteps, r.PenaltyWeight, r.L1Weight = 0, 0, 0
	r.GeneratorEpochs, r.CriticEpochs, r.Epochs = 0, 0, 0
	r.GeneratorRate, r.CriticRate, r.JointGeneratorRate, r.JointCriticRate, r.RateSchedule = 0, 0, 0, 0, ""
	r.LogEach, r.Seed = 0, 0
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("naming the recipe's structure: %w", err)
	}
	return string(text), nil
}
