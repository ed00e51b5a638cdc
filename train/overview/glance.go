// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/report"
)

// glance shows the same validation pictures under every experiment, a section for
// each set of pictures; of a sweep its best run.
func glance(experiments []Experiment, s *strips) ([]report.Section, error) {
	var sections []report.Section
	for set := range s.sets {
		var runs []Run
		for _, e := range experiments {
			if r := e.chosen(); r.Pictures != "" && r.strip.set == set {
				runs = append(runs, r)
			}
		}
		if len(runs) == 0 {
			continue
		}
		section := stripsOf(runs, s, set, Run.fullName, "")
		section.Title = "The same pictures under every experiment"
		if len(sections) > 0 {
			section.Title = "Other pictures, under the experiments that were shown them"
		}
		section.Note = "The first pictures of the validation split, which no network learned from, " +
			"after the last epoch of each run; of a sweep its best run."
		rows := []sheetRow{{"gray", s.sets[set].gray}}
		for _, r := range runs {
			rows = append(rows, sheetRow{r.Name, r.strip})
		}
		name := "overview"
		if set > 0 {
			name = fmt.Sprintf("overview-%d", set+1)
		}
		var err error
		if section.File, err = s.sheet(name, append(rows, sheetRow{"true", s.sets[set].truth})); err != nil {
			return nil, err
		}
		sections = append(sections, section)
	}
	return sections, nil
}

func (r Run) fullName() string { return r.Name }

// stripsOf are the strips of runs that share a set of pictures, between gray and true.
func stripsOf(runs []Run, s *strips, set int, name func(Run) string, best string) report.Strips {
	shared := s.sets[set]
	row := func(label string, from strip, alt string) report.Strip {
		return report.Strip{Label: label, Source: from.file, Alt: alt, Width: from.width, Height: from.height}
	}
	section := report.Strips{Items: []report.Strip{
		row("gray", shared.gray, fmt.Sprintf("the gray input of %s", plural(shared.count, "validation picture"))),
	}}
	for _, r := range runs {
		label := name(r)
		one := row(label, r.strip, fmt.Sprintf("the colours that %s generated for them, after epoch %d", r.Name, r.strip.epoch))
		if !r.ended() || r.Status == "diverged" {
			one.Note = r.Status
		}
		one.Mark = best != "" && label == best
		section.Items = append(section.Items, one)
	}
	section.Items = append(section.Items, row("true", shared.truth, "the true pictures"))
	return section
}
