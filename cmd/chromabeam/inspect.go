// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

func inspectCommand() command {
	return command{
		name:     "inspect",
		synopsis: "DST [flags]",
		summary:  "verify every shard of a data set and count what it holds",
		examples: []string{
			"chromabeam inspect data/pokemon",
			"chromabeam inspect data/pokemon -html pokemon.html",
			"chromabeam inspect gs://bucket/pokemon -near-duplicates 4",
			"chromabeam inspect data/pokemon -repair",
		},
		define: defineInspect,
	}
}

// inspection is what inspect's flags ask for.
type inspection struct {
	deep, asJSON bool
	near         int // bits; 0 does not look
	page         string
	repair       bool
	input        string // for repairing
	runner       string
}

// sheetSize is how many pictures of each split the page shows.
const sheetSize = 48

func defineInspect(fs *flagSet) func(context.Context, terminal, []string) error {
	var i inspection
	fs.BoolVar(&i.asJSON, "json", false, "print the report as JSON")
	fs.BoolVar(&i.deep, "deep", false,
		"decode every picture: check that each gray picture is that of its colour picture, and measure colours")
	fs.IntVar(&i.near, "near-duplicates", 0, fmt.Sprintf("look for pictures whose perceptual hash differs in at most so many "+
		"of 64 bits from one's in another split, 1 to %d; 0 does not. With -deep's checks; takes 16 bytes of memory a picture, "+
		"and about a second for a million at 4 bits", shard.MaxNearDistance))
	fs.StringVar(&i.page, "html", "", "write a page with a contact sheet and histograms to `FILE`; with -deep's checks")
	fs.BoolVar(&i.repair, "repair", false,
		"make damaged and missing shards again from their pictures, then verify once more; whole shards stay as they are")
	fs.StringVar(&i.input, "input", "", "where the pictures are now, `SRC`, for -repair; empty for where they were")
	fs.StringVar(&i.runner, "runner", runner.Default, "Beam runner for -repair: direct or prism")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) != 1 {
			return fault.Request("inspect takes one data set, got %d arguments", len(args))
		}
		switch {
		case i.input != "" && !i.repair:
			return fault.Request("-input is of use with -repair only")
		case i.near < 0 || i.near > shard.MaxNearDistance:
			return fault.Request("near-duplicates must be in [1, %d], or 0 to look for none, got %d", shard.MaxNearDistance, i.near)
		}
		return i.run(ctx, term, args[0])
	}
}

// options turns flags into those of the library.
func (i inspection) options() shard.SurveyOptions {
	o := shard.SurveyOptions{
		Deep: i.deep || i.near != 0 || i.page != "", NearDuplicates: i.near != 0, NearDistance: i.near,
	}
	if i.page != "" {
		o.Sheet = sheetSize
	}
	return o
}

func (i inspection) run(ctx context.Context, term terminal, dataset string) error {
	// Said before the work and not after it.
	if folder, err := os.Stat(filepath.Dir(i.page)); i.page != "" && (err != nil || !folder.IsDir()) {
		return fault.Request("the folder of -html %s must be there", i.page)
	}
	st, err := store.Open(dataset)
	if err != nil {
		return fault.AsRequest(err)
	}
	r, err := i.examine(ctx, term, st)
	var lost error
	// A second round, since the first may have had no description to go by.
	for range 2 {
		if !i.repair || err == nil && len(r.Problems) == 0 || err != nil && !undescribed(ctx, st) {
			break
		}
		if lost, err = i.mend(ctx, term, dataset, r); err != nil {
			return err
		}
		r, err = i.examine(ctx, term, st)
	}
	if err != nil {
		return err
	}
	for _, problem := range r.Problems {
		fmt.Fprintln(term.stderr, problem)
	}
	sayTwins(term.stderr, "the same picture as", r.Duplicates)
	if r.NearDuplicates != nil {
		sayTwins(term.stderr, "nearly the same picture as", *r.NearDuplicates)
	}
	if err := i.writePage(dataset, r); err != nil {
		return err
	}
	if err := term.result(i.asJSON, r, i.fields(r)...); err != nil {
		return err
	}
	if len(r.Problems) > 0 {
		return fmt.Errorf("verifying %q: %d problems", dataset, len(r.Problems))
	}
	return lost
}

