// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Common is what all measurements take.
type Common struct {
	// Version is that of the program, for the record.
	Version string
	// Repeat is how often work is repeated.
	Repeat train.Repeat
	// Progress, if set, is told how far the current row of the table is; what says
	// which one that is. Calls come from one goroutine at a time.
	Progress func(what string, done, total int64)
}

func (c Common) show(what string, done, total int64) {
	if c.Progress != nil {
		c.Progress(what, done, total)
	}
}

// TrainOptions says which training steps to time.
type TrainOptions struct {
	Common
	// Recipe is followed in its last stage. Its train_batch_size gives way to
	// Batches where there are any: one row of the table each.
	Recipe  recipes.Recipe
	Batches []int
	// Backend computes; the caller closes it.
	Backend *model.Backend
	// Convolutions names the form of the convolutions, as model.SetConvolutions
	// takes it; empty is auto.
	Convolutions string
}

// TrainResult is what training steps took.
type TrainResult struct {
	Bench        string            `json:"bench"` // "train"
	Machine      Machine           `json:"machine"`
	Recipe       string            `json:"recipe"`
	Stage        recipes.StageKind `json:"stage"`
	Size         int               `json:"size"`
	Convolutions string            `json:"convolutions"`
	Rows         []TrainRow        `json:"rows"`
}

// TrainRow is what steps of one batch size took.
type TrainRow struct {
	Batch int `json:"batch"`
	// PicturesPerSecond is the batch by the median time of a step.
	PicturesPerSecond float64 `json:"pictures_per_second"`
	Spread
	// FLOPs are counted for a step, FLOPS are those a second by the median.
	FLOPs int64   `json:"flops_per_step"`
	FLOPS float64 `json:"flops_per_second"`
	// First is the time of the first step in seconds: compiling and one step.
	First float64 `json:"first_step_seconds"`
	// L1 is the mean over all steps, a sign that numbers were computed.
	L1 float64 `json:"l1"`
	Memory
}

// ValidateRequest returns every problem of the options, joined, the lack of a backend
// aside.
func (o TrainOptions) ValidateRequest() error {
	problems := []error{o.steps(o.Recipe.TrainBatchSize).ValidateRequest()}
	for _, batch := range o.batches() {
		if batch < 1 {
			problems = append(problems, fmt.Errorf("batch must be at least 1, got %d", batch))
		}
	}
	return errors.Join(problems...)
}

func (o TrainOptions) batches() []int {
	if len(o.Batches) > 0 {
		return o.Batches
	}
	return []int{o.Recipe.TrainBatchSize}
}

// steps are the options for one row.
func (o TrainOptions) steps(batch int) train.TimeOptions {
	r := o.Recipe
	r.TrainBatchSize = batch
	what := fmt.Sprintf("batch %d", batch)
	return train.TimeOptions{
		Recipe: r, Backend: o.Backend, Convolutions: o.Convolutions, Repeat: o.Repeat,
		Progress: func(p train.StepProgress) {
			if p.Warmup {
				o.show("warm-up of "+what, int64(p.Done), int64(o.Repeat.Warmup))
				return
			}
			done, total := o.Repeat.Share(p.Done, p.Spent)
			o.show(what, done, total)
		},
	}
}

// Train times training steps, see [train.TimeSteps], for each batch size in turn.
func Train(ctx context.Context, o TrainOptions) (TrainResult, error) {
	if err := o.ValidateRequest(); err != nil {
		return TrainResult{}, fault.AsRequest(err)
	}
	r := TrainResult{
		Bench: "train", Machine: ReadMachine(o.Version, o.Backend), Recipe: o.Recipe.Name, Size: o.Recipe.Size,
		Convolutions: o.Convolutions,
	}
	if r.Convolutions == "" {
		r.Convolutions = model.ConvolutionsAuto
	}
	for _, batch := range o.batches() {
		times, err := train.TimeSteps(ctx, o.steps(batch))
		if err != nil {
			return TrainResult{}, err
		}
		spread := NewSpread(times.Steps)
		r.Stage = times.Stage
		r.Rows = append(r.Rows, TrainRow{
			Batch: batch, Spread: spread, PicturesPerSecond: rate(float64(batch), spread.Median),
			FLOPs: times.FLOPs, FLOPS: rate(float64(times.FLOPs), spread.Median),
			First: times.First.Seconds(), L1: times.L1, Memory: memoryOf(ctx, o.Backend),
		})
	}
	return r, nil
}
