// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromabeam/chromabeam/pipelines/runner"
)

// runnerChoice is where a command's pipelines run.
type runnerChoice struct {
	name   string
	remote runner.Remote
}

// runnerFlags adds -runner, those for runners elsewhere, and Beam's own flags.
func runnerFlags(fs *flagSet, name *string, remote *runner.Remote) {
	fs.StringVar(name, "runner", runner.Default, "Beam runner: "+strings.Join(runner.Names(), ", "))
	runner.RemoteFlags(fs.FlagSet, remote)
	fs.beamFlags()
}

// detached prints the job that an error says was left running, which is what was
// asked for. Any other error is returned.
func (t terminal) detached(asJSON bool, output string, err error) error {
	job, ok := runner.AsDetached(err)
	if !ok {
		return err
	}
	if page := job.Page(); page != "" {
		fmt.Fprintf(t.stderr, "the job is at %s\n", page)
	}
	fmt.Fprintf(t.stderr, "to follow it: %s\nto end it: %s\nwhen it is done, run the same command again: it goes on from there\n",
		job.Follow(), job.Cancel())
	fields := []field{{"detached", job.ID}, {"runner", job.Runner}, {"name", job.Name}}
	if job.Project != "" {
		fields = append(fields, field{"project", job.Project}, field{"region", job.Region})
	} else {
		fields = append(fields, field{"endpoint", job.Endpoint})
	}
	return t.result(asJSON, job, append(fields, field{"output", output})...)
}

// submission shows what an engine elsewhere would be handed over, if there is one.
func (t terminal) submission(s *runner.Submission) {
	if s == nil {
		return
	}
	encoder := json.NewEncoder(t.stderr)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	// A broken pipe on standard error is no fault of ours.
	_ = encoder.Encode(s)
}
