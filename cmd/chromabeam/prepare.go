// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

func prepareCommand() command {
	return command{
		name:     "prepare",
		synopsis: "-input SRC -output DST [flags]",
		summary:  "turn a collection of pictures into paired gray and colour shards",
		examples: []string{
			"chromabeam prepare -preset pokemon -input pokemon.zip -output data/pokemon",
			"chromabeam prepare -size 128 -input photos/ -output data/photos",
		},
		define: definePrepare,
	}
}

func definePrepare(fs *flagSet) func(context.Context, terminal, []string) error {
	limits := pixel.DefaultLimits()
	o := prepare.Options{Limits: limits}
	var preset, fit string
	fs.StringVar(&o.Input, "input", "", "folder or zip with the pictures, `SRC`")
	fs.StringVar(&o.Output, "output", "", "folder for the shards, `DST`")
	fs.StringVar(&preset, "preset", string(prepare.PresetNone), "collection to expect: pokemon, anime-faces or none")
	fs.IntVar(&o.Size, "size", 0, "side of the prepared pictures in pixels; 0 takes the preset's")
	fs.StringVar(&fit, "fit", string(pixel.FitCrop), "how a picture becomes square: crop, pad or stretch")
	fs.IntVar(&o.Shards, "shards", 0, "number of training shards; 0 makes one for about 1,000 pictures")
	fs.Float64Var(&o.ValPercent, "val-percent", prepare.DefaultValPercent, "share of the pictures for validation")
	fs.Float64Var(&o.TestPercent, "test-percent", 0, "share of the pictures for testing")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the split")
	fs.Int64Var(&o.Limits.MaxPixels, "max-pixels", limits.MaxPixels, "pictures with more pixels are rejected")
	fs.IntVar(&o.Workers, "workers", runtime.NumCPU(), "pictures worked on at once")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace whatever the output folder holds")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	runnerFlags(fs, &o.Runner)
	fs.require("input", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		o.Preset, o.Fit, o.ToolVersion = prepare.Preset(preset), pixel.Fit(fit), toolVersion()
		return runPrepare(ctx, term, o, *asJSON)
	}
}

func runPrepare(ctx context.Context, term terminal, o prepare.Options, asJSON bool) error {
	show, end := term.progress("preparing", "pictures")
	o.Progress = func(done, total int64) { show(done, total, "") }
	s, err := prepare.Run(ctx, o)
	end()
	if err != nil {
		return err
	}
	err = term.result(asJSON, s,
		field{"pictures", s.Samples()}, field{"train", s.Train}, field{"val", s.Val}, field{"test", s.Test},
		field{"duplicates", s.Duplicates}, field{"rejects", s.Rejects}, field{"shards", s.Shards},
		field{"reused", s.ReusedShards}, field{"output", o.Output})
	if err == nil && s.Rejects > 0 {
		err = &rejectsError{count: s.Rejects, where: filepath.Join(o.Output, "rejects.jsonl")}
	}
	return err
}

// runnerFlags adds -runner and Beam's own flags.
func runnerFlags(fs *flagSet, name *string) {
	fs.StringVar(name, "runner", runner.Default, "Beam runner: "+strings.Join(runner.Names(), ", "))
	fs.beamFlags()
}

func noArguments(args []string) error {
	if len(args) > 0 {
		return fault.Request("unexpected argument %q", args[0])
	}
	return nil
}
