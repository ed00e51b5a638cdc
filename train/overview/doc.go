// SPDX-License-Identifier: Apache-2.0

// Package overview sets several experiments side by side on one page: what each was
// to check, what it changed, how it ended, its curves and its samples, out of the
// folders that package train leaves.
//
// A folder of an overview holds
//
//	index.html    the page
//	README.md     the same for hosts of code that show no HTML
//	report.json   every figure of the page, and the files that are the overview's
//	pictures/     a strip of samples for each run, and the curves as SVG
//
// It is made from the run folders alone, with no clock: the same runs give the same
// bytes. Runs that are damaged, missing, unfinished or diverged are shown as such. A
// run that is not its recipe at the recipe's own size says in words what was reduced.
//
// The package imports neither Beam nor flags; it writes to no terminal.
package overview
