// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// runSweep trains the runs of a sweep and prints how they compare.
func runSweep(ctx context.Context, term terminal, f trainFlags, e recipes.Experiment) error {
	o := train.SweepOptions{Options: f.Options, Experiment: e, Only: f.only}
	var show func(done, total int64, note string) // of the run at hand
	end := func() {}
	o.Started = func(label string, place, of int) {
		end()
		fmt.Fprintf(term.stderr, "run %d of %d: %s\n", place, of, label)
		show, end = term.progress("training", "pictures")
	}
	o.Progress = func(p train.Progress) { show(p.Pictures, p.TotalPictures, progressNote(p)) }
	r, err := train.Sweep(ctx, o)
	end()
	if err != nil && !errors.Is(err, train.ErrInterrupted) {
		return err
	}
	if !f.asJSON {
		if _, err := fmt.Fprint(term.stdout, comparison(r)); err != nil {
			return err
		}
	}
	fields := []field{{"runs", len(r.Runs)}}
	if r.Best != "" {
		fields = append(fields, field{"best", r.Best})
	}
	fields = append(fields, field{"report", r.Report}, field{"output", f.Output})
	return errors.Join(sayInterrupted(term, err), term.result(f.asJSON, r, fields...))
}

// comparison is the table of a sweep's runs, for a terminal of 80 columns.
func comparison(r train.SweepResult) string {
	width := len("run")
	for _, run := range r.Runs {
		width = max(width, len(run.Label))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %-11s %6s %7s %6s %6s %9s %7s\n",
		width, "run", "status", "epochs", "val L1", "PSNR", "SSIM", "CIEDE2000", "colour")
	for _, run := range r.Runs {
		fmt.Fprintf(&b, "%-*s  %-11s %6d", width, run.Label, run.Result.Status, run.Result.Epochs)
		if v := run.Result.Validation; v != nil {
			fmt.Fprintf(&b, " %7.4f %6.2f %6.3f %9.2f %7.1f", v.L1, v.PSNR, v.SSIM, v.CIEDE2000, v.Colorfulness)
		}
		b.WriteString("\n")
	}
	return b.String()
}
