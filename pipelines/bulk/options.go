// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/inference"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/telemetry"
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
	// Model is the run folder of a trained network, a file that export has written,
	// either of them under gs://, or [builtin.Name] for the model in the box.
	Model string
	// Checkpoint is "best", "last" or "ema" of a run folder; empty means best, or last
	// where a run has no best one.
	Checkpoint string
	// Input is what [source.Open] takes: a folder, a zip, tar or tar.gz, a glob,
	// any of these under gs://, or a list of them.
	Input string
	// Output is a folder, a .zip or a .tar, local or under gs://.
	Output string
	// Batch is the number of pictures that go through the network at once.
	Batch int
	// Format is the format of coloured pictures.
	Format Format
	// Quality is that of JPEG output, in [1, 100]; of its chroma alone where the
	// luma of a JPEG is kept.
	Quality int
	// Strength scales the network's colour, in percent: 100 is all of it, 0 gray.
	Strength int
	// RenderSize is the side in pixels at which the network looks at a picture: 0
	// is its own, else it is a multiple of its downsampling factor in [32, 2048].
	// Less is faster, more makes colour follow finer things.
	RenderSize int
	// SkipColor leaves pictures that have colour alone: they get no coloured
	// picture. Otherwise they are coloured anew, from their luma.
	SkipColor bool
	// SideBySide writes the gray picture to the left of the coloured one.
	SideBySide bool
	// RecodeLuma decodes the luma of a JPEG and encodes it again even where it
	// could be kept as it is.
	RecodeLuma bool
	// Prefix and Suffix go around the names of coloured pictures, without their
	// extension.
	Prefix, Suffix string
	// Limit takes only so many pictures from the beginning of the listing, and
	// Sample only so many from all over it, the same ones each time; of the first
	// Limit pictures where both are given. 0 takes all. They are no settings of the
	// job: the next run may take others, or all.
	Limit, Sample int
	// RetryRejects tries the pictures again that an earlier run rejected for good.
	// Those rejected for what may pass are always tried again.
	RetryRejects bool
	// Watch, where not 0, is for how long a file must stay as it is before it is
	// coloured; see [Watcher]. [Run] then goes on until its context ends.
	Watch time.Duration
	// Watched, where not nil, is called after each round of a watch.
	Watched func(Round)
	// MetricsAddr, where not empty, is the address on loopback at which [Run] serves
	// what [telemetry.Serve] does, such as "127.0.0.1:9090".
	MetricsAddr string
	// Serving, where not nil, is told the address in use.
	Serving func(addr string)
	// Backend is "auto", "xla:cuda", "xla:cpu" or "go".
	Backend string
	// Precision is what the network computes with: "float32", "tf32", "bfloat16", or
	// "auto" or nothing for the backend's own. It is a part of the model's hash.
	Precision model.Precision
	// Workers is the number of pictures decoded and encoded at once in a process; 0
	// is as many as its machine has processors.
	Workers int
	// MemoryBudget bounds the bytes that pictures in work may take.
	MemoryBudget int64
	// Limits bound what is decoded at all.
	Limits pixel.Limits
	// Overwrite allows replacing files that this job has not written, and
	// continuing in an output made with another model or other settings.
	Overwrite bool
	// Runner is a Beam runner's name, and Remote says how a job elsewhere is handed
	// over. With Remote.Detach [Run] ends with a [runner.DetachedError].
	Runner string
	Remote runner.Remote
	// ToolVersion is recorded in the report.
	ToolVersion string
	// Progress, where not nil, is called now and then with how many pictures are
	// dealt with, how many there are and how many were rejected; calls do not
	// overlap.
	Progress func(progress.State)
}

// DefaultLimits are those of [DefaultOptions]: 200 megapixels, which scanners
// reach, and files of 1 GiB, which such scans take without compression.
func DefaultLimits() pixel.Limits { return pixel.Limits{MaxPixels: 200e6, MaxBytes: 1 << 30} }

// DefaultOptions returns options that lack only Input and Output. They take the
// model in the box.
func DefaultOptions() Options {
	return Options{
		Model:        builtin.Name,
		Batch:        inference.DefaultBatch,
		Format:       FormatSame,
		Quality:      inference.DefaultQuality,
		Strength:     inference.DefaultStrength,
		Backend:      model.BackendAuto,
		Precision:    model.PrecisionAuto,
		MemoryBudget: inference.DefaultMemoryBudget,
		Limits:       DefaultLimits(),
		Runner:       runner.Default,
	}
}

// Validate returns everything that is wrong with o, before any file is touched.
func (o Options) Validate() error {
	problems := []error{o.validateCommon(), o.naming().validate()}
	if o.Input == "" {
		problems = append(problems, errors.New("input must name a folder, an archive, a glob or a list, got an empty path"))
	}
	if o.Output == "" {
		problems = append(problems, errors.New("output must name a folder, a .zip or a .tar, got an empty path"))
	}
	if o.Limit < 0 {
		problems = append(problems, fmt.Errorf("limit must be at least 0, got %d", o.Limit))
	}
	if o.Sample < 0 || o.Sample > maxSample {
		problems = append(problems, fmt.Errorf("sample must be in [0, %d], got %d", maxSample, o.Sample))
	}
	if o.MetricsAddr != "" {
		problems = append(problems, telemetry.Validate(o.MetricsAddr))
	}
	if l, err := newLayout(o.Output); err == nil && o.Output != "" && l.archive() && o.Remote.Detach {
		problems = append(problems, fmt.Errorf(
			"output must be a folder or a prefix with -detach, got %q: this process joins an archive's parts in the end", o.Output))
	}
	return errors.Join(append(problems, o.runnerJob().Validate(), o.validateWatch())...)
}

// validateCommon checks what [Run] and [ColorizeFile] share.
func (o Options) validateCommon() error {
	return errors.Join(o.Format.Validate(), o.settings().Validate(), model.ValidateCheckpoint(o.Checkpoint))
}

func (o Options) naming() naming { return naming{Format: o.Format, Prefix: o.Prefix, Suffix: o.Suffix} }

func (o Options) settings() inference.Settings {
	return inference.Settings{
		Model: o.Model, Checkpoint: o.Checkpoint, Backend: o.Backend, Precision: o.Precision, Batch: o.Batch, Quality: o.Quality,
		Strength: o.Strength, RenderSize: o.RenderSize, SkipColor: o.SkipColor, SideBySide: o.SideBySide, RecodeLuma: o.RecodeLuma,
		Workers: o.Workers, MemoryBudget: o.MemoryBudget, Limits: o.Limits,
	}
}

// modelName names the model for readers of the records: a path or URL that is so
// from anywhere, or the model in the box.
func (o Options) modelName() string {
	if o.Model == builtin.Name || gcs.IsURL(o.Model) {
		return o.Model
	}
	if path, err := filepath.Abs(o.Model); err == nil {
		return path
	}
	return o.Model
}
