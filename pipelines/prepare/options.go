// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"path"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms"
	"github.com/chromabeam/chromabeam/transforms/gcs"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// DefaultValPercent is the share of pictures for validation when the command
// line names none. Training needs some to tell learning from memorising; there
// is no test split unless asked for.
const DefaultValPercent = 5

// remoteReaders is the default number of pictures read at once from a bucket,
// where a read is mostly waiting.
const remoteReaders = 32

// Options says what to prepare. Zero values take the default named at each
// field.
type Options struct {
	// Input is where the pictures are, anything that source.Open takes: a
	// folder, a glob, a zip, tar or tar.gz archive, a list of those, here or in
	// a bucket.
	Input string
	// Output is the data set's folder, here or gs://BUCKET/PREFIX; it is made
	// if need be. One that holds anything but an earlier run of the same job is
	// refused unless Overwrite or Extend is set.
	Output string
	Preset Preset // PresetNone if empty
	// Select says which pictures of the input to take.
	Select Selection
	// Size is the side of the square pictures in pixels, in [8, 4096]; 0 takes
	// the preset's.
	Size int
	// Sharding says how many shards there are.
	Sharding Sharding
	// ValPercent and TestPercent are the shares, in percent, of the validation
	// and test split; the rest is for training.
	ValPercent, TestPercent float64
	// Seed is mixed into the content hash that decides about the split.
	Seed   uint64
	Fit    pixel.Fit    // pixel.FitCrop if empty
	Filter pixel.Filter // pixel.FilterLanczos if empty
	// Background is what transparent parts are composited on; white if nil.
	Background *pixel.Color
	Formula    pixel.Formula // pixel.Formula601 if empty
	Limits     pixel.Limits  // pixel.DefaultLimits() if zero
	// MinSide leaves out pictures whose shorter side has fewer pixels,
	// MinColorfulness those whose colours measure less (see
	// [pixel.Colorfulness]; photographs have 20 to 80, gray pictures 0).
	MinSide         int
	MinColorfulness float64
	// NearDistance leaves out pictures whose perceptual hash differs in at most
	// so many of 64 bits from that of another one, in [1, 10]; 0 keeps them.
	// Every picture is decoded once more for it; see [plan.Merger.FindNear] for
	// the rest of what it costs.
	NearDistance int
	// Workers is the number of pictures worked on at once in a process; 0
	// is as many as its machine has processors.
	Workers int
	// Readers is the number of pictures read at once in a process; 0 takes as
	// many as there are workers, or 32 where the input is in a bucket or a list,
	// which may name one.
	Readers int
	// MemoryBudget bounds the bytes that pictures in work may take in a
	// process, at least 1 MiB; 0 takes [transforms.DefaultMemoryBudget]. A
	// picture that alone needs more is worked on alone. The encoded files that
	// wait for their turn come on top.
	MemoryBudget int64
	// Overwrite replaces the data set in Output, whatever made it. Files of
	// other kinds are left alone unless a file of the data set takes their
	// name.
	Overwrite bool
	// Extend adds what the input holds beyond the data set in Output, as new
	// shards. The shards that are there stay as they are, also where the input
	// has lost or changed pictures since.
	Extend bool
	Runner string // runner.Default if empty
	// Remote says how a job elsewhere is handed over. With Remote.Detach [Run] ends
	// with a [runner.DetachedError] after each pass that has something to do.
	Remote runner.Remote
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
	if o.Filter == "" {
		o.Filter = pixel.FilterLanczos
	}
	if o.Background == nil {
		white := pixel.White()
		o.Background = &white
	}
	if o.Formula == "" {
		o.Formula = pixel.Formula601
	}
	if o.Limits == (pixel.Limits{}) {
		o.Limits = pixel.DefaultLimits()
	}
	if o.Readers == 0 && (gcs.IsURL(o.Input) || isList(o.Input)) {
		o.Readers = max(o.Workers, remoteReaders)
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

// runnerJob is a pass as runners see it.
func (o Options) runnerJob(pass string) runner.Job {
	return runner.Job{
		Name: pass, Runner: o.Runner, Remote: o.Remote,
		Places: []runner.Place{{Option: "input", Path: o.Input}, {Option: "output", Path: o.Output}},
	}
}

// whole returns the options with places that are so from anywhere, where workers
// have another working directory.
func (o Options) whole() Options {
	o.Input, o.Output = runner.Whole(o.Runner, o.Input), runner.Whole(o.Runner, o.Output)
	return o
}

// isList reports whether the input's name is that of a list.
func isList(input string) bool {
	switch strings.ToLower(path.Ext(input)) {
	case ".txt", ".jsonl":
		return true
	}
	return false
}

// parallel says what a process may do at once.
func (o Options) parallel() transforms.Parallel {
	return transforms.Parallel{Workers: o.Workers, Readers: o.Readers, MemoryBudget: o.MemoryBudget}
}

// pair says how pictures become pairs.
func (o Options) pair() transforms.PairSettings {
	return transforms.PairSettings{
		Size: o.Size, Fit: o.Fit, Filter: o.Filter, Background: *o.Background, Formula: o.Formula,
		Limits: o.Limits, MinSide: o.MinSide, MinColorfulness: o.MinColorfulness,
	}
}
