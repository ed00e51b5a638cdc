// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/pipelines/bulk"
	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

func demoCommand() command {
	return command{
		name:     "demo",
		synopsis: "[-output DIR] [-backend B] [-overwrite]",
		summary:  "prepare, train, evaluate and colour an embedded sample",
		examples: []string{"chromabeam demo -output demo"},
		define:   defineDemo,
	}
}

func defineDemo(fs *flagSet) func(context.Context, terminal, []string) error {
	var d demo
	fs.StringVar(&d.output, "output", "demo", "folder for everything the demo makes, `DIR`")
	fs.StringVar(&d.backend, "backend", "auto", backendUsage)
	fs.BoolVar(&d.overwrite, "overwrite", false, "begin anew, whatever the folder holds")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		d.term = term
		return d.run(ctx, *asJSON)
	}
}

// demo runs the three flows one after the other in one folder.
type demo struct {
	output, backend string
	overwrite       bool
	term            terminal
	record          demoRecord
}

// demoRecord is what the steps found, for the page at the end.
type demoRecord struct {
	Prepared   prepare.Summary  `json:"prepared"`
	Trained    train.Result     `json:"trained"`
	Evaluation train.Evaluation `json:"evaluation"`
	Colored    bulk.Summary     `json:"colored"`
	Backend    string           `json:"backend"`
	Seconds    float64          `json:"seconds"`
	Page       string           `json:"page"`
}

func (d *demo) path(elements ...string) string {
	return filepath.Join(append([]string{d.output}, elements...)...)
}

func (d *demo) run(ctx context.Context, asJSON bool) error {
	start := time.Now()
	b, err := openBackend(d.term, d.backend)
	if err != nil {
		return err
	}
	defer b.Finalize()
	d.record.Backend = b.Name
	if err := d.claim(); err != nil {
		return err
	}
	if err := d.unpack(); err != nil {
		return err
	}
	steps := []struct {
		name string
		run  func(context.Context, *model.Backend) error
	}{
		{"prepare: pictures to shards", d.prepare},
		{"train: shards to a network", d.train},
		{"evaluate: pictures kept apart", d.evaluate},
		{"bulk: gray scans to colour", d.bulk},
	}
	for i, step := range steps {
		fmt.Fprintf(d.term.stderr, "\n%d/%d %s\n", i+1, len(steps), step.name)
		if err := step.run(ctx, b); err != nil {
			return fmt.Errorf("running the demo's %s: %w", step.name, err)
		}
	}
	d.record.Seconds = time.Since(start).Seconds()
	if err := d.writePage(); err != nil {
		return err
	}
	return d.term.result(asJSON, d.record,
		field{"seconds", fmt.Sprintf("%.0f", d.record.Seconds)}, field{"page", d.record.Page})
}

func (d *demo) prepare(ctx context.Context, _ *model.Backend) error {
	recipe, err := recipes.Find("demo")
	if err != nil {
		return err
	}
	o := prepare.Options{
		Input: d.path("faces.zip"), Output: d.path("data"), Preset: prepare.PresetAnimeFaces, Size: recipe.Size,
		Fit: pixel.FitCrop, ValPercent: 15, Seed: 1, Limits: pixel.DefaultLimits(), Workers: 2,
		Runner: runner.Default, ToolVersion: toolVersion(), Overwrite: d.overwrite,
	}
	show, end := d.term.progress("preparing", "pictures")
	o.Progress = func(done, total int64) { show(done, total, "") }
	d.record.Prepared, err = prepare.Run(ctx, o)
	end()
	return err
}

func (d *demo) train(ctx context.Context, b *model.Backend) error {
	recipe, err := recipes.Find("demo")
	if err != nil {
		return err
	}
	o := train.Options{
		Recipe: recipe, Data: d.path("data"), Output: d.path("run"), Backend: b, ToolVersion: toolVersion(),
		Resume: !d.overwrite, Overwrite: d.overwrite,
	}
	show, end := d.term.progress("training", "pictures")
	o.Progress = func(p train.Progress) { show(p.Pictures, p.TotalPictures, progressNote(p)) }
	d.record.Trained, err = train.Run(ctx, o)
	end()
	return err
}

func (d *demo) evaluate(ctx context.Context, b *model.Backend) (err error) {
	d.record.Evaluation, err = train.Evaluate(ctx, train.EvaluateOptions{
		Model: d.path("run"), Data: d.path("data"), Split: "val", Checkpoint: "best", Batch: 8, Backend: b,
	})
	return err
}

func (d *demo) bulk(ctx context.Context, b *model.Backend) (err error) {
	o := bulk.DefaultOptions()
	o.Model, o.Input, o.Output, o.Backend = d.path("run"), d.path("scans"), d.path("coloured"), b.Name
	o.ToolVersion, o.Overwrite = toolVersion(), d.overwrite
	show, end := d.term.progress("colouring", "pictures")
	o.Progress = func(p progress.State) { show(p.Done, p.Total, rejected(p.Rejects)) }
	d.record.Colored, err = bulk.Run(ctx, o)
	end()
	return err
}
