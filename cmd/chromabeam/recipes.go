// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func recipesCommand() command {
	return command{
		name:     "recipes",
		synopsis: "[list | show NAME] [-json]",
		summary:  "list the training recipes, or show one with its hypothesis",
		examples: []string{"chromabeam recipes", "chromabeam recipes show 6.1"},
		define:   defineRecipes,
	}
}

func defineRecipes(fs *flagSet) func(context.Context, terminal, []string) error {
	asJSON := fs.Bool("json", false, "print JSON")
	return func(_ context.Context, term terminal, args []string) error {
		switch {
		case len(args) == 0, len(args) == 1 && args[0] == "list":
			return listRecipes(term, *asJSON)
		case len(args) == 2 && args[0] == "show":
			return showRecipe(term, args[1], *asJSON)
		default:
			return fault.Request("recipes takes nothing, \"list\" or \"show NAME\", got %q", args)
		}
	}
}

func listRecipes(term terminal, asJSON bool) error {
	all := recipes.All()
	if asJSON {
		return term.result(true, all)
	}
	for _, r := range all {
		if _, err := fmt.Fprintf(term.stdout, "%-8s %s\n", r.Name, r.Title); err != nil {
			return err
		}
	}
	return nil
}

func showRecipe(term terminal, name string, asJSON bool) error {
	r, err := recipes.Find(name)
	if err != nil {
		return fault.AsRequest(err)
	}
	if asJSON {
		return term.result(true, r)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("printing recipe %q: %w", name, err)
	}
	_, err = fmt.Fprintf(term.stdout, "%s: %s\n\n%s\n%s\n\n%s\n", r.Name, r.Title,
		wrap("hypothesis: "+r.Hypothesis, ""), wrap("expected: "+r.Expected, ""), text)
	return err
}