// undescribed reports whether the data set's description is missing or damaged,
// which is no reason not to repair it; what cannot be read at the moment is.
func undescribed(ctx context.Context, st store.Store) bool {
	data, err := st.ReadFile(ctx, shard.InfoName)
	if err == nil {
		_, err = shard.ParseInfo(data)
		return err != nil
	}
	return errors.Is(err, fs.ErrNotExist)
}

// examine reads the data set once.
func (i inspection) examine(ctx context.Context, term terminal, st store.Store) (shard.Report, error) {
	o := i.options()
	show, end := term.progress("inspecting", "pictures")
	defer end()
	o.Progress = func(done, total int64) { show(done, total, "") }
	return shard.Examine(ctx, st, o)
}

// mend makes the damaged shards again. Pictures that it had to leave out are an
// error of their own, after all that follows.
func (i inspection) mend(ctx context.Context, term terminal, dataset string, r shard.Report) (lost, err error) {
	damaged := r.Damaged()
	for _, name := range damaged {
		fmt.Fprintf(term.stderr, "repairing %s\n", name)
	}
	show, end := term.progress("repairing", "pictures")
	defer end()
	s, err := prepare.Repair(ctx, prepare.RepairOptions{
		Output: dataset, Input: i.input, Damaged: damaged, Runner: i.runner, ToolVersion: toolVersion(),
		Progress: func(done, total int64) { show(done, total, "") },
	})
	if before := int64(r.Info.Rejects - r.Info.Filtered); err == nil && s.Rejects > before {
		lost = &rejectsError{count: s.Rejects, where: strings.TrimSuffix(dataset, "/") + "/" + shard.RejectsName}
	}
	return lost, err
}

// fields are the parts of the result line.
func (i inspection) fields(r shard.Report) []field {
	fields := []field{
		{"pictures", r.Samples}, {"shards", r.Shards}, {"bytes", r.Bytes}, {"rejects", r.Info.Rejects}, {"problems", len(r.Problems)},
		{"manifest", r.Info.ManifestSHA256}, {"damaged_shards", len(r.Damaged())}, {"duplicates", r.Duplicates.Count},
	}
	if r.NearDuplicates != nil {
		fields = append(fields, field{"near_duplicates", r.NearDuplicates.Count})
	}
	if r.Survey != nil {
		all := r.Survey.All
		fields = append(fields, field{"mean_color", all.Mean()}, field{"colorfulness", fmt.Sprintf("%.1f", all.MeanColorfulness)},
			field{"colorless", all.Colorless})
	}
	if i.page != "" {
		fields = append(fields, field{"page", i.page})
	}
	return fields
}

// sayTwins names duplicates, one a line: they are no damage, so that they
// leave the exit code alone.
func sayTwins(w io.Writer, what string, t shard.Twins) {
	for _, p := range t.Pairs {
		fmt.Fprintf(w, "%s: %q: %s %q of %s\n", p.Sample.File, p.Sample.Source, what, p.Earlier.Source, p.Earlier.File)
	}
	if more := t.Count - len(t.Pairs); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
}

// writePage writes the page that was asked for.
func (i inspection) writePage(dataset string, r shard.Report) error {
	if i.page == "" {
		return nil
	}
	page, err := report.DatasetPage("Data set "+dataset, r)
	if err != nil {
		return err
	}
	page.Footer = "chromabeam " + toolVersion()
	var b bytes.Buffer
	if err := report.Render(&b, page); err != nil {
		return err
	}
	err = store.PublishFile(filepath.Dir(i.page), filepath.Base(i.page), func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
	if err != nil {
		return fmt.Errorf("writing page %q: %w", i.page, err)
	}
	return nil
}
