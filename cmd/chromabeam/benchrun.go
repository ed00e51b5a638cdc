// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/chromabeam/chromabeam/model/origin"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/bench"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// defaultBenchSize is the side of pictures where no recipe gives one.
const defaultBenchSize = 256

func (f *benchFlags) runTrain(ctx context.Context, term terminal, c bench.Common, end func()) error {
	recipe, recipeErr := f.trainRecipe()
	batches, batchErr := parseBatches(f.batch)
	if err := errors.Join(recipeErr, batchErr); err != nil {
		return fault.AsRequest(err)
	}
	o := bench.TrainOptions{Common: c, Recipe: recipe, Batches: batches, Convolutions: f.convolutions}
	if err := o.ValidateRequest(); err != nil {
		return fault.AsRequest(err)
	}
	b, err := openBackendWith(term, f.backend, f.precision)
	if err != nil {
		return err
	}
	defer b.Finalize()
	o.Backend = b
	r, err := bench.Train(ctx, o)
	end()
	if err != nil {
		return err
	}
	return printBenchTrain(term, r, f.asJSON)
}

// trainRecipe is the recipe of -mode, or that of -recipe.
func (f *benchFlags) trainRecipe() (recipes.Recipe, error) {
	if f.mode == "" {
		return f.namedRecipe()
	}
	size := f.size
	if size == 0 {
		size = defaultBenchSize
	}
	const batch = 8 // as the scripts of others
	r, err := train.TimedRecipe(f.mode, size, batch)
	if err != nil {
		return r, err
	}
	return r.Apply(f.settings...)
}

// namedRecipe is the recipe of -recipe with -size and -set.
func (f *benchFlags) namedRecipe() (recipes.Recipe, error) {
	e, err := recipes.FindExperiment(f.recipe)
	if err != nil {
		return recipes.Recipe{}, err
	}
	settings := f.settings
	if f.size != 0 {
		settings = append(settingList{"size=" + strconv.Itoa(f.size)}, settings...)
	}
	return e.Recipe.Apply(settings...)
}

func (f *benchFlags) runInfer(ctx context.Context, term terminal, c bench.Common, end func()) error {
	o := bench.InferOptions{
		Common: c, Checkpoint: f.checkpoint, Lanes: f.lanes, Resident: f.resident, Convolutions: f.convolutions,
	}
	var networkErr, batchErr error
	if f.model != "" {
		networkErr = f.openBenchModel(ctx, &o)
	} else {
		var r recipes.Recipe
		r, networkErr = f.namedRecipe()
		o.Generator, o.Name = r.Generator(), r.Name
	}
	if o.Batches, batchErr = parseBatches(f.batch); f.batch == "" {
		o.Batches = []int{1, 8}
	}
	if err := errors.Join(networkErr, batchErr); err != nil {
		return fault.AsRequest(err)
	}
	if err := o.ValidateRequest(); err != nil {
		return fault.AsRequest(err)
	}
	b, err := openBackendWith(term, f.backend, f.precision)
	if err != nil {
		return err
	}
	defer b.Finalize()
	o.Backend = b
	r, err := bench.Infer(ctx, o)
	end()
	if err != nil {
		return err
	}
	return printBenchInfer(term, r, f.asJSON)
}

// openBenchModel finds the network of -model, which is drawn at -size.
func (f *benchFlags) openBenchModel(ctx context.Context, o *bench.InferOptions) error {
	source, err := origin.Open(ctx, f.model)
	if err != nil {
		return fmt.Errorf("opening model %q: %w", f.model, err)
	}
	o.Source, o.Size = &source, f.size
	return nil
}

func (f *benchFlags) runCodec(ctx context.Context, term terminal, c bench.Common, end func()) error {
	o := bench.CodecOptions{Common: c, Size: f.sizeOr(defaultBenchSize)}
	var err error
	if o.Width, o.Height, err = parsePixels(f.pixels); err != nil {
		return fault.AsRequest(err)
	}
	r, err := bench.Codec(ctx, o)
	end()
	if err != nil {
		return err
	}
	return printBenchCodec(term, r, f.asJSON)
}

func (f *benchFlags) runShards(ctx context.Context, term terminal, c bench.Common, end func()) error {
	r, err := bench.Shards(ctx, bench.ShardsOptions{Common: c, Size: f.sizeOr(defaultBenchSize), Pictures: f.pictures})
	end()
	if err != nil {
		return err
	}
	return printBenchShards(term, r, f.asJSON)
}

func (f *benchFlags) sizeOr(other int) int {
	if f.size == 0 {
		return other
	}
	return f.size
}

// parseBatches reads "1,32,256"; nothing is nil.
func parseBatches(text string) (list []int, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("batch must be numbers from 1 on with commas between them, got %q", text)
		}
		list = append(list, n)
	}
	return list, nil
}

// parsePixels reads "1600x1200".
func parsePixels(text string) (width, height int, err error) {
	w, h, found := strings.Cut(text, "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if !found || errW != nil || errH != nil {
		return 0, 0, fmt.Errorf("pixels must be WIDTHxHEIGHT, got %q", text)
	}
	return width, height, nil
}
