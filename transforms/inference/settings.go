// SPDX-License-Identifier: Apache-2.0

package inference

import (
	"errors"
	"fmt"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/builtin"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Format is the format of coloured pictures.
type Format string

// The formats of coloured pictures.
const (
	// FormatSame keeps JPEG as JPEG and writes everything else as PNG.
	FormatSame Format = "same"
	// FormatJPEG writes JPEG, with chroma at half resolution.
	FormatJPEG Format = "jpeg"
	// FormatPNG writes PNG, without loss.
	FormatPNG Format = "png"
)

// Validate returns an error unless f is one of the three formats.
func (f Format) Validate() error {
	switch f {
	case FormatSame, FormatJPEG, FormatPNG:
		return nil
	default:
		return fmt.Errorf("format must be same, jpeg or png, got %q", string(f))
	}
}

// Defaults of the settings that have one.
const (
	DefaultQuality      = 90
	DefaultBatch        = 8
	DefaultStrength     = 100
	DefaultMemoryBudget = 512 << 20
)

// A render size lies within these, in pixels.
const (
	minRenderSize = 32
	maxRenderSize = 2048
)

// Settings names a model and how pictures go through it. It travels to workers
// as JSON and is the key under which a process keeps its [Engine].
type Settings struct {
	// Model is what [origin.Open] takes: a run folder or an exported file, which
	// every worker must have or which lies under gs://, or the name of the model in
	// the box, of which every worker opens its own. Checkpoint is as package model
	// names it, Backend "auto", "xla:cuda", "xla:cpu" or "go".
	Model      string `json:"model"`
	Checkpoint string `json:"checkpoint"`
	Backend    string `json:"backend"`
	// Precision is what the network computes with, as [model.OpenBackendWith] takes
	// it; empty is the backend's own.
	Precision model.Precision `json:"precision"`
	// Batch is the number of pictures that go through the network at once, at
	// least 1.
	Batch int `json:"batch"`
	// Quality is that of JPEG output, in [1, 100].
	Quality int `json:"quality"`
	// Strength scales the network's colour, in percent: 100 is all of it, 0 gray.
	Strength int `json:"strength"`
	// RenderSize is the side in pixels at which the network looks at a picture: 0
	// for that of its training, else a multiple of its downsampling factor in
	// [32, 2048]. More shows finer colour and takes longer.
	RenderSize int `json:"render_size"`
	// SkipColor leaves pictures alone that have colour already.
	SkipColor bool `json:"skip_color"`
	// SideBySide puts the gray picture to the left of the coloured one.
	SideBySide bool `json:"side_by_side"`
	// RecodeLuma decodes a JPEG's luma and encodes it anew, even where it could be
	// kept as it is.
	RecodeLuma bool `json:"recode_luma"`
	// Workers is the number of pictures decoded and encoded at once; 0 is as many as
	// the engine's machine has processors.
	Workers int `json:"workers"`
	// MemoryBudget bounds the bytes that pictures in work may take in this
	// process. A picture that alone needs more runs alone.
	MemoryBudget int64 `json:"memory_budget"`
	// Limits bound what is decoded at all.
	Limits pixel.Limits `json:"limits"`
}

// Validate returns everything that is wrong with s.
func (s Settings) Validate() error {
	var problems []error
	if s.Model == "" {
		problems = append(problems, fmt.Errorf("model must name a run folder, an exported file or %s, got an empty path", builtin.Name))
	}
	if s.Batch < 1 || s.Batch > 1024 {
		problems = append(problems, fmt.Errorf("batch must be in [1, 1024], got %d", s.Batch))
	}
	if s.Quality < 1 || s.Quality > 100 {
		problems = append(problems, fmt.Errorf("quality must be in [1, 100], got %d", s.Quality))
	}
	if s.Strength < 0 || s.Strength > 100 {
		problems = append(problems, fmt.Errorf("strength must be in [0, 100], got %d", s.Strength))
	}
	if s.RenderSize != 0 && (s.RenderSize < minRenderSize || s.RenderSize > maxRenderSize) {
		problems = append(problems,
			fmt.Errorf("render size must be 0 or in [%d, %d], got %d", minRenderSize, maxRenderSize, s.RenderSize))
	}
	if s.Workers < 0 || s.Workers > 1024 {
		problems = append(problems, fmt.Errorf("workers must be in [0, 1024], got %d", s.Workers))
	}
	if s.MemoryBudget < 1<<20 {
		problems = append(problems, fmt.Errorf("memory budget must be at least 1048576 bytes, got %d", s.MemoryBudget))
	}
	if s.Limits.MaxPixels < 1 || s.Limits.MaxBytes < 1 {
		problems = append(problems,
			fmt.Errorf("limits must be positive, got %d pixels and %d bytes", s.Limits.MaxPixels, s.Limits.MaxBytes))
	}
	return errors.Join(problems...)
}
