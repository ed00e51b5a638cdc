// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/shard"
)

// shownProblems bounds the problems on a data set's page.
const shownProblems = 100

// DatasetPage describes a data set for [Render]: what is wrong with it,
// what it holds by split, a contact sheet, histograms, and pictures that more
// than one split has. The report must have a survey, as [shard.Examine] makes
// it when it decodes the pictures.
func DatasetPage(title string, r shard.Report) (Page, error) {
	if r.Survey == nil {
		return Page{}, fmt.Errorf("describing %q: the report must have a survey", title)
	}
	p := Page{Title: title, Lead: lead(r), Facts: datasetFacts(r)}
	if !r.OK() {
		p.Sections = append(p.Sections, problemTable(r))
	}
	p.Sections = append(p.Sections, splitTable(r), meanColors(r))
	for _, s := range r.Survey.Splits {
		if len(s.Sheet) == 0 {
			continue
		}
		c, err := contactSheet(s)
		if err != nil {
			return Page{}, err
		}
		p.Sections = append(p.Sections, c)
	}
	p.Sections = append(p.Sections, datasetHistograms(*r.Survey))
	for _, t := range []struct {
		title, note string
		twins       *shard.Twins
	}{
		{"In more than one split", "Equal colour pictures. What a split is to test has been seen in training.", &r.Duplicates},
		{"Alike in more than one split", "Pictures whose perceptual hashes differ in a few of 64 bits.", r.NearDuplicates},
	} {
		if t.twins == nil || t.twins.Count == 0 {
			continue
		}
		g, err := twinGallery(t.title, t.note, *t.twins)
		if err != nil {
			return Page{}, err
		}
		p.Sections = append(p.Sections, g)
	}
	p.Sections = append(p.Sections, settingsTable(r.Info))
	return p, nil
}

func lead(r shard.Report) string {
	sound := "Every file is as the description says, and every gray picture is that of its colour picture."
	if !r.OK() {
		sound = plural(len(r.Problems), "problem") + " found; damaged shards: " + Grouped(int64(len(r.Damaged()))) + "."
	}
	return fmt.Sprintf("%s of %d x %d pixels in %s. %s",
		plural(r.Samples, "pair"), r.Info.Size, r.Info.Size, plural(r.Shards, "shard"), sound)
}

// plural writes a count with its noun: "1 shard", "1,200 shards".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Grouped(int64(n)) + " " + noun
}

func datasetFacts(r shard.Report) []Fact {
	all := r.Survey.All
	facts := []Fact{
		{Label: "pictures", Value: Grouped(int64(r.Samples)), Note: plural(r.Info.Rejects, "reject")},
		{Label: "size", Value: Size(r.Bytes), Note: perPicture(all)},
		{Label: "problems", Value: Grouped(int64(len(r.Problems))), Note: plural(len(r.Damaged()), "damaged shard")},
		{Label: "duplicates across splits", Value: Grouped(int64(r.Duplicates.Count)), Note: "equal pictures"},
		{Label: "colourfulness", Value: fmt.Sprintf("%.1f", all.MeanColorfulness), Note: "mean; 0 is gray, above 80 vivid"},
		{
			Label: "nearly colourless", Value: percent(all.Colorless, all.Samples),
			Note: fmt.Sprintf("%s below %d", plural(all.Colorless, "picture"), shard.Colorless),
		},
	}
	if near := r.NearDuplicates; near != nil {
		count := Grouped(int64(near.Count))
		facts = append(facts, Fact{Label: "near duplicates across splits", Value: count, Note: "by perceptual hash"})
	}
	return facts
}

func perPicture(s shard.SplitSurvey) string {
	if s.Samples == 0 {
		return ""
	}
	return Size(s.Bytes/int64(s.Samples)) + " a pair"
}

// Size prints a number of bytes with three digits or so: "512 B", "1.2 MB".
// Units are powers of 1000.
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), 0
	for v >= 999.5 && unit < 6 {
		v, unit = v/1000, unit+1
	}
	digits := 0
	if v < 9.95 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %cB", digits, v, " kMGTPE"[unit])
}

func percent(n, of int) string {
	if of == 0 {
		return "0%"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
}

func problemTable(r shard.Report) Table {
	t := Table{Title: "Problems", Columns: []Column{{Name: "File"}, {Name: "Problem"}, {Name: "Sample"}}}
	for i, p := range r.Problems {
		if i == shownProblems {
			t.Note = fmt.Sprintf("The first %d of %s.", shownProblems, Grouped(int64(len(r.Problems))))
			break
		}
		t.Rows = append(t.Rows, []string{p.File, p.Text, shortKey(p.Sample)})
	}
	return t
}

// shortKey is enough of a key to find it by.
func shortKey(key string) string {
	const enough = 12
	if len(key) <= enough {
		return key
	}
	return key[:enough] + "…"
}

func splitTable(r shard.Report) Table {
	t := Table{
		Title: "Splits",
		Note:  "Measured over the pictures in which nothing is wrong.",
		Columns: []Column{
			{Name: "Split"}, {Name: "Pictures", Numeric: true}, {Name: "Share", Numeric: true}, {Name: "Shards", Numeric: true},
			{Name: "PNG bytes", Numeric: true}, {Name: "Colourfulness", Numeric: true}, {Name: "Nearly colourless", Numeric: true},
		},
	}
	for i, s := range r.Survey.Splits {
		t.Rows = append(t.Rows, splitRow(r, s, len(r.Info.Splits[i].Shards)))
	}
	t.Rows = append(t.Rows, splitRow(r, r.Survey.All, r.Shards))
	return t
}

func splitRow(r shard.Report, s shard.SplitSurvey, shards int) []string {
	return []string{
		s.Name, Grouped(int64(s.Samples)), percent(s.Samples, r.Survey.All.Samples), Grouped(int64(shards)),
		Size(s.Bytes), fmt.Sprintf("%.1f", s.MeanColorfulness), percent(s.Colorless, s.Samples),
	}
}

func settingsTable(i shard.Info) Table {
	t := Table{Title: "Description", Columns: []Column{{Name: "Setting"}, {Name: "Value"}}}
	add := func(name, format string, args ...any) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprintf(format, args...)})
	}
	add("size", "%d", i.Size)
	add("fit", "%s", i.Fit)
	add("formula", "%s", i.Formula)
	add("seed", "%d", i.Seed)
	add("validation and test", "%g%% and %g%%", i.ValPercent, i.TestPercent)
	add("copies left out", "%s", Grouped(int64(i.Duplicates)))
	add("rejects", "%s", Grouped(int64(i.Rejects)))
	if i.LicenseNote != "" {
		add("licence", "%s", i.LicenseNote)
	}
	add("written by", "chromabeam %s", i.ToolVersion)
	add("manifest", "%s", i.ManifestSHA256)
	return t
}
