// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/model/origin"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func exportCommand() command {
	return command{
		name:     "export",
		synopsis: "-model RUN [flags] OUT.safetensors",
		summary:  "write a trained network as a file for PyTorch and others",
		examples: []string{
			"chromabeam export -model runs/demo -dtype float16 for-pytorch.safetensors",
			"chromabeam export -model runs/demo -layout chromabeam demo.safetensors",
			"chromabeam colorize -model demo.safetensors scan.jpg",
			"chromabeam export -model gs://models/7 -layout chromabeam 7.safetensors",
		},
		define: defineExport,
	}
}

func defineExport(fs *flagSet) func(context.Context, terminal, []string) error {
	o := model.ExportOptions{ToolVersion: toolVersion()}
	name := fs.String("model", "", modelUsage)
	fs.StringVar(&o.Checkpoint, "checkpoint", "",
		"which weights of a run folder: last, best, or ema for the moving average; best if there is one when not given")
	fs.StringVar(&o.DType, "dtype", "float32", "type of the numbers: float32, bfloat16 or float16; rounded to the nearest")
	o.Layout = model.LayoutPyTorch
	fs.StringVar((*string)(&o.Layout), "layout", string(o.Layout), layoutUsage)
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace the output if it exists")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("model")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) != 1 {
			return fault.Request("export takes the file to write, got %d arguments", len(args))
		}
		o.Output = args[0]
		return runExport(ctx, term, *name, o, *asJSON)
	}
}

const layoutUsage = "names and shapes of the tensors. pytorch: for nn.Conv2d and nn.ConvTranspose2d with a child norm, " +
	"numbered from the outside in: down.0.weight [out, in, 4, 4], up.3.weight [in, out, 4, 4], up.0.bias, down.1.norm.weight, " +
	"down.1.norm.bias, and of batch norm down.1.norm.running_mean, running_var and num_batches_tracked; docs/export.md has the " +
	"module that loads them. chromabeam: those of checkpoints; such a file is a model itself, for -model. The metadata has the " +
	"network's configuration in both"

func runExport(ctx context.Context, term terminal, name string, o model.ExportOptions, asJSON bool) error {
	if err := o.Validate(); err != nil {
		return fault.AsRequest(err)
	}
	source, err := origin.Open(ctx, name)
	if err != nil {
		return fault.Request("opening model %q: %w", name, err)
	}
	e, err := model.NewExport(source, o)
	if err != nil {
		return fault.AsRequest(err)
	}
	about, err := e.Write()
	switch {
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return fault.AsRequest(err)
	case err != nil:
		return err
	}
	return term.result(asJSON, about,
		field{"output", about.Output}, field{"layout", about.Layout}, field{"dtype", about.DType},
		field{"checkpoint", about.Checkpoint}, field{"parameters", about.Parameters}, field{"tensors", about.Tensors},
		field{"bytes", about.Bytes}, field{"sha256", about.SHA256})
}
