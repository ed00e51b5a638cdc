// SPDX-License-Identifier: Apache-2.0

// Package gpu holds the tests of run.sh and summary.py, which measure and train on
// a machine with a GPU; README.md is about those. It has no other code.
package gpu
