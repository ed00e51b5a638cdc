// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// maxListed bounds the rejects on the page; rejects.jsonl has all.
const maxListed = 200

// reportRecord is report.json.
type reportRecord struct {
	Summary Summary      `json:"summary"`
	Job     job          `json:"job"`
	Batch   int          `json:"batch"`
	Workers int          `json:"workers"`
	Runner  string       `json:"runner"`
	Bytes   int64        `json:"colored_bytes"`
	Pixels  int64        `json:"colored_pixels"`
	Reasons []reason     `json:"rejects_by_reason"`
	Timings timings      `json:"timings"`
	Tool    string       `json:"tool_version,omitempty"`
	Machine machineLabel `json:"machine"`
	// Counters are the pipeline's of this run, by "namespace.name".
	Counters runner.Counters `json:"counters,omitempty"`
}

// reason counts the rejects of one kind.
type reason struct {
	Stage  fault.Stage `json:"stage"`
	Reason string      `json:"reason"`
	Count  int         `json:"count"`
}

// timings are those of this run, in seconds. Those of the pools are sums over
// pictures and overlap.
type timings struct {
	LoadModel float64 `json:"load_model"`
	Pipeline  float64 `json:"pipeline"`
	Read      float64 `json:"read"`
	Decode    float64 `json:"decode"`
	Infer     float64 `json:"infer"`
	Encode    float64 `json:"encode"`
	Batches   int64   `json:"batches"`
	// MeanBatch is the mean number of pictures that shared a batch.
	MeanBatch float64 `json:"mean_batch"`
}

type machineLabel struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

func (d *driver) timings() timings {
	t := timings{
		LoadModel: d.engine.LoadTime().Seconds(), Pipeline: d.seconds, Read: seconds(d.totals.ReadNS),
		Decode: seconds(d.totals.DecodeNS), Infer: seconds(d.totals.InferNS), Encode: seconds(d.totals.EncodeNS),
		Batches: d.totals.Batches,
	}
	if t.Batches > 0 {
		t.MeanBatch = float64(d.totals.Inferences) / float64(t.Batches)
	}
	return t
}

