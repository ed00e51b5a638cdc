// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"slices"
	"strings"
)

// All returns every experiment: the report's in its order, their variants, and
// our own.
func All() []Experiment {
	return []Experiment{
		single(baseline()), single(vanilla()), single(wganGP()), single(delayed()), single(patchGAN()),
		single(oneChannel()), l1Weight(), batchSize(), criticSteps(),
		single(noDelay()), single(patchGANMean()), single(threeChannels()), l1WeightMean(),
		single(animeFinal()), single(builtin()), single(photos()), single(demo()),
	}
}

// FindExperiment returns the experiment of the given name. The error names the
// ones there are.
func FindExperiment(name string) (Experiment, error) {
	all := All()
	names := make([]string, len(all))
	for i, e := range all {
		if e.Name == name {
			return e, nil
		}
		names[i] = e.Name
	}
	return Experiment{}, fmt.Errorf("no recipe is called %q; there are %s", name, strings.Join(names, ", "))
}

// Find returns the recipe of the given name where it is a single run. The error
// names the recipes there are, or the runs of a sweep.
func Find(name string) (Recipe, error) {
	e, err := FindExperiment(name)
	if err != nil {
		return Recipe{}, err
	}
	if e.Sweep() {
		return Recipe{}, fmt.Errorf("recipe %s is a sweep, of the runs %s", name, strings.Join(e.Labels(), ", "))
	}
	return e.Recipe, nil
}

// Groups returns all experiments in three groups: the report's, variants of
// them, and our own.
func Groups() (report, variants, own []Experiment) {
	all := All()
	pick := func(in func(Experiment) bool) []Experiment {
		return slices.DeleteFunc(slices.Clone(all), func(e Experiment) bool { return !in(e) })
	}
	return pick(Experiment.Reproduces),
		pick(func(e Experiment) bool { return e.Section != "" && !e.Reproduces() }),
		pick(func(e Experiment) bool { return e.Section == "" })
}
