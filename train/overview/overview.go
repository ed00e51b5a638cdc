// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// kind is what report.json says that it is.
const kind = "chromabeam overview"

// Overview is report.json: all that the page shows but for its pictures.
type Overview struct {
	Kind        string `json:"kind"`
	Title       string `json:"title"`
	ToolVersion string `json:"tool_version"`
	Totals      Totals `json:"totals"`
	// Lacking names the experiments of the report that none of the runs is of.
	Lacking []string `json:"lacking,omitempty"`
	// Reduced says in sentences what the runs have less of than their recipes' own
	// forms, and Changed what else they changed in them.
	Reduced  []string  `json:"reduced,omitempty"`
	Changed  []string  `json:"changed,omitempty"`
	Problems []string  `json:"problems,omitempty"`
	Summary  *Note     `json:"summary,omitempty"`
	DataNote *Note     `json:"data_note,omitempty"`
	DataSets []DataSet `json:"data_sets"`
	// Experiments are in the report's order, each followed by its variants.
	Experiments []Experiment `json:"experiments"`
	// Files are the overview's own beside report.json.
	Files []File `json:"files"`
}

// DataSet is one that runs were trained on.
type DataSet struct {
	Name     string `json:"name"`
	Manifest string `json:"manifest_sha256"`
	Size     int    `json:"size"`
	// Train and Validation are the most pictures that a run used.
	Train      int `json:"train"`
	Validation int `json:"validation"`
	// License is the data set's own note, empty where the data set is not at its
	// place any more.
	License string   `json:"license_note,omitempty"`
	Runs    []string `json:"runs"`
}

// Experiment is one experiment with its runs.
type Experiment struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Section    string `json:"section,omitempty"`
	Hypothesis string `json:"hypothesis"`
	Expected   string `json:"expected"`
	Command    string `json:"command"`
	// Against names the experiment that Changes compares this one with, both in their
	// recipes' own forms.
	Against string   `json:"against,omitempty"`
	Changes []string `json:"changes,omitempty"`
	// Varied is the key of a sweep, Best the label of its best run by BestBy, and
	// ReportBest what the report calls best.
	Varied     string   `json:"varied,omitempty"`
	Best       string   `json:"best,omitempty"`
	BestBy     string   `json:"best_by,omitempty"`
	ReportBest string   `json:"report_best,omitempty"`
	Outcome    []string `json:"outcome,omitempty"`
	Note       *Note    `json:"note,omitempty"`
	Runs       []Run    `json:"runs"`

	own   recipes.Experiment
	known bool // own is a recipe of this tool
	sweep *recipes.Experiment
}

// Run is one run, as far as it can be read.
type Run struct {
	Name string `json:"name"`
	// Label is the name within a sweep.
	Label string `json:"label,omitempty"`
	// Folder is the run's place below the folder that was named.
	Folder string `json:"folder"`
	// Status is the run's own, or damaged or missing, which Problem explains. Where
	// and Why say of a run that diverged where and why it did.
	Status  string `json:"status"`
	Problem string `json:"problem,omitempty"`
	Where   string `json:"where,omitempty"`
	Why     string `json:"why,omitempty"`
	Used    *Used  `json:"used,omitempty"`
	// Reduced and Changed compare Used with the recipe's own form.
	Reduced []string      `json:"reduced,omitempty"`
	Changed []string      `json:"changed,omitempty"`
	Result  *train.Result `json:"result,omitempty"`
	Outcome []string      `json:"outcome,omitempty"`
	Seconds float64       `json:"seconds,omitempty"`
	// Pictures is the path of the run's strip, SamplesAfter the epoch it was made
	// after.
	Pictures     string         `json:"pictures,omitempty"`
	SamplesAfter int            `json:"samples_after,omitempty"`
	Curves       map[string]any `json:"curves,omitempty"`

	found found
	strip strip
}

// Used is what a run was trained with, against which the recipe's own form can be
// held.
type Used struct {
	Recipe           recipes.Recipe    `json:"recipe"`
	Backend          string            `json:"backend"`
	Device           string            `json:"device"`
	Precision        string            `json:"precision"`
	Seed             uint64            `json:"seed"`
	Manifest         string            `json:"manifest_sha256"`
	Train            int               `json:"train"`
	Validation       int               `json:"validation"`
	Parameters       int64             `json:"parameters"`
	CriticParameters int64             `json:"critic_parameters,omitempty"`
	StartedFrom      string            `json:"started_from,omitempty"`
	Versions         map[string]string `json:"versions"`
}

// ended tells whether a run's scores are those of its end.
func (r Run) ended() bool {
	return r.Status == string(train.StatusDone) || r.Status == string(train.StatusDiverged)
}

// readable tells whether there is anything of the run but its place.
func (r Run) readable() bool { return r.Used != nil }

// score is the run as package train compares runs, under a name.
func (r Run) score(name string) train.SweepRun {
	s := train.SweepRun{Label: name, Result: train.Result{Status: train.Status(r.Status)}}
	if r.Result != nil {
		s.Result = *r.Result
		if s.Result.Steps > 0 {
			s.Result.Report = "index.html" // it has epochs and steps to show
		}
	}
	return s
}

// scores are the runs of an experiment, for a comparison among them.
func (e *Experiment) scores() []train.SweepRun {
	list := make([]train.SweepRun, len(e.Runs))
	for i, r := range e.Runs {
		list[i] = r.score(r.short())
	}
	return list
}

// short is the name of a run beside others of its experiment.
func (r Run) short() string {
	if r.Label != "" {
		return r.Label
	}
	return r.Name
}

// chosen is the run that stands for the experiment: its best, or its first that can
// be read.
func (e *Experiment) chosen() Run {
	at, _ := train.BestRun(e.scores())
	if at < 0 {
		at = max(0, slices.IndexFunc(e.Runs, Run.readable))
	}
	return e.Runs[at]
}

// countRuns counts how the runs stand.
func (o *Overview) countRuns() Totals {
	var t Totals
	for _, e := range o.Experiments {
		for _, r := range e.Runs {
			t.Runs++
			t.Seconds += r.Seconds
			switch r.Status {
			case string(train.StatusDone):
				t.Done++
			case string(train.StatusDiverged):
				t.Diverged++
			case statusDamaged:
				t.Damaged++
			case statusMissing:
				t.Missing++
			default:
				t.Unfinished++
			}
		}
	}
	return t
}

// deviceWords is a device's description without the paths of the machine.
func deviceWords(description string) string {
	var kept []string
	for part := range strings.SplitSeq(description, ", ") {
		if !strings.ContainsAny(part, `/\`) {
			kept = append(kept, part)
		}
	}
	return report.Legible(strings.Join(kept, ", "))
}
