// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// What the page shows is bounded, and so is its size: 2 MiB, whatever the number
// of pictures, of rejects, and the lengths of their names. The files beside it
// have everything.
const (
	// maxListed bounds the rejects by number.
	maxListed = 200
	// maxPoints bounds the points of a curve.
	maxPoints = 60
	// minBucket is the shortest time that a rate is measured over: pictures come
	// in batches, whose beat is no news.
	minBucket = 800 * time.Millisecond
)

// page describes the job for [report.Render].
func (r reportRecord) page(settings [][]string, rejects []fault.Reject, pairs []report.Pair) report.Page {
	p := report.Page{
		Title: "Colouring of " + report.Clip(filepath.Base(r.Job.Input), maxReason),
		Lead:  r.lead(), Facts: r.facts(), Footer: "chromabeam " + r.Tool,
	}
	if c := r.curves(); len(c.Charts) > 0 {
		p.Sections = append(p.Sections, c)
	}
	if r.Timings.Pipeline > 0 {
		p.Sections = append(p.Sections, r.breakdown())
	}
	if len(pairs) > 0 {
		p.Sections = append(p.Sections, report.Pairs{
			Title: "Before and after", Items: pairs,
			Note: "A selection from all over the input, by a hash of the names. Drag the line, or move it with the arrow keys.",
		})
	}
	if len(rejects) > 0 {
		listed := report.Rejects{Title: "Rejected pictures", Note: "All of them are in rejects.jsonl.", Total: len(rejects)}
		listed.Items = rejects[:min(len(rejects), maxListed)]
		for _, one := range r.Reasons {
			listed.Reasons = append(listed.Reasons, report.Reason(one))
		}
		p.Sections = append(p.Sections, listed)
	}
	table := report.Table{Title: "Settings", Columns: []report.Column{{Name: "Setting"}, {Name: "Value"}}}
	for _, row := range settings {
		table.Rows = append(table.Rows, []string{row[0], report.Clip(row[1], maxReason)})
	}
	p.Sections = append(p.Sections, table)
	return p
}

func (r reportRecord) lead() string {
	s := r.Summary
	fresh := s.Colored - s.Skipped
	switch {
	case fresh == 0 && r.Work.Rejects == 0 && r.Work.Left == 0:
		return "Nothing was left to do: all pictures had been dealt with by earlier runs."
	case s.Skipped > 0:
		return fmt.Sprintf("This run coloured %s in %s; %s had been coloured before.",
			pictures(fresh), duration(s.Seconds), report.Grouped(s.Skipped))
	}
	return fmt.Sprintf("This run coloured %s in %s.", pictures(fresh), duration(s.Seconds))
}

func pictures(n int64) string {
	if n == 1 {
		return "1 picture"
	}
	return report.Grouped(n) + " pictures"
}

// duration prints seconds for people: "0.42 s", "12.3 s", "4m10s", "26h3m".
func duration(s float64) string {
	switch d := time.Duration(s * float64(time.Second)).Round(time.Second); {
	case s < 1:
		return fmt.Sprintf("%.2f s", s)
	case s < 60:
		return fmt.Sprintf("%.1f s", s)
	case d < time.Hour:
		return d.String()
	default:
		text := d.Round(time.Minute).String()
		return text[:len(text)-len("0s")]
	}
}

func (r reportRecord) facts() []report.Fact {
	s := r.Summary
	facts := []report.Fact{
		{Label: "coloured", Value: report.Grouped(s.Colored), Note: "of " + pictures(s.Pictures)},
		{Label: "rejected", Value: report.Grouped(s.Rejects), Note: rejectNote(s)},
	}
	if s.Left > 0 {
		facts = append(facts, report.Fact{Label: "left as they are", Value: report.Grouped(s.Left), Note: "they have colour already"})
	}
	if s.PicturesPerSecond > 0 {
		facts = append(facts, report.Fact{
			Label: "pictures a second", Value: strconv.FormatFloat(s.PicturesPerSecond, 'f', 1, 64),
			Note: "in this run, on " + r.Job.Backend,
		})
	}
	if b := r.Busy; b != nil && r.Work.Batches > 0 {
		facts = append(facts,
			report.Fact{Label: "device busy", Value: percent(b.Device), Note: fmt.Sprintf("%.1f pictures a batch", r.Timings.MeanBatch)},
			report.Fact{Label: "codecs busy", Value: percent(b.Codec), Note: lanes(b.CodecLanes) + ", decoding and encoding"})
	}
	facts = append(facts, report.Fact{
		Label: "megapixels", Value: report.Grouped((r.Pixels + 5e5) / 1e6), Note: report.Size(r.Bytes) + " written",
	})
	if kept := r.Work.LumaKept; kept > 0 {
		facts = append(facts, report.Fact{
			Label: "luma kept bit for bit", Value: report.Grouped(kept), Note: "JPEGs coloured in this run without coding their luma anew",
		})
	}
	return facts
}

