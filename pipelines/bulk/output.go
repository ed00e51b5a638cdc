// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// maxThumbs bounds the bytes of the thumbnails on the page, as files.
const maxThumbs = 1 << 20

// writeReports writes rejects.jsonl, report.json and report.html.
func (d *driver) writeReports(ctx context.Context, out outcome) error {
	err := d.result(ctx, rejectsFile, func(w io.Writer) error { return plan.WriteLines(w, out.rejects) })
	if err != nil {
		return err
	}
	failpoint.Hit(fpRejectsWritten)
	r := d.reportRecord(out)
	err = d.result(ctx, reportJSONFile, func(w io.Writer) error { return report.WriteJSON(w, r) })
	if err != nil {
		return err
	}
	pairs, err := d.pairs(ctx, out.shown)
	if err != nil {
		return err
	}
	page := r.page(d.settings(), out.rejects, pairs)
	err = d.result(ctx, reportHTMLFile, func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return err
	}
	failpoint.Hit(fpReportWritten)
	return nil
}

func (d *driver) reportRecord(out outcome) reportRecord {
	sum := d.totals
	return reportRecord{
		Summary: out.summary, Job: d.job, Model: d.options.modelName(), Precision: d.precision,
		Batch: d.options.Batch, Workers: d.workers(), Runner: d.options.Runner,
		Bytes: out.bytes, Pixels: out.pixels, Reasons: byReason(out.rejects),
		Work: sum.deeds(), Timings: sum.timings(d.engine.LoadTime(), d.seconds),
		Busy:  sum.utilization(d.options.Runner, d.seconds, d.engine.Stats().DeviceLanes, d.workers()),
		Rates: sum.Timeline.throughput(),
		Tool:  d.options.ToolVersion, Machine: machineLabel{runtime.GOOS, runtime.GOARCH, runtime.NumCPU()},
		Counters: d.counters, timeline: sum.Timeline,
	}
}

// workers is how many pictures were decoded and encoded at once in a process; 0 where
// that was as many as a machine elsewhere has processors.
func (d *driver) workers() int {
	if d.options.Workers == 0 && runner.IsLocal(d.options.Runner) {
		return d.engine.Stats().Workers
	}
	return d.options.Workers
}

func workersText(n int) string {
	if n == 0 {
		return "as many as processors"
	}
	return strconv.Itoa(n)
}

// settings are the rows of the page's table.
func (d *driver) settings() [][]string {
	o := d.options
	return [][]string{
		{"input", d.job.Input},
		{"output", d.layout.Output},
		{"model", fmt.Sprintf("%s (%s, %d px)", o.modelName(), shortHash(d.job.ModelHash), d.job.ModelSize)},
		{"backend", d.job.Backend + ", " + string(d.precision)},
		{"format", fmt.Sprintf("%s, JPEG quality %d", d.job.Format, d.job.Quality)},
		{"batch", strconv.Itoa(o.Batch)},
		{"workers", workersText(d.workers())},
		{"runner", o.Runner},
	}
}

// pairs reads thumbnails of pictures from all over the input, before and after,
// until there are enough of them, by number or by size.
func (d *driver) pairs(ctx context.Context, shown []line) ([]report.Pair, error) {
	var pairs []report.Pair
	left := maxThumbs
	for _, l := range shown {
		if len(pairs) == maxPairs {
			break
		}
		a, err := d.thumbnail(ctx, before(l.Key))
		b, err2 := d.thumbnail(ctx, after(l.Key))
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("reading thumbnails: %w", err)
		}
		if a == nil || b == nil {
			continue // coloured when the input was another and the picture not in the selection
		}
		if left -= len(a) + len(b); left < 0 {
			break
		}
		pairs = append(pairs, report.Pair{Caption: l.Source, Before: report.Picture{Data: a}, After: report.Picture{Data: b}})
	}
	slices.SortFunc(pairs, func(a, b report.Pair) int { return cmp.Compare(a.Caption, b.Caption) })
	return pairs, nil
}
