// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"errors"
	"fmt"
)

// Options say what to set side by side.
type Options struct {
	// Runs are run folders, folders of sweeps, or folders that hold such folders.
	Runs []string
	// Output is the folder that the overview is written to; it is made where it is
	// not there.
	Output string
	// Title heads the page; empty for a title of our own.
	Title string
	// Notes is a file of paragraphs to show beside the experiments, see [ParseNotes];
	// empty for none.
	Notes string
	// Overwrite replaces files of the overview's names that are not its own, or that
	// have been changed since it wrote them.
	Overwrite bool
	// ToolVersion is recorded on the page.
	ToolVersion string
}

// Validate returns every problem of the options, joined.
func (o Options) Validate() error {
	var problems []error
	if len(o.Runs) == 0 {
		problems = append(problems, errors.New("an overview must be of one run folder or more, got none"))
	}
	if o.Output == "" {
		problems = append(problems, errors.New("output must name a folder, got none"))
	}
	for i, run := range o.Runs {
		if run == "" {
			problems = append(problems, fmt.Errorf("run %d must name a folder, got none", i+1))
		}
	}
	return errors.Join(problems...)
}

// Result is what was written.
type Result struct {
	// Page is the path of index.html.
	Page string `json:"page"`
	// Experiments and Runs count what the page shows. Done, Diverged, Unfinished,
	// Damaged and Missing count the runs by how they stand.
	Experiments int `json:"experiments"`
	Totals
	// Files and Bytes are what the folder's own files come to.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Problems says in a sentence each what could not be read.
	Problems []string `json:"problems,omitempty"`
}

// Totals count runs by how they stand.
type Totals struct {
	Runs       int `json:"runs"`
	Done       int `json:"done"`
	Diverged   int `json:"diverged"`
	Unfinished int `json:"unfinished"`
	Damaged    int `json:"damaged"`
	Missing    int `json:"missing"`
	// Seconds is the time that all runs took together, as far as they say.
	Seconds float64 `json:"seconds"`
}
