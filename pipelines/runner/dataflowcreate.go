// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	df "google.golang.org/api/dataflow/v1b3"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// create submits the job and returns its id. An answer may be lost: the job has an
// id of ours, by which a second submission is known to be the same.
func (f *dataflowFollower) create(ctx context.Context, s *dataflowJob) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	// From here on a job may be running, whose id must be known to cancel it.
	lasting, stop := outlive(ctx, submitPatience)
	defer stop()
	wait := pace(firstPoll)
	for try := 1; ; try++ {
		answer, err := f.api.Projects.Locations.Jobs.Create(s.options.Project, s.options.Region, s.job).Context(lasting).Do()
		switch {
		case err == nil:
			return answer.Id, nil
		case code(err) == http.StatusConflict:
			return f.sameName(lasting, s, err)
		case !passing(err):
			return "", fault.Request("submitting to Dataflow: %w", err)
		case try == createTries || !f.sleep(ctx, wait.next()):
			if id, none := f.sameName(lasting, s, err); none == nil {
				return id, nil
			}
			return "", fmt.Errorf("submitting to Dataflow: %w", err)
		}
	}
}

// sameName looks at the job that has the name already: this very one, or another.
// Beam itself follows whichever it is.
func (f *dataflowFollower) sameName(ctx context.Context, s *dataflowJob, refused error) (string, error) {
	other := ""
	err := f.api.Projects.Locations.Jobs.List(s.options.Project, s.options.Region).Filter("ACTIVE").Name(s.options.Name).
		Pages(ctx, func(page *df.ListJobsResponse) error {
			for _, job := range page.Jobs {
				if job.Name == s.options.Name {
					other = job.Id
				}
			}
			return nil
		})
	if err != nil || other == "" {
		return "", fault.Request("submitting to Dataflow: %w", errors.Join(refused, err))
	}
	whole, err := f.api.Projects.Locations.Jobs.Get(s.options.Project, s.options.Region, other).View("JOB_VIEW_ALL").
		Context(ctx).Do()
	if err == nil && (whole.ClientRequestId == s.job.ClientRequestId || whole.Labels[requestLabel] == s.job.ClientRequestId) {
		return other, nil
	}
	running := RemoteJob{ID: other, Project: s.options.Project, Region: s.options.Region}
	return "", fault.Request("submitting to Dataflow: job %s with the name %q is running already: "+
		"give another -job_name, or end that one (%s)", other, s.options.Name, running.Cancel())
}
