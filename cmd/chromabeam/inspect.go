// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

func inspectCommand() command {
	return command{
		name:     "inspect",
		synopsis: "DST [-json]",
		summary:  "verify every shard of a data set and count what it holds",
		examples: []string{"chromabeam inspect data/pokemon"},
		define:   defineInspect,
	}
}

func defineInspect(fs *flagSet) func(context.Context, terminal, []string) error {
	asJSON := fs.Bool("json", false, "print the report as JSON")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) != 1 {
			return fault.Request("inspect takes one data set, got %d arguments", len(args))
		}
		r, err := shard.Verify(ctx, args[0])
		if err != nil {
			return err
		}
		for _, problem := range r.Problems {
			fmt.Fprintln(term.stderr, problem)
		}
		if err := term.result(*asJSON, r,
			field{"pictures", r.Samples}, field{"shards", r.Shards}, field{"bytes", r.Bytes},
			field{"rejects", r.Info.Rejects}, field{"problems", len(r.Problems)}, field{"manifest", r.Info.ManifestSHA256}); err != nil {
			return err
		}
		if len(r.Problems) > 0 {
			return fmt.Errorf("verifying %q: %d problems", args[0], len(r.Problems))
		}
		return nil
	}
}
