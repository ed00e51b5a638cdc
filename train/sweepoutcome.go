// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// sweepOutcome says which run was best in what, and holds that beside what the
// report says. As many runs as leftOut are there but are not compared.
func sweepOutcome(e recipes.Experiment, runs []SweepRun, leftOut int) []string {
	var sentences []string
	for _, run := range runs {
		if run.Result.Status == StatusDiverged {
			sentences = append(sentences, run.Label+": "+strings.TrimPrefix(ending(run.Result), "It "))
		}
	}
	done, all := doneRuns(runs), len(e.Labels())
	if done == 0 {
		sentences = append(sentences, "No run has come to its end.")
	}
	if done > 1 {
		sentences = append(sentences, bests(runs))
	}
	if done > 0 && done < all {
		text := fmt.Sprintf("That is of %d of %d runs", done, all)
		if leftOut > 0 {
			text += fmt.Sprintf(", without the %d that are left out", leftOut)
		}
		if done+leftOut < all {
			text += "; the others have not come to their end"
		}
		sentences = append(sentences, text+".")
	}
	for _, sentence := range []string{claim(e.Vary, runs), recipes.Caveat(e.Recipe)} {
		if sentence != "" {
			sentences = append(sentences, sentence)
		}
	}
	return sentences
}

// bests lists for each run what it is best in. What several share, as far as the
// printed figures go, is none's.
func bests(runs []SweepRun) string {
	of := make([][]string, len(runs))
	var shared, parts []string
	for _, c := range scoreColumns(runs) {
		at := c.best(runs)
		if at < 0 {
			continue
		}
		text := fmt.Sprintf("%s %s (%s)", c.superlative, c.long, c.text(runs[at]))
		if c.shared(runs, at) {
			shared = append(shared, text)
		} else {
			of[at] = append(of[at], text)
		}
	}
	for i, run := range runs {
		if len(of[i]) > 0 {
			parts = append(parts, run.Label+" has the "+listed(of[i]))
		}
	}
	if len(shared) > 0 {
		parts = append(parts, "several runs share the "+listed(shared))
	}
	text := strings.Join(parts, "; ") + "."
	if v := runs[max(0, scoreColumns(runs)[0].best(runs))].Final(); v != nil && v.TrueColorfulness > 0 {
		text += fmt.Sprintf(" The true pictures have a colourfulness of %.1f.", v.TrueColorfulness)
	}
	return text
}

// shared tells whether another run that came to its end prints the same score.
func (c scoreColumn) shared(runs []SweepRun, at int) bool {
	for i, run := range runs {
		if i != at && run.Result.Status == StatusDone && c.text(run) == c.text(runs[at]) {
			return true
		}
	}
	return false
}

// claim holds what the report calls best beside what is.
func claim(v recipes.Vary, runs []SweepRun) string {
	claimed := v.BestLabel()
	if claimed == "" || doneRuns(runs) < 2 {
		return ""
	}
	text := fmt.Sprintf("The report calls %s best; here ", claimed)
	at := slices.IndexFunc(runs, func(r SweepRun) bool { return r.Label == claimed })
	if at < 0 || runs[at].Result.Status != StatusDone {
		return text + "that run has not come to its end."
	}
	of := make([][]string, len(runs))
	for _, c := range scoreColumns(runs) {
		switch best := c.best(runs); {
		case best < 0:
		case c.text(runs[best]) == c.text(runs[at]):
			of[at] = append(of[at], c.superlative+" "+c.long)
		default:
			of[best] = append(of[best], fmt.Sprintf("%s %s (%s, against %s)", c.superlative, c.long, c.text(runs[best]), c.text(runs[at])))
		}
	}
	var parts []string
	for i, run := range runs {
		if len(of[i]) > 0 && i != at {
			parts = append(parts, run.Label+" has the "+listed(of[i]))
		}
	}
	if len(parts) == 0 {
		return text + "no run has a better score, either."
	}
	if len(of[at]) > 0 {
		parts = append(parts, "it has the "+listed(of[at])+" itself")
	}
	return text + strings.Join(parts, "; ") + "."
}

// listed joins parts as a sentence does.
func listed(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
