// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"
)

// maxBatch bounds a Colorizer's batch.
const maxBatch = 4096

// ColorizerOptions says how a [Colorizer] runs.
type ColorizerOptions struct {
	// Batch is the number of pictures computed at once; 0 means 1.
	Batch int
	// Checkpoint is CheckpointBest, CheckpointLast or CheckpointEMA; empty means
	// best, else last where no best one exists.
	Checkpoint string
	// Size is the side at which the network looks at pictures, in pixels: a
	// multiple of 2 to the power of its halvings; 0 means that of its training.
	// A network sees things at the size that it was trained at, so that far from
	// that it colours less well.
	Size int
	// Convolutions forces a form of convolution, see [SetConvolutions]; empty means
	// ConvolutionsAuto. Another form gives other last bits.
	Convolutions string
}

// Colorizer maps gray pictures to coloured ones with the generator of a run
// folder, in the precision of its backend. It is safe for concurrent use; more
// than Lanes calls at once gain nothing.
type Colorizer struct {
	backend *Backend
	config  GeneratorConfig
	batch   int
	weights Weights

	mu    sync.RWMutex // read while the network runs
	step  int          // pictures in one execution
	store *ml.Store
	exec  *ml.Exec // nil after Close, and where compiling it anew has failed
}

// OpenColorizer opens a run folder, or a file that [Export] has written, and
// compiles its generator for one shape of batch. The backend must outlive the
// Colorizer.
func OpenColorizer(b *Backend, name string, o ColorizerOptions) (*Colorizer, error) {
	s, err := OpenSource(name)
	if err != nil {
		return nil, fmt.Errorf("opening model %q: %w", name, err)
	}
	return OpenColorizerFrom(b, s, o)
}

// OpenColorizerFrom is [OpenColorizer] for a source that is open.
func OpenColorizerFrom(b *Backend, s Source, o ColorizerOptions) (*Colorizer, error) {
	if o.Batch == 0 {
		o.Batch = 1
	}
	if o.Batch < 1 || o.Batch > maxBatch {
		return nil, fmt.Errorf("batch must be in [1, %d], got %d", maxBatch, o.Batch)
	}
	c := &Colorizer{backend: b, batch: o.Batch, store: ml.NewStore()}
	SetPrecision(c.store, b.Precision)
	if err := SetConvolutions(c.store, o.Convolutions); err != nil {
		return nil, err
	}
	c.step = c.stepFor(o.Batch)
	if err := c.load(s, o.Checkpoint); err != nil {
		return nil, fmt.Errorf("opening model %q: %w", s.Name(), err)
	}
	if err := c.resize(o.Size); err != nil {
		c.store.Finalize()
		return nil, fmt.Errorf("opening model %q: %w", s.Name(), err)
	}
	if err := c.compile(); err != nil {
		c.store.Finalize()
		return nil, fmt.Errorf("opening model %q on %s: %w", s.Name(), b.Name, err)
	}
	return c, nil
}

// resize sets the side of pictures; 0 leaves that of the training.
func (c *Colorizer) resize(side int) error {
	factor := 1 << c.config.Downs
	if side == 0 || side == c.config.Size {
		return nil
	}
	if side < factor || side > maxSize || side%factor != 0 {
		return fmt.Errorf("render size must be a multiple of %d in [%d, %d], since the network halves pictures %d times, got %d",
			factor, factor, maxSize/factor*factor, c.config.Downs, side)
	}
	// So every map with a norm has 2x2 pixels or more, which instance norm wants:
	// the innermost has none.
	c.config.Size = side
	return nil
}

func (c *Colorizer) load(s Source, checkpoint string) error {
	n, err := s.Load(checkpoint)
	if err != nil {
		return err
	}
	c.config, c.weights = n.Config, n.Weights
	if err := LoadGenerator(c.store, n.Config, GeneratorScope, n.Tensors); err != nil {
		return fmt.Errorf("checkpoint %q: %w", n.Weights.Path(), err)
	}
	return nil
}

