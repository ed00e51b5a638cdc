// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func evaluateCommand() command {
	return command{
		name:     "evaluate",
		synopsis: "-model RUN -data DST [flags]",
		summary:  "measure a trained network on a data set",
		examples: []string{
			"chromabeam evaluate -model runs/demo -data data/faces -split val",
			"chromabeam evaluate -model runs/demo -data data/faces -csv a.csv -grid a.png",
		},
		define: defineEvaluate,
	}
}

func defineEvaluate(fs *flagSet) func(context.Context, terminal, []string) error {
	var o train.EvaluateOptions
	var backend, precision, csv, grid string
	fs.StringVar(&o.Model, "model", "", modelUsage)
	fs.StringVar(&o.Data, "data", "", "prepared data set, a folder or gs://, `DST`")
	fs.StringVar(&o.Split, "split", "val", "part of the data set: train, val or test")
	fs.StringVar(&o.Checkpoint, "checkpoint", "",
		"which weights of a run folder: last, best, or ema for the moving average; best if there is one when not given")
	fs.IntVar(&o.Batch, "batch", 8, "pictures that go through the network at once")
	fs.StringVar(&csv, "csv", "", "write the scores of each picture to a table, `FILE`")
	fs.StringVar(&grid, "grid", "", "write the split's first pictures, gray, generated and true, to a PNG, `FILE`")
	pictures := fs.Int("grid-pictures", 8, "pictures in the grid")
	fs.StringVar(&backend, "backend", "auto", backendUsage)
	fs.StringVar(&precision, "precision", "auto", precisionUsage)
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("model", "data")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		o.PerPicture = csv != ""
		if grid != "" {
			if *pictures < 1 {
				return fault.Request("-grid-pictures must be at least 1, got %d", *pictures)
			}
			o.Grid = *pictures
		}
		if err := o.ValidateRequest(); err != nil {
			return fault.AsRequest(err)
		}
		b, err := openBackendWith(term, backend, precision)
		if err != nil {
			return err
		}
		defer b.Finalize()
		o.Backend = b
		show, end := term.progress("evaluating", "pictures")
		o.Progress = func(done, total int64) { show(done, total, "") }
		e, err := train.Evaluate(ctx, o)
		end()
		if err != nil {
			return err
		}
		if err := writeEvaluation(e, csv, grid); err != nil {
			return err
		}
		e.Items = nil // they are in the table
		return printEvaluation(term, e, *asJSON)
	}
}

// writeEvaluation writes the files that were asked for.
func writeEvaluation(e train.Evaluation, csv, grid string) error {
	if csv != "" {
		err := store.PublishFile(filepath.Dir(csv), filepath.Base(csv), func(w io.Writer) error { return train.WriteCSV(w, e.Items) })
		if err != nil {
			return err
		}
	}
	if grid != "" {
		return store.PublishFile(filepath.Dir(grid), filepath.Base(grid), func(w io.Writer) error { return pixel.EncodePNG(w, e.Grid) })
	}
	return nil
}

// printEvaluation prints a table and, as its last line, the result.
func printEvaluation(term terminal, e train.Evaluation, asJSON bool) error {
	outputs := []struct {
		name, title string
		values      pixel.Quality
	}{{"raw", "network alone", e.Raw}, {"recombined", "with own luma", e.Recombined}, {"gray", "left gray", e.Gray}}
	var table strings.Builder
	fmt.Fprintf(&table, "%-13s %8s %8s %7s %9s %13s\n", "output", "L1", "PSNR", "SSIM", "CIEDE2000", "colourfulness")
	fields := []field{{"pictures", e.Pictures}, {"mode", e.Mode}}
	for _, m := range outputs {
		q := m.values
		fmt.Fprintf(&table, "%-13s %8.4f %8.2f %7.4f %9.2f %13.1f\n", m.title, q.L1, q.PSNR, q.SSIM, q.CIEDE2000, q.Colorfulness)
		fields = append(fields,
			field{m.name + "_l1", fmt.Sprintf("%.4f", q.L1)},
			field{m.name + "_psnr", fmt.Sprintf("%.2f", q.PSNR)},
			field{m.name + "_ssim", fmt.Sprintf("%.4f", q.SSIM)},
			field{m.name + "_ciede2000", fmt.Sprintf("%.2f", q.CIEDE2000)},
			field{m.name + "_colorfulness", fmt.Sprintf("%.1f", q.Colorfulness)})
	}
	fmt.Fprintf(&table, "%-13s %8s %8s %7s %9s %13.1f\n", "true pictures", "", "", "", "", e.TrueColorfulness)
	if !asJSON {
		if _, err := fmt.Fprint(term.stdout, table.String()); err != nil {
			return err
		}
	}
	return term.result(asJSON, e, fields...)
}
