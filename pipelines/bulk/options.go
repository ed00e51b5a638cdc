// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"runtime"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Format is the format of coloured pictures.
type Format = inference.Format

// The formats of coloured pictures.
const (
	FormatSame = inference.FormatSame
	FormatJPEG = inference.FormatJPEG
	FormatPNG  = inference.FormatPNG
)

// Options says what to colour and how. Start from [DefaultOptions].
type Options struct {
	// Model is the run folder of a trained network.
	Model string
	// Checkpoint is "best", "last" or "ema"; empty means best, or last where a run has
	// no best one.
	Checkpoint string
	// Input is what [source.Open] takes: a folder, a zip, tar or tar.gz, a glob,
	// any of these under gs://, or a list of them.
	Input string
	// Output is a folder or a .zip, local.
	Output string
	// Batch is the number of pictures that go through the network at once.
	Batch int
	// Format is the format of coloured pictures.
	Format Format
	// Quality is that of JPEG output, in [1, 100].
	Quality int
	// Backend is "auto", "xla:cuda", "xla:cpu" or "go".
	Backend string
	// Workers is the number of pictures decoded and encoded at once.
	Workers int
	// MemoryBudget bounds the bytes that pictures in work may take.
	MemoryBudget int64
	// Limits bound what is decoded at all.
	Limits pixel.Limits
	// Overwrite allows replacing files that this job has not written, and
	// continuing in an output made with another model or other settings.
	Overwrite bool
	// Runner is a Beam runner's name.
	Runner string
	// ToolVersion is recorded in the report.
	ToolVersion string
	// Progress, where not nil, is called now and then with the pictures dealt
	// with so far and their number; calls do not overlap.
	Progress func(done, total int64)
}

// DefaultOptions returns options that lack only Model, Input and Output.
func DefaultOptions() Options {
	return Options{
		Batch:        inference.DefaultBatch,
		Format:       FormatSame,
		Quality:      inference.DefaultQuality,
		Backend:      "auto",
		Workers:      runtime.GOMAXPROCS(0),
		MemoryBudget: inference.DefaultMemoryBudget,
		Limits:       pixel.DefaultLimits(),
		Runner:       runner.Default,
	}
}

// Validate returns everything that is wrong with o, before any file is touched.
func (o Options) Validate() error {
	problems := []error{o.validateCommon()}
	if o.Input == "" {
		problems = append(problems, errors.New("input must name a folder, an archive, a glob or a list, got an empty path"))
	}
	if o.Output == "" {
		problems = append(problems, errors.New("output must name a folder or a .zip, got an empty path"))
	}
	return errors.Join(problems...)
}

// validateCommon checks what [Run] and [ColorizeFile] share.
func (o Options) validateCommon() error {
	return errors.Join(o.Format.Validate(), o.settings().Validate(), model.ValidateCheckpoint(o.Checkpoint))
}

func (o Options) settings() inference.Settings {
	return inference.Settings{
		Model: o.Model, Checkpoint: o.Checkpoint, Backend: o.Backend, Batch: o.Batch, Quality: o.Quality,
		Workers: o.Workers, MemoryBudget: o.MemoryBudget, Limits: o.Limits,
	}
}
