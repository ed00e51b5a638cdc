// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// collect sorts runs into experiments and compares each with its recipe's own form.
func collect(f *finder) Overview {
	o := Overview{Kind: kind, Problems: f.problems}
	for _, one := range f.list {
		o.add(one)
	}
	slices.SortStableFunc(o.Experiments, func(a, b Experiment) int {
		return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), strings.Compare(a.Name, b.Name))
	})
	for i := range o.Experiments {
		o.Experiments[i].finish()
	}
	o.Reduced = o.said(func(r Run) []string { return r.Reduced })
	o.Changed = o.said(func(r Run) []string { return r.Changed })
	var names []string
	for _, e := range o.Experiments {
		names = append(names, e.Name)
	}
	o.Lacking = lacking(names)
	o.Totals = o.countRuns()
	o.DataSets = dataSets(o.Experiments)
	return o
}

// place is an experiment's place on the page: the report's in its order, each
// followed by its variants, our own, and then what is no recipe of this tool.
func place(name string) int {
	all := recipes.All()
	section := func(e recipes.Experiment) int {
		if e.Section == "" {
			return len(all)
		}
		return slices.IndexFunc(all, func(base recipes.Experiment) bool { return base.Name == e.Section })
	}
	at := slices.IndexFunc(all, func(e recipes.Experiment) bool { return e.Name == name })
	if at < 0 {
		return (len(all) + 2) * len(all)
	}
	return section(all[at])*len(all) + at
}

// lacking lists the report's experiments that are not among the names.
func lacking(names []string) []string {
	all, _, _ := recipes.Groups()
	var list []string
	for _, e := range all {
		if !slices.Contains(names, e.Name) {
			list = append(list, e.Name)
		}
	}
	return list
}

// add puts a run into its experiment.
func (o *Overview) add(one found) {
	name := one.experiment()
	at := slices.IndexFunc(o.Experiments, func(e Experiment) bool { return e.Name == name })
	if at < 0 {
		o.Experiments = append(o.Experiments, newExperiment(name, one))
		at = len(o.Experiments) - 1
	}
	e := &o.Experiments[at]
	if e.sweep == nil {
		e.sweep = one.sweep
	}
	e.Runs = append(e.Runs, newRun(name, one))
}

// experiment is the name of what the run is one of: of a run that cannot be read the
// folder's, which may be the recipe's.
func (f found) experiment() string {
	name := path.Base(f.name)
	switch {
	case f.sweep != nil:
		name = f.sweep.Name
	case f.run.Recipe.Name != "":
		name = f.run.Recipe.Name
	}
	name, _, _ = strings.Cut(name, " ")
	return report.Legible(cmp.Or(name, "unnamed"))
}

func newExperiment(name string, one found) Experiment {
	e := Experiment{Name: name}
	own, err := recipes.FindExperiment(name)
	e.known = err == nil
	if !e.known {
		own = recipes.Experiment{Recipe: one.run.Recipe}
		if one.sweep != nil {
			own = *one.sweep
		}
	}
	e.own = own
	e.Title, e.Section = report.Legible(own.Title), report.Legible(own.Section)
	e.Hypothesis, e.Expected, e.Command = report.Legible(own.Hypothesis), report.Legible(own.Expected), own.Command
	if !e.known {
		return e
	}
	e.Varied, e.ReportBest = own.Vary.Key, own.Vary.BestLabel()
	if base, ok := before(own); ok {
		e.Against, e.Changes = base.Name, changesAgainst(base, own)
	}
	return e
}

// newRun describes a run beside its recipe's own form.
func newRun(experiment string, one found) Run {
	r := Run{
		Name: experiment, Label: one.label, Folder: one.name, Status: report.Legible(one.status), Problem: one.problem, found: one,
	}
	if one.label == "" {
		_, label, _ := strings.Cut(one.run.Recipe.Name, " ")
		r.Label = report.Legible(label)
	}
	if r.Label != "" {
		r.Name += " " + r.Label
	}
	if one.status == statusDamaged || one.status == statusMissing {
		return r
	}
	run := one.run
	used := run.Recipe
	used.Command = ""
	versions := map[string]string{}
	for k, v := range run.Versions {
		versions[report.Legible(k)] = report.Legible(v)
	}
	r.Used = &Used{
		Recipe: used, Backend: report.Legible(run.Backend), Device: deviceWords(run.Device), Precision: precision(run),
		Seed: run.Seed, Manifest: report.Legible(run.Manifest), Train: run.Train, Validation: run.Validation,
		Parameters: run.Parameters, CriticParameters: run.CriticParameters, Versions: versions,
	}
	if run.Init != "" {
		r.Used.StartedFrom = report.Legible(filepath.Base(run.Init))
	}
	if own, ok := recipes.Original(run.Recipe); ok {
		r.Reduced, r.Changed = reductions(own, run.Recipe), otherChanges(own, run.Recipe)
	}
	result := run.Result
	result.Status = train.Status(r.Status)
	result.Report, result.Cause = "", report.Legible(result.Cause)
	r.Result, r.Seconds, r.Outcome, r.Curves = &result, run.Seconds, run.Outcome(), figures(run.Metrics)
	r.Where, r.Why, _ = run.Divergence()
	r.Where, r.Why = report.Legible(r.Where), report.Legible(r.Why)
	return r
}

// precision is what networks were computed in, as far as the run says.
func precision(run train.FolderRun) string {
	return report.Legible(cmp.Or(run.Precision, "not recorded"))
}

// finish names runs apart and says what came of the experiment.
func (e *Experiment) finish() {
	for i := range e.Runs {
		r := &e.Runs[i]
		same := slices.ContainsFunc(e.Runs, func(x Run) bool {
			return x.Folder != r.Folder && x.found.folder != r.found.folder && x.Label == r.Label
		})
		if same {
			r.Name += " (" + r.Folder + ")"
		}
	}
	if len(e.Runs) < 2 {
		e.Outcome = e.Runs[0].Outcome
		return
	}
	scores := e.scores()
	if at, by := train.BestRun(scores); at >= 0 {
		e.Best, e.BestBy = e.Runs[at].short(), by
	}
	compared := e.own
	if e.sweep != nil {
		compared = *e.sweep
	}
	if compared.Sweep() {
		e.Outcome = train.SweepOutcome(compared, scores)
	}
}
