// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func prepareCommand() command {
	return command{
		name:     "prepare",
		synopsis: "-input SRC -output DST [flags]",
		summary:  "turn a collection of pictures into paired gray and colour shards",
		examples: []string{
			"chromabeam prepare -preset pokemon -input pokemon.zip -output data/pokemon",
			"chromabeam prepare -size 128 -input photos/ -output data/photos",
			"chromabeam prepare -size 256 -input gs://scans/2024 -output gs://sets/scans",
			"chromabeam prepare -size 128 -input photos/ -output data/photos -extend",
		},
		define: definePrepare,
	}
}

func definePrepare(fs *flagSet) func(context.Context, terminal, []string) error {
	options := prepareFlags(fs)
	var r runnerChoice
	dryRun := fs.Bool("dry-run", false, "write nothing: count the input's pictures and the shards that they make, "+
		"and with a runner elsewhere show what it would be handed over")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	runnerFlags(fs, &r.name, &r.remote)
	fs.require("input", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		o, err := options()
		if err != nil {
			return fault.AsRequest(err)
		}
		o.Runner, o.Remote, o.ToolVersion = r.name, r.remote, toolVersion()
		if *dryRun {
			return dryPrepare(ctx, term, o, *asJSON)
		}
		return runPrepare(ctx, term, o, *asJSON)
	}
}

func runPrepare(ctx context.Context, term terminal, o prepare.Options, asJSON bool) error {
	show, end := term.progress("preparing", "pictures")
	o.Progress = func(done, total int64) { show(done, total, "") }
	s, err := prepare.Run(ctx, o)
	end()
	if err != nil {
		return term.detached(asJSON, o.Output, err)
	}
	err = term.result(asJSON, s,
		field{"pictures", s.Samples()}, field{"train", s.Train}, field{"val", s.Val}, field{"test", s.Test},
		field{"duplicates", s.Duplicates}, field{"filtered", s.Filtered}, field{"rejects", s.Rejects}, field{"shards", s.Shards},
		field{"reused", s.ReusedShards}, field{"output", o.Output})
	if err == nil && s.Rejects > 0 {
		err = &rejectsError{count: s.Rejects, where: strings.TrimSuffix(o.Output, "/") + "/rejects.jsonl"}
	}
	return err
}

func dryPrepare(ctx context.Context, term terminal, o prepare.Options, asJSON bool) error {
	f, err := prepare.DryRun(ctx, o)
	if err != nil {
		return err
	}
	if !asJSON {
		term.submission(f.Submission)
	}
	return term.result(asJSON, f,
		field{"pictures", f.Pictures}, field{"bytes", f.Bytes}, field{"train_shards", f.Train}, field{"val_shards", f.Val},
		field{"test_shards", f.Test}, field{"begun", f.Begun}, field{"output", o.Output})
}

func noArguments(args []string) error {
	if len(args) > 0 {
		return fault.Request("unexpected argument %q", args[0])
	}
	return nil
}
