// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
)

// network is what is timed.
type network struct {
	name   string
	source model.Source
	config model.GeneratorConfig
	temp   string // a run folder with random weights, removed at the end
}

// open reads the network's configuration, or makes a network with random weights.
// Close must be called.
func (o InferOptions) open() (n *network, err error) {
	n = new(network)
	if o.Source != nil {
		n.source, n.name = *o.Source, o.Source.Name()
	} else if n.name, err = o.Name, n.makeUp(o.Generator); err != nil {
		n.close()
		return nil, fmt.Errorf("making a network: %w", err)
	}
	if n.config, err = n.source.Config(); err != nil {
		n.close()
		return nil, fmt.Errorf("opening model %q: %w", n.name, err)
	}
	if o.Size > 0 {
		n.config.Size = o.Size
	}
	return n, nil
}

// makeUp writes a run folder with random weights, so that what opens and compiles
// it is the same as for a trained one.
func (n *network) makeUp(c model.GeneratorConfig) (err error) {
	if n.temp, err = os.MkdirTemp("", "chromabeam-bench-*"); err != nil {
		return err
	}
	store := ml.NewStore()
	defer store.Finalize()
	if err := model.InitGenerator(store, model.GeneratorScope, c, 1); err != nil {
		return err
	}
	list, err := model.StoreTensors(store)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(n.temp, model.CheckpointsDir), 0o700); err != nil {
		return err
	}
	ref := model.CheckpointRef{File: "step-00000001.safetensors", Step: 1, Epoch: 1}
	err = errors.Join(
		model.WriteModelConfig(n.temp, c),
		model.SaveSafetensors(ref.Path(n.temp), list, map[string]string{"step": "1"}),
		model.WriteCheckpointRef(n.temp, model.CheckpointLast, ref))
	if err != nil {
		return err
	}
	n.source, err = model.OpenSource(n.temp)
	return err
}

func (n *network) close() {
	if n.temp != "" {
		_ = os.RemoveAll(n.temp) // it lies where the system clears up too
	}
}

// load puts the network's weights into a store.
func (n *network) load(store *ml.Store, checkpoint string) error {
	read, err := n.source.Load(checkpoint)
	if err != nil {
		return err
	}
	return model.LoadGenerator(store, n.config, model.GeneratorScope, read.Tensors)
}

// colorizerEngine goes the way of colorize and bulk.
type colorizerEngine struct {
	colorizer *model.Colorizer
	gray      []float32
	many      int
}

func newColorizerEngine(o InferOptions, n *network, batch int) (*colorizerEngine, error) {
	c, err := model.OpenColorizerFrom(o.Backend, n.source,
		model.ColorizerOptions{Batch: batch, Checkpoint: o.Checkpoint, Size: o.Size})
	if err != nil {
		return nil, err
	}
	e := &colorizerEngine{colorizer: c, gray: noise(batch * c.Size() * c.Size()), many: o.Lanes}
	if e.many == 0 {
		e.many = c.Lanes()
	}
	return e, nil
}

func (e *colorizerEngine) run(ctx context.Context) error {
	_, err := e.colorizer.Colorize(ctx, e.gray)
	return err
}

func (e *colorizerEngine) lanes() int { return e.many }

func (e *colorizerEngine) close() { _ = e.colorizer.Close() }
