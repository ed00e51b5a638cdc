// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/chromabeam/chromabeam/train"
)

func evaluateCommand() command {
	return command{
		name:     "evaluate",
		synopsis: "-model RUN -data DST [flags]",
		summary:  "measure a trained network on a data set",
		examples: []string{"chromabeam evaluate -model runs/demo -data data/faces -split val"},
		define:   defineEvaluate,
	}
}

func defineEvaluate(fs *flagSet) func(context.Context, terminal, []string) error {
	var o train.EvaluateOptions
	var backend string
	fs.StringVar(&o.Model, "model", "", "run folder of the trained network, `RUN`")
	fs.StringVar(&o.Data, "data", "", "prepared data set, `DST`")
	fs.StringVar(&o.Split, "split", "val", "part of the data set: train, val or test")
	fs.StringVar(&o.Checkpoint, "checkpoint", "", "which checkpoint: best or last; best if there is one when not given")
	fs.IntVar(&o.Batch, "batch", 8, "pictures that go through the network at once")
	fs.StringVar(&backend, "backend", "auto", backendUsage)
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("model", "data")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		b, err := openBackend(term, backend)
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
		return term.result(*asJSON, e, evaluationFields(e)...)
	}
}

func evaluationFields(e train.Evaluation) []field {
	fields := []field{{"pictures", e.Pictures}, {"mode", e.Mode}}
	for _, m := range []struct {
		name   string
		values train.Quality
	}{{"raw", e.Raw}, {"recombined", e.Recombined}} {
		fields = append(fields,
			field{m.name + "_l1", fmt.Sprintf("%.4f", m.values.L1)},
			field{m.name + "_psnr", fmt.Sprintf("%.2f", m.values.PSNR)},
			field{m.name + "_colorfulness", fmt.Sprintf("%.1f", m.values.Colorfulness)})
	}
	return fields
}
