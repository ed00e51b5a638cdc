// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/report"
)

// reductions says in words what a run has less of than its recipe's own form: pictures,
// their size, width of the networks, epochs.
func reductions(own, used recipes.Recipe) []string {
	var list []string
	if used.Size < own.Size {
		list = append(list, fmt.Sprintf("pictures of %d px instead of %d, and num_downs %d instead of %d",
			used.Size, own.Size, used.Downs, own.Downs))
	} else if used.Downs < own.Downs {
		list = append(list, fmt.Sprintf("num_downs %d instead of %d", used.Downs, own.Downs))
	}
	less := func(format string, x, y int) {
		if x < y {
			list = append(list, fmt.Sprintf(format, x, y))
		}
	}
	less("a generator %d filters wide instead of %d", used.Filters, own.Filters)
	less("a critic %d filters wide instead of %d", used.CriticFilters, own.CriticFilters)
	fewer := func(of string, x, y int) {
		if x < y {
			list = append(list, fmt.Sprintf("%s%s instead of %d", plural(x, "epoch"), of, y))
		}
	}
	fewer(" of the generator alone", used.GeneratorEpochs, own.GeneratorEpochs)
	fewer(" of the critic alone", used.CriticEpochs, own.CriticEpochs)
	if own.CriticSteps > 0 {
		fewer(" of both networks", used.Epochs, own.Epochs)
	} else {
		fewer("", used.Epochs, own.Epochs)
	}
	for _, limit := range []struct {
		what      string
		own, used int
	}{{"training", own.TrainLimit, used.TrainLimit}, {"validation", own.ValLimit, used.ValLimit}} {
		if limit.used != 0 && (limit.own == 0 || limit.used < limit.own) {
			list = append(list, fmt.Sprintf("the first %s %s pictures instead of %s",
				report.Grouped(int64(limit.used)), limit.what, orAll(limit.own)))
		}
	}
	return list
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func orAll(n int) string {
	if n == 0 {
		return "all"
	}
	return report.Grouped(int64(n))
}

// reducedKeys are the keys that reductions speaks of.
func reducedKeys() []string {
	return []string{
		"size", "num_downs", "filters", "critic_filters", "g_epochs_num", "d_epochs_num", "epochs_num", "train_limit", "val_limit",
	}
}

// otherChanges lists what else a run changes in its recipe's own form, such as
// "d_coef 3 -> 2", and what of the above it has more of.
func otherChanges(own, used recipes.Recipe) []string {
	var list []string
	for _, key := range recipes.Differences(own, used) {
		x, _ := own.Value(key)
		y, _ := used.Value(key)
		if slices.Contains(reducedKeys(), key) && smaller(key, own, used) {
			continue
		}
		list = append(list, fmt.Sprintf("%s %v instead of %v", key, y, x))
	}
	return list
}

// smaller tells whether a key is among the reductions.
func smaller(key string, own, used recipes.Recipe) bool {
	x, _ := own.Value(key)
	y, _ := used.Value(key)
	before, isNumber := x.(int)
	after, _ := y.(int)
	switch {
	case !isNumber:
		return false
	case key == "num_downs" && used.Size < own.Size:
		return true
	case key == "train_limit" || key == "val_limit":
		return after != 0 && (before == 0 || after < before)
	}
	return after < before
}

// common is one thing that is said of several experiments.
type common struct {
	text string
	of   []string
}

// gather joins what is said of several experiments in the same words, in the order
// in which it is first said.
func gather(names []string, said map[string][]string) []common {
	var list []common
	for _, name := range names {
		for _, text := range said[name] {
			at := slices.IndexFunc(list, func(c common) bool { return c.text == text })
			if at < 0 {
				list, at = append(list, common{text: text}), len(list)
			}
			if !slices.Contains(list[at].of, name) {
				list[at].of = append(list[at].of, name)
			}
		}
	}
	return list
}

// sentence says it of all experiments, or names what it is said of.
func (c common) sentence(all []string) string {
	if len(all) > 1 && slices.Equal(c.of, all) {
		return "All experiments: " + c.text + "."
	}
	return strings.Join(c.of, ", ") + ": " + c.text + "."
}

// said joins what is said of runs into sentences about experiments, or about single
// runs where it does not go for all that the experiment has.
func (o *Overview) said(of func(Run) []string) []string {
	var list []common
	note := func(text, name string) {
		at := slices.IndexFunc(list, func(c common) bool { return c.text == text })
		if at < 0 {
			list, at = append(list, common{text: text}), len(list)
		}
		list[at].of = append(list[at].of, name)
	}
	for _, e := range o.Experiments {
		names, said := e.sayings(of)
		for _, c := range gather(names, said) {
			if len(c.of) == len(names) {
				note(c.text, e.Name)
				continue
			}
			for _, run := range c.of {
				note(c.text, run)
			}
		}
	}
	var sentences []string
	for _, c := range list {
		sentences = append(sentences, c.sentence(o.names()))
	}
	return sentences
}

// names lists the experiments of which a run can be read.
func (o *Overview) names() []string {
	var list []string
	for _, e := range o.Experiments {
		if slices.ContainsFunc(e.Runs, Run.readable) {
			list = append(list, e.Name)
		}
	}
	return list
}

// sayings returns what is said of each run that can be read, by its name.
func (e *Experiment) sayings(of func(Run) []string) (names []string, said map[string][]string) {
	said = map[string][]string{}
	for _, r := range e.Runs {
		if r.readable() {
			names = append(names, r.Name)
			said[r.Name] = of(r)
		}
	}
	return names, said
}