func rejectNote(s Summary) string {
	share := 100 * float64(s.Rejects) / float64(max(1, s.Pictures))
	switch {
	case s.Rejects == 0:
		return "every picture was used"
	case share < 0.1:
		return "under 0.1%, reasons below"
	case share < 10:
		return fmt.Sprintf("%.1f%%, reasons below", share)
	}
	return fmt.Sprintf("%.0f%%, reasons below", share)
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

func lanes(n int) string {
	if n == 1 {
		return "1 worker"
	}
	return strconv.Itoa(n) + " workers"
}

// curves plots what was done when. A run of a moment has none.
func (r reportRecord) curves() report.Curves {
	c := report.Curves{Title: "Throughput", Note: "What this run dealt with over its time."}
	line := r.timeline.coarse(maxPoints, minBucket)
	if len(line.Pictures) < 3 {
		return c
	}
	width, unit := line.width().Seconds(), "seconds"
	scale := 1.0
	switch all := width * float64(len(line.Pictures)); {
	case all > 3*3600:
		scale, unit = 3600, "hours"
	case all > 3*60:
		scale, unit = 60, "minutes"
	}
	var x, rate, bytes []float64
	for i, n := range line.Pictures {
		covered := r.timeline.covered(line.First+int64(i), line.Level).Seconds()
		if covered < width/2 {
			continue // too short for a rate: the run began or ended within
		}
		x = append(x, (float64(i)+0.5)*width/scale)
		rate = append(rate, float64(n)/covered)
		bytes = append(bytes, float64(line.Bytes[i])/covered/1e6)
	}
	for _, one := range []struct {
		title string
		y     []float64
	}{{"Pictures a second", rate}, {"Megabytes written a second", bytes}} {
		c.Charts = append(c.Charts, report.Chart{
			Title: one.title, XLabel: unit, FromZero: true, Series: []report.Series{{X: x, Y: one.y}},
			Summary: fmt.Sprintf("between %.1f and %.1f over %.1f %s",
				slices.Min(one.y), slices.Max(one.y), width*float64(len(x))/scale, unit),
		})
	}
	return c
}

// breakdown says where the time went, stage by stage.
func (r reportRecord) breakdown() report.Breakdown {
	t := r.Timings
	b := report.Breakdown{Title: "Time by stage", Columns: []string{"Stage", "Seconds", "ms a picture", "Share"}}
	b.Note = fmt.Sprintf("%s Seconds are sums over pictures that were worked on at the same time; "+
		"the run took %s, of which loading the model took %s and the pipeline %s.",
		r.pace(), duration(r.Summary.Seconds), duration(t.LoadModel), duration(t.Pipeline))
	all := t.Read + t.Decode + t.Infer + t.Encode + t.Store
	done := float64(max(1, r.Work.Colored+r.Work.Left+r.Work.Rejects))
	for _, stage := range []struct {
		name    string
		seconds float64
	}{{"reading", t.Read}, {"decoding", t.Decode}, {"network", t.Infer}, {"encoding", t.Encode}, {"writing", t.Store}} {
		if stage.seconds <= 0 {
			continue // not measured, such as writing where parts are put together
		}
		share := min(1, stage.seconds/all)
		b.Parts = append(b.Parts, report.Part{Name: stage.name, Share: share, Values: []string{
			strconv.FormatFloat(stage.seconds, 'f', 2, 64), strconv.FormatFloat(1000*stage.seconds/done, 'f', 1, 64), percent(share),
		}})
	}
	return b
}

// busy is the share of time from which on a pool counts as what sets the pace.
const busy = 0.85

// pace says what bounded the run.
func (r reportRecord) pace() string {
	switch b := r.Busy; {
	case b == nil:
		return "The work was done elsewhere, so that nothing is known of how busy it was."
	case b.Device >= busy && b.Device >= b.Codec:
		return fmt.Sprintf("The device set the pace: it was busy %s of the time.", percent(b.Device))
	case b.Codec >= busy:
		return fmt.Sprintf("Decoding and encoding set the pace: their %s were busy %s of the time.",
			lanes(b.CodecLanes), percent(b.Codec))
	default:
		return fmt.Sprintf("Neither the device (busy %s of the time) nor the codecs (%s) set the pace alone: "+
			"reading, writing and the start took their part.", percent(b.Device), percent(b.Codec))
	}
}
