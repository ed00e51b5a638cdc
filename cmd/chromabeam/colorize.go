// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func colorizeCommand() command {
	return command{
		name:     "colorize",
		synopsis: "[-model RUN] IN [OUT]",
		summary:  "colour one picture",
		examples: []string{
			"chromabeam colorize scan.jpg",
			"chromabeam colorize -model runs/demo scan.jpg coloured.png",
		},
		define: defineColorize,
	}
}

func defineColorize(fs *flagSet) func(context.Context, terminal, []string) error {
	o := bulk.DefaultOptions()
	o.Batch = 1
	modelFlags(fs, &o)
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace the output if it exists")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) < 1 || len(args) > 2 {
			return fault.Request("colorize takes a picture and where to write it, got %d arguments", len(args))
		}
		out := coloredName(args[0], o.Format)
		if len(args) == 2 {
			out = args[1]
		}
		noteBuiltin(term, o.Model)
		if err := bulk.ColorizeFile(ctx, o, args[0], out); err != nil {
			return err
		}
		return term.result(*asJSON, map[string]string{"input": args[0], "output": out, "model": o.Model}, field{"output", out})
	}
}

// coloredName is where a coloured picture goes if the user names no place:
// beside the original, as JPEG or PNG.
func coloredName(in string, format bulk.Format) string {
	ext := filepath.Ext(in)
	stem := strings.TrimSuffix(in, ext)
	jpeg := strings.EqualFold(ext, ".jpg") || strings.EqualFold(ext, ".jpeg")
	switch {
	case format == bulk.FormatJPEG && !jpeg:
		ext = ".jpg"
	case format == bulk.FormatPNG, format == bulk.FormatSame && !jpeg:
		ext = ".png"
	}
	return stem + ".color" + ext
}
