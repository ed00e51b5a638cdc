// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// DefaultValPercent is the share of pictures for validation when the command
// line names none. Training needs some to tell learning from memorising; there
// is no test split unless asked for.
const DefaultValPercent = 5

// The bounds of Options.
const (
	minSize   = 8
	maxSize   = 4096
	maxShards = 100_000
	// maxWorkers is far above what helps; more is a slip of the hand.
	maxWorkers = 1024
	// minMemoryBudget is a guard against a number of megabytes.
	minMemoryBudget = 1 << 20
)

// Options says what to prepare. Zero values take the default named at each
// field.
type Options struct {
	// Input is a folder, read recursively, or a zip archive.
	Input string
	// Output is the data set's folder; it is made if need be. One that holds
	// anything but an earlier run of the same job is refused unless Overwrite
	// is set.
	Output string
	Preset Preset // PresetNone if empty
	// Size is the side of the square pictures in pixels, in [8, 4096]; 0 takes
	// the preset's.
	Size int
	// Shards is the number of training shards; 0 makes one for about 1,000
	// pictures. The other splits get shards in proportion, at least one.
	// Shards that no picture falls into are not made.
	Shards int
	// ValPercent and TestPercent are the shares, in percent, of the validation
	// and test split; the rest is for training.
	ValPercent, TestPercent float64
	// Seed is mixed into the content hash that decides about the split.
	Seed   uint64
	Fit    pixel.Fit    // pixel.FitCrop if empty
	Limits pixel.Limits // pixel.DefaultLimits() if zero
	// Workers is the number of pictures worked on at once in a process; 0
	// takes the number of processors.
	Workers int
	// MemoryBudget bounds the bytes that pictures in work may take in a
	// process, at least 1 MiB; 0 takes [transforms.DefaultMemoryBudget]. A
	// picture that alone needs more is worked on alone. The encoded files that
	// wait for their turn, at most Workers, come on top.
	MemoryBudget int64
	// Overwrite replaces the data set in Output, whatever made it. Files of
	// other kinds are left alone unless a file of the data set takes their
	// name.
	Overwrite bool
	Runner    string // runner.Default if empty
	// ToolVersion and LicenseNote are recorded in the data set.
	ToolVersion, LicenseNote string
	// Progress, if set, is told several times a second how many pictures of a
	// pass are done: first of hashing, then from 0 again of writing.
	Progress func(done, total int64)
}

const defaultLicenseNote = "Not stated. The terms of the collection that the pictures come from apply."

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	if o.Preset == "" {
		o.Preset = PresetNone
	}
	if o.Size == 0 {
		o.Size = o.Preset.size()
	}
	if o.Fit == "" {
		o.Fit = pixel.FitCrop
	}
	if o.Limits == (pixel.Limits{}) {
		o.Limits = pixel.DefaultLimits()
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MemoryBudget == 0 {
		o.MemoryBudget = transforms.DefaultMemoryBudget
	}
	if o.Runner == "" {
		o.Runner = runner.Default
	}
	if o.LicenseNote == "" {
		o.LicenseNote = defaultLicenseNote
	}
	return o
}

// Validate returns every problem of the options at once. It touches no file.
func (o Options) Validate() error {
	o = o.withDefaults()
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(o.Input != "", "input must be given")
	check(o.Output != "", "output must be given")
	problems = append(problems, o.Preset.validate())
	if o.Size == 0 && o.Preset.validate() == nil {
		check(false, "size must be given with preset %q", o.Preset)
	} else if o.Size != 0 {
		check(o.Size >= minSize && o.Size <= maxSize, "size must be in [%d, %d], got %d", minSize, maxSize, o.Size)
	}
	check(o.Shards >= 0 && o.Shards <= maxShards, "shards must be in [1, %d], or 0 for the default, got %d", maxShards, o.Shards)
	check(isPercent(o.ValPercent), "val-percent must be in [0, 100), got %v", o.ValPercent)
	check(isPercent(o.TestPercent), "test-percent must be in [0, 100), got %v", o.TestPercent)
	if isPercent(o.ValPercent) && isPercent(o.TestPercent) {
		check(o.ValPercent+o.TestPercent < 100, "val-percent and test-percent must leave something for training, got %v and %v",
			o.ValPercent, o.TestPercent)
	}
	problems = append(problems, o.Fit.Validate())
	check(o.Limits.MaxPixels > 0, "max-pixels must be positive, got %d", o.Limits.MaxPixels)
	check(o.Limits.MaxBytes > 0, "max-bytes must be positive, got %d", o.Limits.MaxBytes)
	check(o.Workers >= 1 && o.Workers <= maxWorkers, "workers must be in [1, %d], got %d", maxWorkers, o.Workers)
	check(o.MemoryBudget >= minMemoryBudget, "memory budget must be at least %d bytes, got %d", minMemoryBudget, o.MemoryBudget)
	problems = append(problems, runner.Validate(o.Runner))
	return errors.Join(problems...)
}

// isPercent is false for NaN too.
func isPercent(v float64) bool { return v >= 0 && v < 100 }
