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
//	samples/           a grid of validation pictures for each epoch
//	checkpoints/       weights, optimizer and position; last.json, best.json
//	report.html        configuration, curves and samples
//
// # Resuming
//
// A checkpoint holds everything that the next step depends on: weights,
// running statistics, Adam's moments, the position in the schedule and the
// length of metrics.jsonl at that moment. A run that goes on from it computes
// the same numbers as an unbroken one where the backend does (the go backend
// does), and leaves the same metrics.jsonl.
//
// The package imports neither Beam nor flags; it writes to no terminal.
package train
