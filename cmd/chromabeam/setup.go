// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/chromabeam/chromabeam/infra/plugin"
)

func setupCommand() command {
	return command{
		name:     "setup",
		synopsis: "[-backend cpu|cuda]",
		summary:  "install the XLA plugin that makes training and colouring fast",
		examples: []string{"chromabeam setup", "chromabeam setup -backend cuda"},
		define:   defineSetup,
	}
}

func defineSetup(fs *flagSet) func(context.Context, terminal, []string) error {
	kind := fs.String("backend", "cpu", "plugin to install: cpu or cuda")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		show, end := term.progress("fetching the "+*kind+" plugin", "bytes")
		installed, err := plugin.Install(ctx, plugin.Options{
			Kind:     plugin.Kind(*kind),
			Progress: func(done, total int64) { show(done, total, "") },
		})
		end()
		if err != nil {
			return err
		}
		return term.result(*asJSON, installed,
			field{"plugin", installed.Path}, field{"source", installed.Source}, field{"fresh", installed.Fresh})
	}
}
