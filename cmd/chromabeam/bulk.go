// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
	"github.com/chromabeam/chromabeam/transforms/report"
)

func bulkCommand() command {
	return command{
		name:     "bulk",
		synopsis: "-input SRC -output DST [flags]",
		summary:  "colour a whole folder, archive or list of pictures",
		examples: []string{
			"chromabeam bulk -input scans/ -output coloured/",
			"chromabeam bulk -model runs/demo -input in.zip -output out.zip -format jpeg",
			"chromabeam bulk -model runs/demo -input gs://scans/2024.tar -output coloured/",
			"chromabeam bulk -model runs/demo -input gs://scans -output gs://done -dry-run",
			"chromabeam bulk -model runs/demo -input scans/ -output trial/ -sample 100",
			"chromabeam bulk -model runs/demo -input inbox/ -output coloured/ -watch 30s",
		},
		define: defineBulk,
	}
}

func defineBulk(fs *flagSet) func(context.Context, terminal, []string) error {
	o := bulk.DefaultOptions()
	o.ToolVersion = toolVersion()
	bulkPlaces(fs, &o)
	modelFlags(fs, &o)
	bulkSelection(fs, &o)
	bulkEngine(fs, &o)
	dryRun := fs.Bool("dry-run", false,
		"write nothing: count what is to be done, and say how long it will take, after a trial on up to 64 pictures, or -sample N; "+
			"with a runner elsewhere show what it would be handed over")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	runner.GPUFlag(fs.FlagSet, &o.Remote)
	runnerFlags(fs, &o.Runner, &o.Remote)
	fs.require("input", "output")
	return func(ctx context.Context, term terminal, args []string) error {
		if err := noArguments(args); err != nil {
			return err
		}
		o.Serving = func(addr string) {
			fmt.Fprintf(term.stderr, "metrics at http://%s/metrics, profiles at http://%s/debug/pprof/\n", addr, addr)
		}
		noteBuiltin(term, o.Model)
		if *dryRun {
			return runDry(ctx, term, o, *asJSON)
		}
		return runBulk(ctx, term, o, *asJSON)
	}
}

func runBulk(ctx context.Context, term terminal, o bulk.Options, asJSON bool) error {
	end := func() {}
	if o.Watch > 0 {
		o.Watched = func(r bulk.Round) { watched(term, o, r) }
	} else {
		var show func(done, total int64, note string)
		show, end = term.progress("colouring", "pictures")
		o.Progress = func(p progress.State) { show(p.Done, p.Total, rejected(p.Rejects)) }
	}
	s, err := bulk.Run(ctx, o)
	end()
	if err != nil {
		return term.detached(asJSON, o.Output, err)
	}
	fields := []field{
		{"pictures", s.Pictures}, {"colored", s.Colored}, {"skipped", s.Skipped}, {"left", s.Left},
		{"rejects", s.Rejects}, {"report", s.Report}, {"output", o.Output},
	}
	if w := s.Whole; w != nil && w.Trial > 0 {
		fmt.Fprintf(term.stderr, "the whole input has %d pictures: the other %d would take about %s\n",
			w.Pictures, w.ToDo, about(w.Seconds))
		fields = append(fields, field{"whole_pictures", w.Pictures}, field{"whole_seconds", int64(w.Seconds + 0.5)})
	}
	err = term.result(asJSON, s, fields...)
	if err == nil && s.Rejects > 0 {
		err = &rejectsError{count: s.Rejects, where: s.Report}
	}
	return err
}

// watched says what a round of a watch has done, where there is something to say.
func watched(term terminal, o bulk.Options, r bulk.Round) {
	switch {
	case r.Err != nil:
		fmt.Fprintf(term.stderr, "round %d: %v; trying again in %v\n", r.Number, r.Err, o.Watch)
	case r.Number == 1:
		fmt.Fprintf(term.stderr, "watching %s every %v: %d pictures\n", o.Input, o.Watch, r.Pictures)
	case r.Done > 0:
		fmt.Fprintf(term.stderr, "round %d: %d pictures done, %d not yet ready, %d in all\n", r.Number, r.Done, r.Waiting, r.Pictures)
	}
}

func runDry(ctx context.Context, term terminal, o bulk.Options, asJSON bool) error {
	f, err := bulk.DryRun(ctx, o)
	if err != nil {
		return err
	}
	extensions := make([]string, len(f.Extensions))
	for i, e := range f.Extensions {
		extensions[i] = fmt.Sprintf("%s:%d:%d", e.Extension, e.Pictures, e.Bytes)
		fmt.Fprintf(term.stderr, "%-6s %9d pictures, %.1f MB\n", e.Extension, e.Pictures, float64(e.Bytes)/1e6)
	}
	if f.Trial > 0 {
		fmt.Fprintf(term.stderr, "%d pictures to do will take about %s, going by %d of them\n", f.ToDo, about(f.Seconds), f.Trial)
	}
	if !asJSON {
		term.submission(f.Submission)
	}
	err = term.result(asJSON, f,
		field{"pictures", f.Pictures}, field{"bytes", f.Bytes}, field{"done", f.Done}, field{"settled", f.Settled},
		field{"no_place", f.NoPlace}, field{"to_do", f.ToDo}, field{"to_do_bytes", f.ToDoBytes},
		field{"seconds", int64(f.Seconds + 0.5)}, field{"extensions", strings.Join(extensions, ",")})
	if err == nil && f.Pictures == 0 {
		err = fault.Request("input %q holds no pictures", o.Input)
	}
	return err
}

// about renders an estimate without digits that it does not have.
func about(seconds float64) string {
	unit := time.Second
	switch {
	case seconds > 3*3600:
		unit = 10 * time.Minute
	case seconds > 10*60:
		unit = time.Minute
	}
	d := max(time.Duration(seconds*float64(time.Second)).Round(unit), time.Second)
	if unit > time.Second {
		return strings.TrimSuffix(d.String(), "0s")
	}
	return d.String()
}

// rejected is what a progress line says of rejects: nothing where there are none.
func rejected(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 reject"
	}
	return report.Grouped(n) + " rejects"
}
