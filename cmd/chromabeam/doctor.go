// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/infra/plugin"
)

func doctorCommand() command {
	return command{
		name:     "doctor",
		synopsis: "[-json]",
		summary:  "say what this machine has: backends, devices, credentials",
		examples: []string{"chromabeam doctor"},
		define:   defineDoctor,
	}
}

func defineDoctor(fs *flagSet) func(context.Context, terminal, []string) error {
	asJSON := fs.Bool("json", false, "print the findings as JSON")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		findings := plugin.Check(ctx)
		if *asJSON {
			return term.result(true, findings)
		}
		for _, f := range findings {
			if _, err := fmt.Fprint(term.stdout, findingText(f)); err != nil {
				return err
			}
		}
		return nil
	}
}

// findingIndent is where a finding's text begins.
const findingIndent = "                  "

// findingText sets a finding as a mark, its name and an indented text.
func findingText(f plugin.Finding) string {
	mark := "ok"
	if !f.OK {
		mark = "--"
	}
	head := fmt.Sprintf("%-*s", len(findingIndent), mark+"  "+f.Name)
	text := head + strings.TrimPrefix(wrap(f.Detail, findingIndent), findingIndent)
	if f.Fix != "" {
		text += wrap("to have it: "+f.Fix, findingIndent)
	}
	return text
}
