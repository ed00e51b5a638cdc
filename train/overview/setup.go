// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// setting is a line of what was used against the recipe's own.
type setting struct {
	name string
	own  func(recipes.Recipe) string
	used func(Used) string
}

func settings() []setting {
	of := func(name string, get func(recipes.Recipe) string) setting {
		return setting{name, get, func(u Used) string { return get(u.Recipe) }}
	}
	only := func(name string, used func(Used) string) setting {
		return setting{name, func(recipes.Recipe) string { return "" }, used}
	}
	count := report.Grouped
	return []setting{
		of("size, px", func(r recipes.Recipe) string { return fmt.Sprint(r.Size) }),
		of("num_downs", func(r recipes.Recipe) string { return fmt.Sprint(r.Downs) }),
		of("filters of the generator", func(r recipes.Recipe) string { return fmt.Sprint(r.Filters) }),
		{"weights of the generator", ownWeights, func(u Used) string { return count(u.Parameters) }},
		of("critic", criticWords),
		only("weights of the critic", func(u Used) string {
			if u.CriticParameters == 0 {
				return "none"
			}
			return count(u.CriticParameters)
		}),
		of("epochs of generator, critic, both", epochWords),
		of("train_batch_size", func(r recipes.Recipe) string { return fmt.Sprint(r.TrainBatchSize) }),
		{
			"pictures for training",
			func(r recipes.Recipe) string { return orAll(r.TrainLimit) },
			func(u Used) string { return count(int64(u.Train)) },
		},
		{
			"pictures for validation",
			func(r recipes.Recipe) string { return orAll(r.ValLimit) },
			func(u Used) string { return count(int64(u.Validation)) },
		},
		only("backend", func(u Used) string { return u.Backend }),
		only("device", func(u Used) string { return u.Device }),
		{"precision", func(recipes.Recipe) string { return "float32" }, func(u Used) string { return u.Precision }},
		{"seed", func(r recipes.Recipe) string { return fmt.Sprint(r.Seed) }, func(u Used) string { return fmt.Sprint(u.Seed) }},
	}
}

// ownWeights counts a recipe's generator, if it is a recipe that can be built.
func ownWeights(r recipes.Recipe) string {
	if r.Validate() != nil {
		return ""
	}
	return report.Grouped(r.Generator().ParameterCount())
}

func criticWords(r recipes.Recipe) string {
	if r.Critic == model.CriticNone || r.Critic == "" {
		return "none"
	}
	return fmt.Sprintf("%s, %d filters", r.Critic, r.CriticFilters)
}

func epochWords(r recipes.Recipe) string {
	if r.Critic == model.CriticNone || r.Critic == "" {
		return fmt.Sprint(r.Epochs)
	}
	return fmt.Sprintf("%d, %d, %d", r.GeneratorEpochs, r.CriticEpochs, r.Epochs)
}

// setup is the table of what each experiment of a chapter was trained with, against
// its recipe's own form.
func setup(experiments []Experiment) report.Table {
	t := report.Table{
		Title: "Trained with", RowHeads: true, Caption: "What was used, beside the recipes' own values",
		Columns: []report.Column{{Name: "setting"}},
	}
	for _, e := range experiments {
		t.Columns = append(t.Columns, report.Column{Name: e.Name + ", recipe"}, report.Column{Name: e.Name + ", here"})
	}
	for _, s := range settings() {
		row := []string{s.name}
		for _, e := range experiments {
			own := ""
			if e.known {
				own = ownValue(e, s)
			}
			row = append(row, own, usedValue(e, s))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// ownValue is a setting in the recipe's own form, in all runs of a sweep.
func ownValue(e Experiment, s setting) string {
	var values []string
	for _, run := range e.own.Runs() {
		values = append(values, s.own(run.Recipe))
	}
	return distinct(values)
}

func usedValue(e Experiment, s setting) string {
	var values []string
	for _, r := range e.Runs {
		if r.readable() {
			values = append(values, report.Legible(s.used(*r.Used)))
		}
	}
	return distinct(values)
}

// distinct joins values, each once.
func distinct(values []string) string {
	var list []string
	for _, v := range values {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return strings.Join(list, "; ")
}

// dataGroup says what data sets, versions and commands the page depends on.
func (o *Overview) dataGroup(anchors map[string]bool) report.Group {
	g := report.Group{ID: anchor("data", anchors), Title: "Data, versions and commands"}
	if o.DataNote != nil {
		g.Sections = append(g.Sections, noteText("About the data", *o.DataNote))
	}
	data := report.Table{
		Title: "Data sets", RowHeads: true, Caption: "What the runs were trained on",
		Columns: []report.Column{
			{Name: "data set"}, {Name: "px", Numeric: true}, {Name: "training", Numeric: true}, {Name: "validation", Numeric: true},
			{Name: "licence note of the data set"}, {Name: "SHA-256 of its manifest"},
		},
	}
	for _, d := range o.DataSets {
		license := d.License
		if license == "" {
			license = "not at hand: the data set is not at its place any more"
		}
		data.Rows = append(data.Rows, []string{
			d.Name, fmt.Sprint(d.Size), report.Grouped(int64(d.Train)), report.Grouped(int64(d.Validation)), license, d.Manifest,
		})
	}
	g.Sections = append(g.Sections, data, o.versionTable(), o.commandTable())
	return g
}

// versionTable lists versions, and which runs have them where they differ.
func (o *Overview) versionTable() report.Table {
	t := report.Table{
		Title: "Versions", RowHeads: true, Caption: "What the runs were trained by",
		Columns: []report.Column{{Name: "what"}, {Name: "version"}, {Name: "runs"}},
	}
	all := 0
	runs := map[[2]string][]string{}
	for _, e := range o.Experiments {
		for _, r := range e.Runs {
			if !r.readable() {
				continue
			}
			all++
			for what, version := range r.Used.Versions {
				runs[[2]string{what, version}] = append(runs[[2]string{what, version}], r.Name)
			}
		}
	}
	for key, of := range runs {
		who := "all"
		if len(of) < all {
			who = strings.Join(of, ", ")
		}
		t.Rows = append(t.Rows, []string{key[0], key[1], who})
	}
	slices.SortFunc(t.Rows, slices.Compare[[]string])
	return t
}

// commandTable lists how each experiment is trained in its recipe's own form.
func (o *Overview) commandTable() report.Table {
	t := report.Table{
		Title: "Commands", Note: "Of the recipes' own forms. What was reduced here is set with -set, as said above.",
		RowHeads: true, Caption: "How each experiment is trained",
		Columns: []report.Column{{Name: "experiment"}, {Name: "command"}},
	}
	for _, e := range o.Experiments {
		if e.known {
			t.Rows = append(t.Rows, []string{e.Name, e.Command})
		}
	}
	return t
}
