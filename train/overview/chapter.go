// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// chapter is an experiment with its variants.
type chapter struct {
	name        string
	experiments []Experiment
}

// chapters puts variants under the section that they vary.
func chapters(experiments []Experiment) []chapter {
	var list []chapter
	for _, e := range experiments {
		name := e.Name
		if e.known && e.Section != "" {
			name = e.Section
		}
		if last := len(list) - 1; last >= 0 && list[last].name == name {
			list[last].experiments = append(list[last].experiments, e)
			continue
		}
		list = append(list, chapter{name: name, experiments: []Experiment{e}})
	}
	return list
}

// chapterGroup lays a chapter out.
func chapterGroup(c chapter, s *strips, anchors map[string]bool) report.Group {
	first := c.experiments[0]
	g := report.Group{ID: anchor(c.name, anchors), Title: heading(first)}
	for i, e := range c.experiments {
		if i > 0 {
			g.Sections = append(g.Sections, report.Text{Title: "Variant " + heading(e)})
		}
		g.Sections = append(g.Sections, about(e)...)
	}
	for _, block := range blocks(c.experiments) {
		g.Sections = append(g.Sections, blockSections(block, s)...)
	}
	g.Sections = append(g.Sections, setup(c.experiments))
	return g
}

func heading(e Experiment) string {
	if e.Title == "" {
		return e.Name
	}
	return e.Name + ": " + e.Title
}

// about says what an experiment was to check, what it changed, what was reduced, and
// what came out.
func about(e Experiment) []report.Section {
	var sections []report.Section
	text := report.Text{}
	for _, line := range []struct{ what, text string }{{"Hypothesis", e.Hypothesis}, {"Expected", e.Expected}} {
		if line.text != "" {
			text.Paragraphs = append(text.Paragraphs, line.what+": "+sentence(line.text))
		}
	}
	if e.ReportBest != "" {
		text.Paragraphs = append(text.Paragraphs, "The report calls "+e.ReportBest+" best.")
	}
	if e.Against != "" {
		text.Paragraphs = append(text.Paragraphs, "Changed against "+e.Against+", both as the recipes are:")
		text.Points = e.Changes
		if len(e.Changes) == 0 {
			text.Points = []string{"nothing"}
		}
	}
	sections = append(sections, text)
	if reduced := e.reduced(); len(reduced) > 0 {
		paragraph := "Reduced here: " + strings.Join(reduced, "; ") + "."
		sections = append(sections, report.Text{Boxed: true, Paragraphs: []string{paragraph}})
	}
	if outcome := e.outcome(); len(outcome) > 0 {
		sections = append(sections, report.Text{Title: "Outcome of " + e.Name, Paragraphs: []string{strings.Join(outcome, " ")}})
	}
	if e.Note != nil {
		sections = append(sections, noteText("Notes on "+e.Name, *e.Note))
	}
	return sections
}

// sentence ends a text with a full stop.
func sentence(text string) string { return strings.TrimRight(text, ".") + "." }

// reduced says what the experiment's runs have less of, of each run where they differ.
func (e *Experiment) reduced() []string {
	names, said := e.sayings(func(r Run) []string { return append(slices.Clone(r.Reduced), r.Changed...) })
	var list []string
	for _, c := range gather(names, said) {
		if len(c.of) == len(names) {
			list = append(list, c.text)
		} else {
			list = append(list, strings.Join(c.of, ", ")+" with "+c.text)
		}
	}
	return list
}

// outcome is what came out, with what is wrong with single runs.
func (e *Experiment) outcome() []string {
	list := slices.Clone(e.Outcome)
	for _, r := range e.Runs {
		text := r.lost()
		if text == "" || r.Status == string(train.StatusDiverged) && len(e.Outcome) > 0 {
			continue
		}
		list = append([]string{text}, list...)
	}
	return list
}

// blocks are what is compared in one table and one set of charts: a sweep alone,
// single runs together with those that vary them.
func blocks(experiments []Experiment) [][]Experiment {
	var list [][]Experiment
	single := -1
	for _, e := range experiments {
		if len(e.Runs) == 1 && e.Varied == "" {
			if single < 0 {
				single, list = len(list), append(list, nil)
			}
			list[single] = append(list[single], e)
			continue
		}
		list = append(list, []Experiment{e})
	}
	return list
}

// blockSections are scores, samples and curves of runs that are compared.
func blockSections(block []Experiment, s *strips) []report.Section {
	var runs []Run
	var names []string
	for _, e := range block {
		runs = append(runs, e.Runs...)
		names = append(names, e.Name)
	}
	name, best := Run.fullName, ""
	if len(block) == 1 && len(runs) > 1 {
		name, best = Run.short, block[0].Best
	}
	of := listed(names)
	var scores []train.SweepRun
	for _, r := range runs {
		scores = append(scores, r.score(name(r)))
	}
	t := scoreTable(scores, runs)
	t.Title = "Scores of " + of
	t.Note = strings.TrimSpace(truth(runs))
	if best != "" {
		t.Note = fmt.Sprintf("Best by %s: %s. ", block[0].BestBy, best) + t.Note
		for i, r := range runs {
			if name(r) == best {
				t.Best = append(t.Best, report.Cell{Row: i, Column: 1})
				t.Rows[i][1] += ", best"
			}
		}
	}
	if !samePictures(runs) {
		t.Best = nil
	}
	sections := []report.Section{t}
	sections = append(sections, sampleSections(runs, s, name, best, of)...)
	return append(sections, curveSections(runs, s, name, of)...)
}

// sampleSections are the strips of compared runs, by what pictures they share, and
// why others have none.
func sampleSections(runs []Run, s *strips, name func(Run) string, best, of string) []report.Section {
	var sections []report.Section
	for set := range s.sets {
		var shown []Run
		for _, r := range runs {
			if r.Pictures != "" && r.strip.set == set {
				shown = append(shown, r)
			}
		}
		if len(shown) > 0 {
			section := stripsOf(shown, s, set, name, best)
			section.Title = "Samples of " + of
			sections = append(sections, section)
		}
	}
	var without []string
	for _, r := range runs {
		if r.Pictures == "" && r.strip.missing != "" {
			without = append(without, fmt.Sprintf("%s: %s.", name(r), r.strip.missing))
		}
	}
	if len(without) > 0 {
		text := report.Text{Points: without}
		if len(sections) == 0 {
			text.Title = "Samples of " + of
		}
		sections = append(sections, text)
	}
	return sections
}

// curveSections are the charts of compared runs, and the file that has them for
// readers of README.md.
func curveSections(runs []Run, s *strips, name func(Run) string, of string) []report.Section {
	var metrics []train.NamedMetrics
	for _, r := range runs {
		if r.readable() {
			metrics = append(metrics, train.NamedMetrics{Name: name(r), Lines: r.found.run.Metrics})
		}
	}
	curves := train.OverviewCurves(metrics)
	if len(curves.Charts) == 0 {
		return nil
	}
	curves.Title = "Learning curves of " + of
	experiment, _, _ := strings.Cut(runs[0].Name, " ")
	curves.File = s.curves(experiment, curves)
	return []report.Section{curves}
}
