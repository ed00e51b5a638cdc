// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"strings"
)

// Original returns the recipe of this package that another was made from by
// settings ([Experiment.Apply]) or as a trial ([Experiment.Smoke]), found by its
// name: for a run of a sweep that run, for a sweep its base. It returns false
// where there is none of that name.
func Original(r Recipe) (Recipe, bool) {
	name, label, isRun := strings.Cut(r.Name, " ")
	e, err := FindExperiment(name)
	if err != nil {
		return Recipe{}, false
	}
	if !isRun {
		return e.Recipe, true
	}
	run, err := e.Only(label)
	return run.Recipe, err == nil
}

// Caveat says in a sentence or two what a result at another size than the
// original's is worth. It is empty where the size is the original's.
func Caveat(r Recipe) string {
	from, ok := Original(r)
	if !ok || from.Size == r.Size {
		return ""
	}
	text := fmt.Sprintf("This is at %d px, while recipe %s is for %d px: what is best here need not carry over.",
		r.Size, from.Name, from.Size)
	if here, there := balance(r), balance(from); here != there {
		text += fmt.Sprintf(" At an l1_weight of %g the gradient of L1 against the critic's is %s per picture here, and %s there.",
			r.L1Weight, here, there)
	}
	return text
}
