// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func trainCommand() command {
	return command{
		name:     "train",
		synopsis: "-recipe NAME -data DST -output RUN [flags]",
		summary:  "train a network on prepared shards",
		examples: []string{
			"chromabeam train -recipe 6.1 -data data/pokemon -output runs/baseline",
			"chromabeam train -recipe 6.1 -set l1_weight=10 -data data/faces -output runs/a",
			"chromabeam train -recipe 6.1 -data data/pokemon -output runs/baseline -resume",
		},
		define: defineTrain,
	}
}

func defineTrain(fs *flagSet) func(context.Context, terminal, []string) error {
	o := train.Options{ToolVersion: toolVersion()}
	var recipe, backend string
	var settings settingList
	fs.StringVar(&recipe, "recipe", "", "recipe to follow; see chromabeam recipes, `NAME`")
	fs.StringVar(&o.Data, "data", "", "prepared data set, `DST`")
	fs.StringVar(&o.Output, "output", "", "folder for the run, `RUN`")
	fs.Var(&settings, "set", "change a value of the recipe, `key=value`; may be given again")
	smoke := fs.Bool("smoke", false, "shrink the recipe to a trial of seconds")
	fs.StringVar(&backend, "backend", "auto", backendUsage)
	fs.BoolVar(&o.Resume, "resume", false, "go on with the run in the output folder")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace whatever the output folder holds")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("recipe", "data", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		r, err := buildRecipe(recipe, settings, *smoke)
		if err != nil {
			return err
		}
		o.Recipe = r
		return runTrain(ctx, term, o, backend, *asJSON)
	}
}

// buildRecipe finds a recipe and applies -smoke and then the -set values, so
// that a trial can still be given a value of its own.
func buildRecipe(name string, settings []string, smoke bool) (recipes.Recipe, error) {
	r, err := recipes.Find(name)
	if err != nil {
		return r, fault.AsRequest(err)
	}
	if smoke {
		r = r.Smoke()
	}
	var problems []error
	for _, s := range settings {
		key, value, found := strings.Cut(s, "=")
		if !found {
			problems = append(problems, fmt.Errorf("-set takes key=value, got %q", s))
			continue
		}
		problems = append(problems, r.Set(key, value))
	}
	if err := errors.Join(problems...); err != nil {
		return r, fault.AsRequest(err)
	}
	return r, fault.AsRequest(r.Validate())
}

func runTrain(ctx context.Context, term terminal, o train.Options, backend string, asJSON bool) error {
	b, err := openBackend(term, backend)
	if err != nil {
		return err
	}
	defer b.Finalize()
	o.Backend = b
	show, end := term.progress("training", "pictures")
	o.Progress = func(p train.Progress) { show(p.Pictures, p.TotalPictures, progressNote(p)) }
	r, err := train.Run(ctx, o)
	end()
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(term.stderr, "saved; go on with -resume\n")
	}
	if err != nil {
		return err
	}
	fields := []field{{"status", r.Status}, {"epochs", r.Epochs}, {"steps", r.Steps}}
	if r.BestEpoch > 0 { // there is a validation split, and an epoch has ended
		fields = append(fields, field{"val_l1", fmt.Sprintf("%.4f", r.ValL1)}, field{"best_epoch", r.BestEpoch})
	}
	return term.result(asJSON, r, append(fields, field{"report", r.Report}, field{"output", o.Output})...)
}

func progressNote(p train.Progress) string {
	note := fmt.Sprintf("epoch %d/%d", p.Epoch, p.Epochs)
	if p.L1 > 0 { // known after the first log
		note += fmt.Sprintf(" L1 %.4f", p.L1)
	}
	return note
}

// settingList gathers the values of a flag that may be given several times.
type settingList []string

func (l *settingList) String() string { return strings.Join(*l, " ") }

func (l *settingList) Set(s string) error {
	*l = append(*l, s)
	return nil
}
