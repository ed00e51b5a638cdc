// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// page lays the overview out.
func (o *Overview) page(s *strips) (report.Page, error) {
	p := report.Page{
		Title: o.Title, Lead: o.lead(), Facts: o.facts(), Footer: "chromabeam " + o.ToolVersion,
		Sections: []report.Section{o.reducedText()},
	}
	if o.Changed != nil {
		p.Sections = append(p.Sections, report.Text{Title: "Other settings that are not the recipes'", Points: o.Changed})
	}
	if lost := o.lost(); len(lost) > 0 {
		p.Sections = append(p.Sections, report.Text{Title: "Runs that did not come to their end", Boxed: true, Points: lost})
	}
	if o.Summary != nil {
		p.Sections = append(p.Sections, noteText("What came out", *o.Summary))
	}
	p.Sections = append(p.Sections, report.Contents{Title: "Contents"}, o.verdicts())
	side, err := glance(o.Experiments, s)
	if err != nil {
		return p, err
	}
	p.Sections = append(p.Sections, side...)
	anchors := map[string]bool{}
	for _, chapter := range chapters(o.Experiments) {
		p.Sections = append(p.Sections, chapterGroup(chapter, s, anchors))
	}
	p.Sections = append(p.Sections, o.dataGroup(anchors))
	return p, nil
}

func (o *Overview) lead() string {
	t := o.Totals
	text := fmt.Sprintf("%s of %s side by side: what each was to check, what it changed, and what came out.",
		capital(plural(t.Runs, "run")), plural(len(o.Experiments), "experiment"))
	if len(o.Lacking) > 0 {
		text += " No run is here of " + listed(o.Lacking) + "."
	}
	return text
}

func (o *Overview) facts() []report.Fact {
	t := o.Totals
	facts := []report.Fact{
		{Label: "experiments", Value: fmt.Sprint(len(o.Experiments)), Note: "variants included"},
		{Label: "runs done", Value: fmt.Sprintf("%d of %d", t.Done, t.Runs), Note: standing(t)},
		{Label: "minutes in all", Value: minutes(t.Seconds), Note: "compilation and validation included"},
	}
	for i, d := range o.DataSets {
		label := "pictures"
		if i > 0 {
			label = "pictures, " + d.Name
		}
		facts = append(facts, report.Fact{
			Label: label, Value: report.Grouped(int64(d.Train)),
			Note: fmt.Sprintf("of %d px, and %s for validation", d.Size, report.Grouped(int64(d.Validation))),
		})
	}
	return facts
}

// standing says how the runs stand that are not done.
func standing(t Totals) string {
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{{t.Diverged, "diverged"}, {t.Unfinished, "unfinished"}, {t.Damaged, "damaged"}, {t.Missing, "missing"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	return strings.Join(parts, ", ")
}

// reducedText is what must not be missed: that these are not the recipes' own sizes,
// or that they are.
func (o *Overview) reducedText() report.Text {
	text := report.Text{Title: "At the recipes' own sizes", Boxed: true}
	unknown := false
	for _, e := range o.Experiments {
		unknown = unknown || !e.known
	}
	switch {
	case len(o.Reduced) > 0:
		text.Title = "These runs are reduced"
		text.Paragraphs = []string{
			"They are smaller than the experiments that they stand for, and what is best here need not be best there:",
		}
		text.Points = o.Reduced
	case unknown:
		text.Title = "Sizes"
		text.Paragraphs = []string{
			"Nothing is reduced as far as recipes of this tool are concerned; " +
				"of the others nothing says what their own sizes are.",
		}
	default:
		text.Paragraphs = []string{
			"Every run that could be read has its recipe's own pictures, networks and epochs: nothing is reduced.",
		}
	}
	return text
}

// lost lists the runs that diverged, with where and why, and those that are not whole.
func (o *Overview) lost() []string {
	list := slices.Clone(o.Problems)
	for _, e := range o.Experiments {
		for _, r := range e.Runs {
			if text := r.lost(); text != "" {
				list = append(list, text)
			}
		}
	}
	return list
}

func (r Run) lost() string {
	switch r.Status {
	case string(train.StatusDone):
		return ""
	case string(train.StatusDiverged):
		text := fmt.Sprintf("%s diverged %s", r.Name, r.Where)
		if r.Why != "" {
			text += ": " + r.Why
		}
		return text + "."
	case statusMissing:
		return fmt.Sprintf("%s is missing: %s.", r.Name, r.Problem)
	case statusDamaged:
		return fmt.Sprintf("%s is damaged: %s.", r.Name, r.Problem)
	}
	return fmt.Sprintf("%s is unfinished: its status is %s, after epoch %d of %d and %s steps.", r.Name, r.Status,
		r.Result.Epochs, r.epochs(), report.Grouped(r.Result.Steps))
}

// epochs counts the epochs of all stages that the run is to have.
func (r Run) epochs() int {
	recipe := r.Used.Recipe
	return recipe.GeneratorEpochs + recipe.CriticEpochs + recipe.Epochs
}

func noteText(title string, n Note) report.Text {
	return report.Text{Title: title, Paragraphs: n.Paragraphs, Points: n.Points}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// listed joins parts as a sentence does.
func listed(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

var notInAnchors = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// anchor is a name as links lead to it, one that no other has.
func anchor(name string, taken map[string]bool) string {
	base := "e-" + notInAnchors.ReplaceAllString(report.Clip(name, 60), "-")
	at := base
	for n := 2; taken[at]; n++ {
		at = fmt.Sprintf("%s-%d", base, n)
	}
	taken[at] = true
	return at
}
