// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Experiment is one recipe, or a sweep: the same recipe several times, with one
// key varied. It is a plain value; its slices are shared by copies and not to
// be written to.
type Experiment struct {
	Recipe
	// Vary is the key of a sweep and its values, empty for a single run.
	Vary Vary `json:"vary,omitzero"`
}

// Vary is what a sweep varies.
type Vary struct {
	// Key is varied, over Values as [Recipe.Set] takes them.
	Key    string   `json:"key"`
	Values []string `json:"values"`
	// Labels names the runs where a value does not: those of a trial
	// ([Experiment.Smoke]), whose values are smaller. Empty means key=value.
	Labels []string `json:"labels,omitempty"`
	// Best is the value that the report calls best, empty where it names none.
	Best string `json:"best,omitempty"`
}

// BestLabel returns the label of the run that the report calls best, empty where
// it names none.
func (v Vary) BestLabel() string {
	if v.Best == "" {
		return ""
	}
	return v.Key + "=" + v.Best
}

// Run is one training of an experiment.
type Run struct {
	// Label tells the runs of a sweep apart, such as "l1_weight=25"; it is
	// empty for a single run. It can serve as a file's name.
	Label string `json:"label"`
	// Recipe is complete. Its name has the label behind that of the experiment,
	// its command trains this run alone.
	Recipe Recipe `json:"recipe"`
}

// single is an experiment of one run.
func single(r Recipe) Experiment { return Experiment{Recipe: r} }

// Sweep tells whether the experiment varies a key.
func (e Experiment) Sweep() bool { return e.Vary.Key != "" }

// Reproduces tells whether the experiment is one of the report's own, not a
// variant of it and not a recipe of ours.
func (e Experiment) Reproduces() bool { return e.Section != "" && e.Section == e.Name }

// Labels returns the labels of the runs, in order: that of a single run is
// empty.
func (e Experiment) Labels() []string {
	switch {
	case !e.Sweep():
		return []string{""}
	case len(e.Vary.Labels) > 0:
		return slices.Clone(e.Vary.Labels)
	}
	labels := make([]string, len(e.Vary.Values))
	for i, value := range e.Vary.Values {
		labels[i] = e.Vary.Key + "=" + value
	}
	return labels
}

// Runs returns the experiment's runs in order. It panics on a sweep that
// [Experiment.Validate] refuses for its key, values or labels; those of the
// registry are sound.
func (e Experiment) Runs() []Run {
	if !e.Sweep() {
		return []Run{{Recipe: e.Recipe}}
	}
	if err := e.sweepProblems(); err != nil {
		panic(fmt.Errorf("making the runs of %s: %w", e.Name, err))
	}
	runs := make([]Run, len(e.Vary.Values))
	for i, label := range e.Labels() {
		r := e.Recipe
		// It cannot fail: the value has been tried above.
		_ = r.Set(e.Vary.Key, e.Vary.Values[i])
		r.Name = e.Name + " " + label
		r.Command = withFlags(e.Command, "-only "+label)
		runs[i] = Run{Label: label, Recipe: r}
	}
	return runs
}

// Only returns the run of a label. The error names the labels there are.
func (e Experiment) Only(label string) (Run, error) {
	labels := e.Labels()
	switch i := slices.Index(labels, label); {
	case i >= 0:
		return e.Runs()[i], nil
	case !e.Sweep():
		return Run{}, fmt.Errorf("recipe %s is a single run, and has none called %q", e.Name, label)
	default:
		return Run{}, fmt.Errorf("recipe %s has no run called %q; there are %s", e.Name, label, strings.Join(labels, ", "))
	}
}

// Validate returns every problem of every run, joined. What is wrong in the
// same way with several runs is said once.
func (e Experiment) Validate() error {
	if err := e.sweepProblems(); err != nil {
		return err
	}
	var problems []error
	seen := map[string]bool{}
	for _, run := range e.Runs() {
		for _, err := range run.Recipe.problems() {
			if !seen[err.Error()] {
				seen[err.Error()] = true
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(problems...)
}

// sweepProblems looks at the sweep itself.
func (e Experiment) sweepProblems() error {
	if !e.Sweep() {
		return nil
	}
	var problems []error
	if len(e.Vary.Values) < 2 {
		problems = append(problems, fmt.Errorf("a sweep must have two values or more, got %q", e.Vary.Values))
	}
	for _, value := range e.Vary.Values {
		r := e.Recipe
		problems = append(problems, r.Set(e.Vary.Key, value))
	}
	labels := e.Labels()
	if len(labels) != len(e.Vary.Values) {
		problems = append(problems, fmt.Errorf("a sweep must have a label for each of its %d values, got %d",
			len(e.Vary.Values), len(labels)))
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(labels))); len(unique) < len(labels) {
		problems = append(problems, fmt.Errorf("the labels of a sweep must differ, got %q", labels))
	}
	// A wrong value is not to be blamed on what is called best.
	best := e.Vary.BestLabel()
	if errors.Join(problems...) == nil && best != "" && !slices.Contains(labels, best) {
		return fmt.Errorf("the best of a sweep must be one of its runs %q, got %q", labels, best)
	}
	return errors.Join(problems...)
}
