// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"os"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// initRecord names the network that a run started from.
type initRecord struct {
	Path string `json:"path"`
	// SHA256 is the hash of the network's configuration and weights.
	SHA256 string `json:"sha256"`
}

// initialWeights are those of another run's generator, or none.
type initialWeights struct {
	record *initRecord
	list   []model.NamedTensor
}

// openInit reads the network that a run is to start from. One that is damaged or
// does not fit is a request error.
func openInit(o Options) (initialWeights, error) {
	if o.Init == "" {
		return initialWeights{}, nil
	}
	if sameFolder(o.Init, o.Output) {
		return initialWeights{}, fault.Request("init must be another run than the output, got %q for both", o.Output)
	}
	config, err := model.ReadModelConfig(o.Init)
	if err != nil {
		return initialWeights{}, fault.Request("opening the network to start from: %w", err)
	}
	want := o.Recipe.Generator()
	config.Size = want.Size // its weights fit any
	if config != want {
		return initialWeights{}, fault.Request("init must hold a generator as the recipe's: %q has %+v, recipe %q wants %+v",
			o.Init, config, o.Recipe.Name, want)
	}
	file, hash, err := model.FindWeights(o.Init, "")
	if err != nil {
		return initialWeights{}, fault.Request("opening the network to start from: %w", err)
	}
	list, _, err := model.LoadSafetensors(file)
	if err != nil {
		return initialWeights{}, fault.Request("opening the network to start from: %w", err)
	}
	return initialWeights{record: &initRecord{Path: o.Init, SHA256: hash}, list: list}, nil
}

// sameFolder tells whether two paths lead to one folder that exists.
func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// load puts the weights in the place of the generator's random ones.
func (w initialWeights) load(store *ml.Store, c model.GeneratorConfig) error {
	if w.record == nil {
		return nil
	}
	fresh := ml.NewStore()
	if err := model.LoadGenerator(fresh, c, model.GeneratorScope, w.list); err != nil {
		return fault.Request("reading the network to start from: %w", err)
	}
	list, err := model.StoreTensors(fresh)
	if err != nil {
		return fmt.Errorf("reading the network to start from: %w", err)
	}
	return model.RestoreTensors(store, list)
}
