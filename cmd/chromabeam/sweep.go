// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
)

// runSweep trains the runs of a sweep and prints how they compare.
func runSweep(ctx context.Context, term terminal, f trainFlags, e recipes.Experiment) error {
	o := train.SweepOptions{Options: f.Options, Experiment: e, Only: f.only}
	var show func(done, total int64, note string) // of the run at hand
	end := func() {}
	o.Started = func(label string, place, of int, ended bool) {
		end()
		if ended {
			fmt.Fprintf(term.stderr, "run %d of %d: %s has ended already\n", place, of, label)
			show, end = nil, func() {}
			return
		}
		fmt.Fprintf(term.stderr, "run %d of %d: %s\n", place, of, label)
		show, end = term.progress("training", "pictures")
	}
	o.Progress = func(p train.Progress) { show(p.Pictures, p.TotalPictures, progressNote(p)) }
	r, err := train.Sweep(ctx, o)
	end()
	if len(r.Runs) == 0 && err != nil { // nothing to compare
		return sayInterrupted(term, err)
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

// comparison is the table of a sweep's runs and what came out, for a terminal of
// 80 columns.
func comparison(r train.SweepResult) string {
	width := len("run")
	validated := false
	for _, run := range r.Runs {
		width = max(width, len(run.Label))
		validated = validated || run.Final() != nil
	}
	var b strings.Builder
	head := fmt.Sprintf("%-*s  %-11s %6s", width, "run", "status", "epochs")
	if validated {
		head += fmt.Sprintf(" %7s %6s %6s %9s %7s", "val L1", "PSNR", "SSIM", "CIEDE2000", "colour")
	} else {
		head += fmt.Sprintf(" %8s", "train L1")
	}
	b.WriteString(head + "\n")
	for _, run := range r.Runs {
		label := run.Label
		if label == r.Best {
			label += "*"
		}
		// What is half way through has no scores to compare.
		line := fmt.Sprintf("%-*s %-11s %6d", width+1, label, run.Result.Status, run.Result.Epochs)
		if v := run.Final(); v != nil {
			line += fmt.Sprintf(" %7.4f %6.2f %6.3f %9.2f %7.1f", v.L1, v.PSNR, v.SSIM, v.CIEDE2000, v.Colorfulness)
		} else if !validated && run.Result.Status == train.StatusDone {
			line += fmt.Sprintf(" %8.4f", run.Result.TrainL1)
		}
		b.WriteString(line + "\n")
	}
	if r.Best != "" {
		b.WriteString("* lowest " + r.BestBy + " of the runs that came to their end\n")
	}
	for _, sentence := range slices.Concat(r.Outcome, r.LeftOut) {
		b.WriteString(wrap(sentence, ""))
	}
	return b.String()
}
