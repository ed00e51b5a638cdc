// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromabeam/chromabeam/train/recipes"
)

// before returns the experiment that another is held against: the one before it in
// the report; of a variant that of its section; of the final recipe on faces 6.7,
// whose recipe it is.
func before(e recipes.Experiment) (recipes.Experiment, bool) {
	name := e.Section
	switch {
	case e.Name == "anime-final":
		name = "6.7"
	case e.Reproduces():
		own, _, _ := recipes.Groups()
		at := slices.IndexFunc(own, func(x recipes.Experiment) bool { return x.Name == e.Name })
		if at < 1 {
			return recipes.Experiment{}, false
		}
		return own[at-1], true
	}
	base, err := recipes.FindExperiment(name)
	return base, err == nil
}

// changesAgainst lists what an experiment changes in another, with what they vary.
func changesAgainst(base, e recipes.Experiment) []string {
	var list []string
	if e.Sweep() && !slices.Equal(e.Vary.Values, base.Vary.Values) {
		list = append(list, fmt.Sprintf("%s is varied: %s", e.Vary.Key, strings.Join(e.Vary.Values, ", ")))
	}
	if base.Sweep() && base.Vary.Key != e.Vary.Key {
		value, _ := e.Value(base.Vary.Key)
		list = append(list, fmt.Sprintf("%s is %v, no longer varied", base.Vary.Key, value))
	}
	for _, line := range recipes.Changes(base.Recipe, e.Recipe) {
		if key, _, _ := strings.Cut(line, " "); key != e.Vary.Key && key != base.Vary.Key {
			list = append(list, strings.ReplaceAll(line, " -> ", " → "))
		}
	}
	return list
}
