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
		summary:  "train a network, or all networks of a sweep, on prepared shards",
		examples: []string{
			"chromabeam train -recipe 6.1 -data data/pokemon -output runs/6.1",
			"chromabeam train -recipe 6.7 -data data/pokemon -output runs/6.7",
			"chromabeam train -recipe 6.7 -only l1_weight=25 -data data/a -output runs/a",
			"chromabeam train -recipe 6.6 -set size=64 -data data/faces -output runs/b",
			"chromabeam train -recipe photos -data data/mine -output runs/c",
			"chromabeam train -recipe photos -init runs/c -data data/more -output runs/d",
			"chromabeam train -recipe 6.1 -data data/pokemon -output runs/6.1 -resume",
		},
		define: defineTrain,
	}
}

// trainFlags are what a training is asked for with.
type trainFlags struct {
	train.Options
	recipe, only, backend, feed string
	precision                   string
	settings                    settingList
	smoke, asJSON               bool
}

func defineTrain(fs *flagSet) func(context.Context, terminal, []string) error {
	f := trainFlags{Options: train.Options{ToolVersion: toolVersion()}}
	fs.StringVar(&f.recipe, "recipe", "", "recipe to follow; see chromabeam recipes, `NAME`")
	fs.StringVar(&f.Data, "data", "", "prepared data set, a folder or gs://, `DST`")
	fs.StringVar(&f.Output, "output", "", "folder for the run, or for the runs of a sweep, `RUN`")
	fs.Var(&f.settings, "set", "change a value of the recipe, `key=value`; may be given again; size takes num_downs along")
	fs.StringVar(&f.only, "only", "", "train this run of a sweep alone, `key=value`")
	fs.BoolVar(&f.smoke, "smoke", false, "shrink the recipe to a trial of seconds, on pictures of 64 px")
	fs.StringVar(&f.Init, "init", "", "start from the generator of another run, `RUN`")
	fs.IntVar(&f.KeepCheckpoints, "keep", 2, "keep the last `N` checkpoints, beside the best")
	fs.StringVar(&f.feed, "feed", string(train.FeedAuto),
		"where pictures are kept: device, stream, or auto: the device where they fit")
	fs.StringVar(&f.backend, "backend", "auto", backendUsage)
	fs.StringVar(&f.precision, "precision", "auto", precisionUsage)
	fs.BoolVar(&f.Resume, "resume", false, "go on with what the output folder holds")
	fs.BoolVar(&f.Overwrite, "overwrite", false, "replace whatever the output folder holds")
	fs.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	fs.require("recipe", "data", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		f.Feed = train.FeedMode(f.feed)
		e, err := buildExperiment(term, f)
		if err != nil {
			return err
		}
		f.Recipe = e.Runs()[0].Recipe // the others' own rules are the experiment's, and hold
		if err := f.checkFlags(); err != nil {
			return fault.AsRequest(err)
		}
		return runTrain(ctx, term, f, e)
	}
}

// checkFlags finds what can be refused before a backend is opened.
func (f trainFlags) checkFlags() error {
	var keep error
	if f.KeepCheckpoints < 1 {
		keep = fmt.Errorf("-keep must be at least 1, got %d", f.KeepCheckpoints)
	}
	return errors.Join(f.ValidateRequest(), keep)
}

// buildExperiment finds a recipe and applies -smoke and then the -set values, so
// that a trial can still be given a value of its own.
func buildExperiment(term terminal, f trainFlags) (recipes.Experiment, error) {
	e, err := recipes.FindExperiment(f.recipe)
	if err != nil {
		return e, fault.AsRequest(err)
	}
	original := e.Recipe
	if f.smoke {
		e = e.Smoke()
	}
	if e, err = e.Apply(f.settings...); err != nil {
		return e, fault.AsRequest(err)
	}
	if err := e.Validate(); err != nil {
		return e, fault.AsRequest(err)
	}
	if e.Size != original.Size { // more changes than was asked for in words
		fmt.Fprintf(term.stderr, "recipe %s at %d px:\n", f.recipe, e.Size)
		for _, line := range recipes.Changes(original, e.Recipe) {
			fmt.Fprint(term.stderr, wrap(line, "  "))
		}
	}
	if f.only != "" {
		if _, err := e.Only(f.only); err != nil {
			return e, fault.AsRequest(err)
		}
	}
	return e, nil
}

func runTrain(ctx context.Context, term terminal, f trainFlags, e recipes.Experiment) error {
	b, err := openBackendWith(term, f.backend, f.precision)
	if err != nil {
		return err
	}
	defer b.Finalize()
	f.Backend = b
	f.Note = func(text string) { fmt.Fprintln(term.stderr, text) }
	if e.Sweep() {
		return runSweep(ctx, term, f, e)
	}
	show, end := term.progress("training", "pictures")
	f.Progress = func(p train.Progress) { show(p.Pictures, p.TotalPictures, progressNote(p)) }
	r, err := train.Run(ctx, f.Options)
	end()
	if err := sayInterrupted(term, err); err != nil {
		return err
	}
	fields := []field{{"status", r.Status}, {"epochs", r.Epochs}, {"steps", r.Steps}}
	if r.Validation != nil {
		fields = append(fields, field{"val_l1", fmt.Sprintf("%.4f", r.ValL1)}, field{"best_epoch", r.BestEpoch})
	}
	return term.result(f.asJSON, r, append(fields, field{"report", r.Report}, field{"output", f.Output})...)
}

// sayInterrupted tells how to go on.
func sayInterrupted(term terminal, err error) error {
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(term.stderr, "saved; go on with -resume\n")
	}
	return err
}

func progressNote(p train.Progress) string {
	note := fmt.Sprintf("epoch %d/%d", p.Epoch, p.Epochs)
	if p.Stage != recipes.StageGenerator {
		note += " " + string(p.Stage)
	}
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
