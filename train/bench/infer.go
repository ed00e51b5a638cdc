// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// InferOptions says what to colour with.
type InferOptions struct {
	Common
	// Source is a trained network; nil takes Generator with random weights.
	Source *model.Source
	// Checkpoint is as in model.ColorizerOptions, for Source.
	Checkpoint string
	// Generator is the network where there is no Source, Name what it is called in
	// the result.
	Generator model.GeneratorConfig
	Name      string
	// Size is the side of the pictures; 0 is the network's own.
	Size int
	// Batches are the numbers of pictures computed at once: a row of the table each.
	Batches []int
	// Lanes is how many batches are on their way at once; 0 is what the Colorizer
	// asks for. It is of no use with Resident.
	Lanes int
	// Backend computes; the caller closes it.
	Backend *model.Backend
	// Resident times the network alone, on one batch that lies on the device as
	// 8-bit levels and whose result stays there: what scripts for other frameworks
	// time. Without it pictures come from and go to Go's memory as float32, through
	// model.Colorizer, as colorize and bulk have it.
	Resident bool
	// Convolutions names the form of the convolutions, as model.SetConvolutions
	// takes it; empty is auto, and nothing else goes without Resident.
	Convolutions string
}

// InferResult is what colouring took.
type InferResult struct {
	Bench        string     `json:"bench"` // "infer"
	Machine      Machine    `json:"machine"`
	Model        string     `json:"model"`
	Size         int        `json:"size"`
	Resident     bool       `json:"resident"`
	Convolutions string     `json:"convolutions"`
	Rows         []InferRow `json:"rows"`
}

// InferRow is what batches of one size took.
type InferRow struct {
	Batch int `json:"batch"`
	Lanes int `json:"lanes"`
	// PicturesPerSecond are all timed pictures by the time from the first batch's
	// start to the last one's end.
	PicturesPerSecond float64 `json:"pictures_per_second"`
	// Spread is that of a batch's own time, of which Lanes run at once.
	Spread
	FLOPs int64   `json:"flops_per_batch"`
	FLOPS float64 `json:"flops_per_second"`
	// First is the time in seconds until the network was ready: weights and
	// compiling.
	First float64 `json:"first_seconds"`
	Memory
}

// ValidateRequest returns every problem of the options, joined, the lack of a backend
// aside. Of a Source it reads the configuration and finds the weights, but does not
// load them.
func (o InferOptions) ValidateRequest() error {
	problems := []error{o.Repeat.Validate()}
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	problems = append(problems, o.validateNetwork())
	if len(o.Batches) == 0 {
		fail("there must be a batch")
	}
	for _, batch := range o.Batches {
		if batch < 1 {
			fail("batch must be at least 1, got %d", batch)
		}
	}
	if o.Size < 0 {
		fail("size must be at least 1, or 0 for the network's own, got %d", o.Size)
	}
	if o.Lanes < 0 {
		fail("lanes must be at least 1, or 0 for what the backend likes, got %d", o.Lanes)
	}
	if err := model.ValidateConvolutions(o.Convolutions); err != nil {
		problems = append(problems, err)
	} else if form := o.form(); form != model.ConvolutionsAuto && !o.Resident {
		fail("convolutions must be %s where the network is not timed alone, got %q", model.ConvolutionsAuto, form)
	}
	if o.Resident && o.Lanes > 1 {
		fail("lanes must be 1 where the network is timed alone, got %d", o.Lanes)
	}
	return errors.Join(problems...)
}

// validateNetwork wants a network that can be built at the size.
func (o InferOptions) validateNetwork() error {
	c := o.Generator
	if o.Source != nil {
		var err error
		if c, err = o.Source.Config(); err == nil {
			_, err = o.Source.Find(o.Checkpoint)
		}
		if err != nil {
			return fmt.Errorf("opening model %q: %w", o.Source.Name(), err)
		}
	}
	if o.Size > 0 {
		c.Size = o.Size
	}
	return c.Validate()
}

func (o InferOptions) form() string {
	if o.Convolutions == "" {
		return model.ConvolutionsAuto
	}
	return o.Convolutions
}

// engine colours batches of one size.
type engine interface {
	// run colours a batch once; it is safe for as many calls at once as lanes says.
	run(ctx context.Context) error
	lanes() int
	close()
}

// Infer times colouring, for each batch size in turn.
func Infer(ctx context.Context, o InferOptions) (InferResult, error) {
	if err := o.ValidateRequest(); err != nil {
		return InferResult{}, fault.AsRequest(err)
	}
	if o.Backend == nil {
		return InferResult{}, fault.Request("backend must be open")
	}
	n, err := o.open()
	if err != nil {
		return InferResult{}, err
	}
	defer n.close()
	r := InferResult{
		Bench: "infer", Machine: ReadMachine(o.Version, o.Backend), Model: n.name, Size: n.config.Size,
		Resident: o.Resident, Convolutions: o.form(),
	}
	for _, batch := range o.Batches {
		row, err := o.row(ctx, n, batch)
		if err != nil {
			return InferResult{}, err
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

// row times one batch size.
func (o InferOptions) row(ctx context.Context, n *network, batch int) (row InferRow, err error) {
	start, compiling := time.Now(), fmt.Sprintf("compiling for batch %d", batch)
	o.show(compiling, 0, 1)
	e, err := o.engine(n, batch)
	if err != nil {
		return row, err
	}
	defer e.close()
	o.show(compiling, 1, 1)
	row = InferRow{Batch: batch, Lanes: e.lanes(), First: time.Since(start).Seconds()}
	what := fmt.Sprintf("batch %d", batch)
	times, wall, err := inLanes(ctx, o.Common, what, row.Lanes, e.run)
	if err != nil {
		return row, err
	}
	row.Spread = NewSpread(times)
	row.FLOPs = 2 * int64(batch) * n.config.MultiplyAdds()
	row.PicturesPerSecond = rate(float64(batch*len(times)), milliseconds(wall))
	row.FLOPS = rate(float64(row.FLOPs)*float64(len(times)), milliseconds(wall))
	row.Memory = memoryOf(ctx, o.Backend)
	return row, nil
}

// engine opens what runs batches of one size. An engine that could not be made is
// nil, not one that holds nil.
func (o InferOptions) engine(n *network, batch int) (engine, error) {
	if o.Resident {
		e, err := newResidentEngine(o, n, batch)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	e, err := newColorizerEngine(o, n, batch)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// noise returns n numbers in [-1, 1), the same at every call.
func noise(n int) []float32 {
	rng := rand.NewPCG(1, 2)
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.Uint64()>>40)/(1<<23) - 1
	}
	return values
}
