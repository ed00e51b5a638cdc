// SPDX-License-Identifier: Apache-2.0

// Package recipes holds the training experiments, one file each: what is
// trained, on which schedule, and what is expected of it.
//
// A [Recipe] is a typed value; its JSON keys are the names that the report
// uses ("d_coef", "l1_weight", "g_epochs_num"), so that its tables can be read
// beside ours. An [Experiment] is one recipe, or a sweep over one of its keys:
// a [Run] each. The effective recipe of a run is saved in the run's folder, and
// testdata pins each experiment as JSON: one diff shows what it changed.
//
// What the report leaves open is ours and listed in [About.Ours]. In all
// recipes: the generator's norm (batch norm, as pix2pix) and width (the pix2pix
// paper's), Adam's betas and epsilon, the constant rate, the seed, and that
// pictures are not mirrored, gradients not clipped and weights not averaged.
//
// The package describes; it trains nothing. It imports the model package for
// its configurations and their rules.
package recipes