// compile builds the network for one shape of batch. Where the device's memory is
// used up the error is [ErrDeviceMemory].
func (c *Colorizer) compile() error {
	exec, err := ml.NewExec(c.backend.Backend, c.store, func(scope *ml.Scope, gray *graph.Node) *graph.Node {
		return Generator(scope.In(GeneratorScope), c.config, gray, Infer)
	})
	if err != nil {
		return fmt.Errorf("building the network: %w", err)
	}
	if _, err := exec.Compile(shapes.Make(dtypes.Float32, c.step, c.config.Size, c.config.Size, 1)); err != nil {
		exec.Finalize()
		return fmt.Errorf("compiling the network for %d pictures: %w", c.step, memoryError(err))
	}
	c.exec = exec
	return nil
}

// Size returns the side of the network's pictures, in pixels.
func (c *Colorizer) Size() int { return c.config.Size }

// Batch returns the number of pictures computed at once.
func (c *Colorizer) Batch() int { return c.batch }

// Lanes returns how many calls of Colorize are worth running at once. XLA leaves a
// part of the processor, or of the device, idle at the end of each layer and while
// pictures are copied: a second call fills that. The go backend does not.
func (c *Colorizer) Lanes() int {
	if c.backend.Name == BackendGo {
		return 1
	}
	return 2
}

// Hash returns the network's [Weights.Hash], on a backend of another precision
// than float32 hashed together with its name: results of equal hashes and options
// on one backend and class of machine are equal bytes.
func (c *Colorizer) Hash() string { return hashIn(c.weights.Hash, c.backend.Precision) }

// Weights returns which weights the network has.
func (c *Colorizer) Weights() Weights { return c.weights }

// Colorize takes n gray pictures, n*size*size values in [-1, 1], n in
// [1, Batch], and returns n*size*size*3 colour values in [-1, 1]. Fewer
// pictures than Batch are padded inside: each picture's result depends on that
// picture alone. Where the device's memory is used up the error is
// [ErrDeviceMemory].
func (c *Colorizer) Colorize(ctx context.Context, gray []float32) ([]float32, error) {
	pixels := c.config.Size * c.config.Size
	n := len(gray) / pixels
	if n < 1 || n > c.batch || len(gray) != n*pixels {
		return nil, fmt.Errorf("colouring: want 1 to %d pictures of %d pixels, got %d values", c.batch, pixels, len(gray))
	}
	if err := c.ready(); err != nil {
		return nil, fmt.Errorf("colouring: %w", memoryError(err))
	}
	color := make([]float32, n*pixels*3)
	c.mu.RLock()
	defer c.mu.RUnlock()
	for at := 0; at < n; at += c.step {
		end := min(at+c.step, n)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.execute(gray[at*pixels:end*pixels], color[at*pixels*3:end*pixels*3]); err != nil {
			return nil, fmt.Errorf("colouring: %w", memoryError(err))
		}
	}
	return color, nil
}

var errClosed = errors.New("the model is closed")

// ready compiles the network where the last Shrink has left none.
func (c *Colorizer) ready() error {
	c.mu.RLock()
	there := c.exec != nil
	c.mu.RUnlock()
	if there { // waiting for the other lane would make them one
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil || c.exec != nil {
		return nil
	}
	return c.compile()
}

// execute runs the network once, with the caller holding the lock for reading.
func (c *Colorizer) execute(gray, color []float32) error {
	if c.exec == nil { // closed, or shrunk meanwhile without success
		return errClosed
	}
	in := tensors.FromShape(shapes.Make(dtypes.Float32, c.step, c.config.Size, c.config.Size, 1))
	defer in.MustFinalizeAll()
	if err := tensors.MutableFlatData(in, func(flat []float32) { clear(flat[copy(flat, gray):]) }); err != nil {
		return err
	}
	out, err := c.exec.Call(in)
	if err != nil {
		return err
	}
	defer out[0].MustFinalizeAll()
	return tensors.ConstFlatData(out[0], func(flat []float32) { copy(color, flat) })
}

// Close releases the compiled network and its weights. It may be called twice.
func (c *Colorizer) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropExec()
	if c.store != nil {
		c.store.Finalize()
		c.store = nil
	}
	return nil
}
