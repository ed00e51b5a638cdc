// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
)

func bulkCommand() command {
	return command{
		name:     "bulk",
		synopsis: "-model RUN -input SRC -output DST [flags]",
		summary:  "colour a whole folder, archive or list of pictures",
		examples: []string{
			"chromabeam bulk -model runs/demo -input scans/ -output coloured/",
			"chromabeam bulk -model runs/demo -input in.zip -output out.zip -format jpeg",
			"chromabeam bulk -model runs/demo -input gs://scans/2024.tar -output coloured/",
		},
		define: defineBulk,
	}
}

func defineBulk(fs *flagSet) func(context.Context, terminal, []string) error {
	o := bulk.DefaultOptions()
	o.ToolVersion = toolVersion()
	fs.StringVar(&o.Input, "input", "",
		"where the pictures are, `SRC`: a folder, a glob, a zip, tar or tar.gz archive, a .txt or .jsonl list of those, "+
			"or any of it at gs://")
	fs.StringVar(&o.Output, "output", "", "folder or .zip for the coloured pictures, `DST`")
	modelFlags(fs, &o)
	fs.IntVar(&o.Batch, "batch", o.Batch, "pictures that go through the network at once")
	fs.IntVar(&o.Workers, "workers", o.Workers, "pictures decoded and encoded at once")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace files that this job has not written itself")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	runnerFlags(fs, &o.Runner)
	fs.require("model", "input", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		return runBulk(ctx, term, o, *asJSON)
	}
}

// modelFlags adds the flags that colorize and bulk share.
func modelFlags(fs *flagSet, o *bulk.Options) {
	fs.StringVar(&o.Model, "model", "", "run folder of the trained network, `RUN`")
	fs.StringVar(&o.Checkpoint, "checkpoint", o.Checkpoint, "which of its weights: last, best, or ema for the moving average")
	fs.StringVar(&o.Backend, "backend", o.Backend, backendUsage)
	fs.Func("format", "format of the coloured pictures: same, jpeg or png (default same)", func(s string) error {
		o.Format = bulk.Format(s)
		return o.Format.Validate()
	})
	fs.IntVar(&o.Quality, "quality", o.Quality, "JPEG quality, 1 to 100")
	fs.Int64Var(&o.Limits.MaxPixels, "max-pixels", o.Limits.MaxPixels, "pictures with more pixels are rejected")
}

func runBulk(ctx context.Context, term terminal, o bulk.Options, asJSON bool) error {
	show, end := term.progress("colouring", "pictures")
	o.Progress = func(done, total int64) { show(done, total, "") }
	s, err := bulk.Run(ctx, o)
	end()
	if err != nil {
		return err
	}
	err = term.result(asJSON, s,
		field{"pictures", s.Pictures}, field{"colored", s.Colored}, field{"skipped", s.Skipped},
		field{"rejects", s.Rejects}, field{"report", s.Report}, field{"output", o.Output})
	if err == nil && s.Rejects > 0 {
		err = &rejectsError{count: s.Rejects, where: s.Report}
	}
	return err
}