func byReason(rejects []fault.Reject) []reason {
	counts := map[reason]int{}
	for _, r := range rejects {
		counts[reason{Stage: r.Stage, Reason: r.Reason}]++
	}
	out := []reason{}
	for k, n := range counts {
		k.Count = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// writeReports writes rejects.jsonl, report.json and report.html.
func (d *driver) writeReports(out outcome) error {
	err := d.result(d.layout.rejects(), func(w io.Writer) error { return writeLines(w, out.rejects) })
	if err != nil {
		return err
	}
	failpoint.Hit(fpRejectsWritten)
	r := reportRecord{
		Summary: out.summary, Job: d.job, Batch: d.options.Batch, Workers: d.options.Workers, Runner: d.options.Runner,
		Bytes: out.bytes, Pixels: out.pixels, Reasons: byReason(out.rejects), Timings: d.timings(),
		Tool: d.options.ToolVersion, Machine: machineLabel{runtime.GOOS, runtime.GOARCH, runtime.NumCPU()},
		Counters: d.counters,
	}
	err = d.result(d.layout.reportJSON(), func(w io.Writer) error { return report.WriteJSON(w, r) })
	if err != nil {
		return err
	}
	page, err := d.page(out, r)
	if err != nil {
		return err
	}
	err = d.result(d.layout.reportHTML(), func(w io.Writer) error { return report.Render(w, page) })
	if err != nil {
		return err
	}
	failpoint.Hit(fpReportWritten)
	return nil
}

// result publishes one of the files beside the pictures.
func (d *driver) result(name string, write func(io.Writer) error) error {
	if err := d.layout.publishResult(name, write, func() {}); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

func (d *driver) page(out outcome, r reportRecord) (report.Page, error) {
	s := out.summary
	p := report.Page{
		Title: "Colouring of " + filepath.Base(d.job.Input),
		Lead:  lead(s),
		Facts: []report.Fact{
			{Label: "coloured", Value: grouped(s.Colored), Note: "of " + grouped(s.Pictures)},
			{Label: "rejected", Value: grouped(s.Rejects), Note: rejectNote(s.Rejects)},
			{Label: "megapixels", Value: grouped(out.pixels / 1e6), Note: grouped(out.bytes>>20) + " MiB written"},
		},
		Footer: "chromabeam " + d.options.ToolVersion,
	}
	if s.PicturesPerSecond > 0 {
		p.Facts = append(p.Facts, report.Fact{
			Label: "pictures a second", Value: strconv.FormatFloat(s.PicturesPerSecond, 'f', 1, 64),
			Note: "in this run, on " + d.job.Backend,
		})
	}
	gallery, err := d.gallery(out)
	if err != nil {
		return report.Page{}, err
	}
	if len(gallery.Items) > 0 {
		p.Sections = append(p.Sections, gallery)
	}
	listed := out.rejects[:min(len(out.rejects), maxListed)]
	if len(listed) > 0 {
		p.Sections = append(p.Sections, report.Rejects{
			Title: "Rejected pictures", Note: "All of them are in rejects.jsonl.", Total: len(out.rejects), Items: listed,
		})
	}
	p.Sections = append(p.Sections, d.settingsTable(), timingsTable(r))
	return p, nil
}

func lead(s Summary) string {
	switch {
	case s.Colored == s.Skipped:
		return "Nothing was left to do: all pictures had been dealt with by earlier runs."
	case s.Skipped > 0:
		return fmt.Sprintf("This run coloured %s pictures; %s had been coloured before.",
			grouped(s.Colored-s.Skipped), grouped(s.Skipped))
	default:
		return fmt.Sprintf("%s pictures were coloured in one run.", grouped(s.Colored))
	}
}

func rejectNote(n int64) string {
	if n == 0 {
		return "every picture was used"
	}
	return "reasons below"
}

// gallery shows thumbnails of pictures from all over the input, before and
// after.
func (d *driver) gallery(out outcome) (report.Gallery, error) {
	g := report.Gallery{Title: "Before and after", Note: "A selection from all over the input, by a hash of the names."}
	for _, l := range out.shown {
		if len(g.Items) == maxPairs {
			break
		}
		a, err := os.ReadFile(filepath.Join(d.layout.thumbs(), before(l.Key)))
		b, err2 := os.ReadFile(filepath.Join(d.layout.thumbs(), after(l.Key)))
		if err := errors.Join(err, err2); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				continue // coloured when the input was another and the picture not in the selection
			}
			return g, fmt.Errorf("reading thumbnails: %w", err)
		}
		g.Items = append(g.Items, report.Item{
			Caption:  l.Source,
			Pictures: []report.Picture{{Label: "before", Data: a}, {Label: "after", Data: b}},
		})
	}
	slices.SortFunc(g.Items, func(a, b report.Item) int { return cmp.Compare(a.Caption, b.Caption) })
	return g, nil
}

func (d *driver) settingsTable() report.Table {
	o := d.options
	return report.Table{
		Title:   "Settings",
		Columns: []report.Column{{Name: "Setting"}, {Name: "Value"}},
		Rows: [][]string{
			{"input", d.job.Input},
			{"output", d.layout.Output},
			{"model", fmt.Sprintf("%s (%s, %d px)", o.Model, shortHash(d.job.ModelHash), d.job.ModelSize)},
			{"backend", d.job.Backend},
			{"format", fmt.Sprintf("%s, JPEG quality %d", d.job.Format, d.job.Quality)},
			{"batch", strconv.Itoa(o.Batch)},
			{"workers", strconv.Itoa(o.Workers)},
			{"runner", o.Runner},
		},
	}
}

func timingsTable(r reportRecord) report.Table {
	row := func(name string, s float64) []string { return []string{name, strconv.FormatFloat(s, 'f', 2, 64)} }
	return report.Table{
		Title:   "Time of this run",
		Note:    "Seconds. Reading, decoding and encoding are sums over pictures that were worked on at the same time.",
		Columns: []report.Column{{Name: "Step"}, {Name: "Seconds", Numeric: true}},
		Rows: [][]string{
			row("whole run", r.Summary.Seconds), row("loading the model", r.Timings.LoadModel),
			row("pipeline", r.Timings.Pipeline), row("reading", r.Timings.Read), row("decoding", r.Timings.Decode),
			row("network", r.Timings.Infer), row("encoding", r.Timings.Encode),
		},
	}
}

// grouped formats a count with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
