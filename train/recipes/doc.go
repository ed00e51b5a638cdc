// SPDX-License-Identifier: Apache-2.0

// Package recipes holds the training experiments, one file each: what is
// trained, on which schedule, and what is expected of it.
//
// A [Recipe] is a typed value; its JSON keys are the names that the report
// uses ("d_coef", "l1_weight", "g_epochs_num"), so that its tables can be read
// beside ours. The effective recipe of a run is saved in the run's folder, and
// testdata pins each recipe as JSON: one diff shows what an experiment changed.
//
// The package describes; it trains nothing. It imports the model package for
// its configurations and their rules.
package recipes
