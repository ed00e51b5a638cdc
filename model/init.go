// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// initDeviation is that of pix2pix's weights.
const initDeviation = 0.02

// InitGenerator makes the generator's variables under the named scope of the
// store: kernels N(0, 0.02), biases 0, batch norm's gains N(1, 0.02). They are
// drawn on the host from the seed and each variable's path, so that every
// backend starts from the same weights. It is an error where a variable exists.
func InitGenerator(store *ml.Store, scope string, c GeneratorConfig, seed uint64) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("making a generator: %w", err)
	}
	return initVariables(store, scope, c.variables(), seed)
}

// InitCritic makes the critic's variables, as [InitGenerator].
func InitCritic(store *ml.Store, scope string, c CriticConfig, seed uint64) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("making a critic: %w", err)
	}
	return initVariables(store, scope, c.variables(), seed)
}

func initVariables(store *ml.Store, scope string, specs []variableSpec, seed uint64) error {
	for _, s := range specs {
		path := ml.JoinPath("/", scope, s.path)
		if store.GetVariable(path) != nil {
			return fmt.Errorf("making a network: variable %q exists already", path)
		}
		t := tensors.FromFlatDataAndDimensions(initialValues(s, path, seed), s.shape...)
		v, err := store.CreateVariable(path, t)
		if err != nil {
			return fmt.Errorf("making variable %q: %w", path, err)
		}
		v.SetTrainable(s.kind.trainable())
	}
	return nil
}

// initialValues draws a variable's first values. math/rand/v2 promises the same
// stream for the same seed in every release of Go.
func initialValues(s variableSpec, path string, seed uint64) []float32 {
	values := make([]float32, s.size())
	var mean, deviation float64
	switch s.kind {
	case kindKernel:
		deviation = initDeviation
	case kindGain:
		mean, deviation = 1, initDeviation
	case kindOne, kindVariance:
		mean = 1
	case kindZero, kindMean:
	}
	if deviation == 0 {
		for i := range values {
			values[i] = float32(mean)
		}
		return values
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // a hash's Write returns no error
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range values {
		values[i] = float32(mean + deviation*r.NormFloat64())
	}
	return values
}
