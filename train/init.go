// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"os"
	"strings"

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

// openInit reads the network of another run, none where run is empty. One that is
// damaged or does not fit is a request error.
func openInit(o Options, run string) (initialWeights, error) {
	if run == "" {
		return initialWeights{}, nil
	}
	if err := checkInit(o, run); err != nil {
		return initialWeights{}, err
	}
	file, hash, err := model.FindWeights(run, "")
	if err != nil {
		return initialWeights{}, fault.Request("opening the network to start from: %w", err)
	}
	list, _, err := model.LoadSafetensors(file)
	if err != nil {
		return initialWeights{}, fault.Request("opening the network to start from: %w", err)
	}
	return initialWeights{record: &initRecord{Path: run, SHA256: hash}, list: list}, nil
}

// checkInit refuses to start from a network that does not fit, as far as its
// configuration tells.
func checkInit(o Options, run string) error {
	if sameFolder(run, o.Output) {
		return fault.Request("init must be another run than the output, got %q for both", o.Output)
	}
	config, err := model.ReadModelConfig(run)
	if err != nil {
		return fault.Request("opening the network to start from: %w", err)
	}
	want := o.Recipe.Generator()
	config.Size = want.Size // its weights fit any
	if config != want {
		return fault.Request("init must hold a generator as the recipe's: that of %q differs in %s",
			run, strings.Join(generatorDifferences(config, want), ", "))
	}
	return nil
}

// openInit returns the network that the run is to start from.
func (t *trainer) openInit() (initialWeights, error) {
	if t.shared != nil {
		return *t.shared, nil
	}
	return openInit(t.o, t.o.Init)
}

// generatorDifferences names what two generators do not share.
func generatorDifferences(there, wanted model.GeneratorConfig) []string {
	var list []string
	for _, f := range []struct {
		key           string
		there, wanted any
	}{
		{"in_channels", there.InChannels, wanted.InChannels},
		{"out_channels", there.OutChannels, wanted.OutChannels},
		{"num_downs", there.Downs, wanted.Downs},
		{"filters", there.Filters, wanted.Filters},
		{"norm", there.Norm, wanted.Norm},
	} {
		if f.there != f.wanted {
			list = append(list, fmt.Sprintf("%s (%v there, %v asked for)", f.key, f.there, f.wanted))
		}
	}
	return list
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
	// The store keeps what it is given, and another run may start from these.
	copies := make([]model.NamedTensor, len(w.list))
	for i, one := range w.list {
		clone, err := one.Tensor.LocalClone()
		if err != nil {
			return fmt.Errorf("reading the network to start from: %w", err)
		}
		copies[i] = model.NamedTensor{Name: one.Name, Tensor: clone}
	}
	fresh := ml.NewStore()
	if err := model.LoadGenerator(fresh, c, model.GeneratorScope, copies); err != nil {
		return fault.Request("reading the network to start from: %w", err)
	}
	list, err := model.StoreTensors(fresh)
	if err != nil {
		return fmt.Errorf("reading the network to start from: %w", err)
	}
	return model.RestoreTensors(store, list)
}
