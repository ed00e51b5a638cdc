// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RemoteJob names a job on an engine elsewhere.
type RemoteJob struct {
	Runner string `json:"runner"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	// Endpoint is the address of the job service, or of Dataflow where it is
	// another than Google's.
	Endpoint string `json:"endpoint,omitempty"`
	// Project and Region are those of a job on Dataflow.
	Project string `json:"project,omitempty"`
	Region  string `json:"region,omitempty"`
	// Submitted is when the job was handed over.
	Submitted time.Time `json:"submitted"`
}

// String names the job in a sentence.
func (r RemoteJob) String() string { return fmt.Sprintf("job %s on %s", r.ID, r.Runner) }

// Page is where a person can look at the job, empty where that is not known.
func (r RemoteJob) Page() string {
	if r.Project == "" {
		return ""
	}
	return fmt.Sprintf("https://console.cloud.google.com/dataflow/jobs/%s/%s?project=%s", r.Region, r.ID, r.Project)
}

// Follow says how to look at the job, and Cancel how to end it.
func (r RemoteJob) Follow() string {
	if r.Project == "" {
		return fmt.Sprintf("run the same command again, which asks the job service at %s", r.Endpoint)
	}
	return fmt.Sprintf("gcloud dataflow jobs describe %s --project=%s --region=%s", r.ID, r.Project, r.Region)
}

// Cancel says how to end the job by hand.
func (r RemoteJob) Cancel() string {
	if r.Project == "" {
		return fmt.Sprintf("cancel it in the web page of %s", r.Runner)
	}
	return fmt.Sprintf("gcloud dataflow jobs cancel %s --project=%s --region=%s", r.ID, r.Project, r.Region)
}

// DetachedError ends a [Run] with Remote.Detach: the job goes on without this
// process. It is no failure. What comes after the pipeline is done by the next
// run of the same request, once the job has ended.
type DetachedError struct{ Job RemoteJob }

// Error says which job goes on.
func (e *DetachedError) Error() string { return fmt.Sprintf("%v was left running", e.Job) }

// AsDetached returns the job that an error says was left running.
func AsDetached(err error) (RemoteJob, bool) {
	if d, ok := errors.AsType[*DetachedError](err); ok {
		return d.Job, true
	}
	return RemoteJob{}, false
}

// unfinishedError says that a job was given up that may still be running.
type unfinishedError struct {
	job RemoteJob
	err error // why
}

func (e *unfinishedError) Error() string {
	return fmt.Sprintf("%v may still be running: %v; to end it: %s", e.job, e.err, e.job.Cancel())
}

func (e *unfinishedError) Unwrap() error { return e.err }

// errEnding is why a job that was told to end is given up.
var errEnding = errors.New("it was told to end and has not done so yet")

// interrupted is the error of a run whose context has ended, with word of a job
// that could not be stopped.
func interrupted(ctx context.Context, err error) error {
	if u, ok := errors.AsType[*unfinishedError](err); ok {
		return fmt.Errorf("%w: %w", ctx.Err(), u)
	}
	return ctx.Err()
}
