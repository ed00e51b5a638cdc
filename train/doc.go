// SPDX-License-Identifier: Apache-2.0

// Package train follows a recipe: it feeds prepared pictures to a network,
// validates it, and keeps a run folder from which a broken run goes on as if
// nothing had happened.
//
// # Run folder
//
//	recipe.json        the effective recipe
//	model.json         the generator's configuration, for model.OpenColorizer
//	run.json           status, data set, versions, backend
//	metrics.jsonl      losses by step and by epoch; no clock in it
//	timings.jsonl      how long each epoch took, across resumptions
//	samples/           a grid of validation pictures for each epoch, and of the
//	                   last epoch's best and worst; extremes.json names those
//	checkpoints/       weights, optimizers and position; last.json, best.json
//	events/            what metrics.jsonl and samples hold, for TensorBoard
//	report.html        configuration, curves and samples
//
// A sweep's folder holds sweep.json, a run folder for each run, named by its
// label, and report.html, which compares them.
//
// # A step
//
// A stage trains the generator alone on L1, the critic alone, or both: then a
// step is d_coef critic steps, each on a batch of the critic's own stream, and
// one of the generator. program.go builds these as executables whose rates and
// weights are inputs; sampler.go decides what each reads.
//
// # Resuming
//
// A checkpoint holds everything that the next step depends on: the weights of
// both networks, running statistics, moving averages, Adam's moments, the
// position in the schedule and the length of metrics.jsonl at that moment. A run
// that goes on from it computes the same numbers as an unbroken one where the
// backend does (the go backend does), and leaves the same metrics.jsonl. Where
// the last checkpoint is damaged, the one before it is taken.
//
// The package imports neither Beam nor flags; it writes to no terminal.
package train
