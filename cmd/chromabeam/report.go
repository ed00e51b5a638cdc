// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/train/overview"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func reportCommand() command {
	return command{
		name:     "report",
		synopsis: "-output DIR [-title T] [-notes FILE] RUN...",
		summary:  "set runs and sweeps side by side on one page",
		examples: []string{
			"chromabeam report -output pages runs/6.1 runs/6.2 runs/6.7",
			"chromabeam report -output docs/report -notes docs/report/notes.md runs",
		},
		define: defineReport,
	}
}

func defineReport(fs *flagSet) func(context.Context, terminal, []string) error {
	var o overview.Options
	fs.StringVar(&o.Output, "output", "", "folder for index.html, README.md, report.json and pictures, `DIR`")
	fs.StringVar(&o.Title, "title", "", "heading of the page, `TEXT`; empty for one of our own")
	fs.StringVar(&o.Notes, "notes", "", "paragraphs to show beside the experiments, `FILE`: under \"## 6.4\" those on "+
		"recipe 6.4, under \"## Summary\" those for the top of the page, under \"## Data\" those on the data set")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace files of these names that no overview wrote, or that were changed since")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("output")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) == 0 {
			return fault.Request("report takes run folders, folders of sweeps, or folders that hold them, got none")
		}
		o.Runs, o.ToolVersion = args, toolVersion()
		result, err := overview.Write(ctx, o)
		if err != nil {
			return err
		}
		for _, problem := range result.Problems {
			fmt.Fprintln(term.stderr, strings.TrimRight(wrap(problem, ""), "\n"))
		}
		return term.result(*asJSON, result,
			field{"page", result.Page}, field{"experiments", result.Experiments}, field{"runs", result.Runs},
			field{"done", result.Done}, field{"diverged", result.Diverged}, field{"unfinished", result.Unfinished},
			field{"damaged", result.Damaged}, field{"missing", result.Missing},
			field{"minutes", fmt.Sprintf("%.1f", result.Seconds/60)}, field{"files", result.Files}, field{"bytes", result.Bytes})
	}
}
