// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"slices"
	"strings"
)

// ours returns the keys that the report leaves open in every experiment, and
// those that it leaves open in this one, in the order of [Keys].
func ours(more ...string) []string {
	throughout := []string{
		"flip", "filters", "norm", "lr_schedule", "beta1", "beta2", "epsilon", "clip_norm", "ema", "seed",
	}
	var list []string
	for _, key := range Keys() {
		if slices.Contains(throughout, key) || slices.Contains(more, key) {
			list = append(list, key)
		}
	}
	return list
}

// oursOfPatchGAN returns what the report leaves open wherever its critic is the
// PatchGAN, and more.
func oursOfPatchGAN(more ...string) []string {
	return ours(append(more, "val_batch_size", "critic_conditional", "critic_filters", "critic_norm", "gp_reduction")...)
}

// trainCommand returns the command that trains a recipe on a data set.
func trainCommand(name, data string) string {
	return "chromabeam train -recipe " + name + " -data " + data + " -output runs/" + name
}

// withFlags returns a training's command with more flags. A command that trains
// on no data set of the user's takes none.
func withFlags(command string, flags ...string) string {
	head, tail, found := strings.Cut(command, " -data ")
	if !found {
		return command
	}
	return strings.Join(append([]string{head}, flags...), " ") + " -data " + tail
}
