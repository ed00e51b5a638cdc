// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/api/googleapi"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
)

// How Dataflow is asked: soon after the job began, then less and less often; how
// often it may fail to answer; and how long a job may take to be cancelled, which
// takes it a minute or two.
const (
	firstPoll        = time.Second / 2
	lastPoll         = 30 * time.Second
	maxUnanswered    = 20
	createTries      = 6
	dataflowPatience = 4 * time.Minute
	maxSaid          = 5
)

// The states of a job that matter here.
const (
	stateRunning   = "JOB_STATE_RUNNING"
	stateDone      = "JOB_STATE_DONE"
	stateFailed    = "JOB_STATE_FAILED"
	stateCancelled = "JOB_STATE_CANCELLED"
)

// dataflowFollower submits one job to Dataflow and follows it to its end.
type dataflowFollower struct {
	api *df.Service
	job RemoteJob
	// sleep waits, and reports whether the context did not end meanwhile.
	sleep    func(context.Context, time.Duration) bool
	patience time.Duration
	// progress, where not nil, is called whenever the job is seen to run.
	progress func(context.Context)
}

// pace is the time between two calls: it grows by half each time.
type pace time.Duration

func (p *pace) next() time.Duration {
	d := time.Duration(*p)
	*p = pace(min(d+d/2, lastPoll))
	return d
}

// code is the HTTP status of an error of the service, 0 for a broken connection.
func code(err error) int {
	if g, ok := errors.AsType[*googleapi.Error](err); ok {
		return g.Code
	}
	return 0
}

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	c := code(err)
	return c == 0 || c == http.StatusTooManyRequests || c >= http.StatusInternalServerError
}

// wait returns nil if the job was a success. When ctx ends it cancels the job, and
// waits for that.
func (f *dataflowFollower) wait(ctx context.Context) error {
	ending, err := f.poll(ctx)
	if err != nil || ending.over {
		return f.verdict(ctx, ending, err)
	}
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	slog.WarnContext(lasting,
		fmt.Sprintf("cancelling %v, which takes a minute or two; interrupt once more to leave it to itself", f.job))
	timer := time.AfterFunc(f.patience, stop)
	defer timer.Stop()
	if err := f.cancel(lasting); err != nil {
		return &unfinishedError{f.job, err}
	}
	ending, err = f.poll(lasting)
	if err == nil && !ending.over {
		err = errEnding
	}
	return f.verdict(context.WithoutCancel(ctx), ending, err)
}

// verdict is the error of a job that has ended, or of one that is given up.
func (f *dataflowFollower) verdict(ctx context.Context, e ending, err error) error {
	if err != nil {
		return &unfinishedError{f.job, err}
	}
	if e.err == nil || e.state != stateFailed {
		return e.err
	}
	return fmt.Errorf("%w: %s", e.err, f.reasons(ctx))
}

// cancel asks for the job's end.
func (f *dataflowFollower) cancel(ctx context.Context) error {
	wait := pace(firstPoll)
	for try := 1; ; try++ {
		_, err := f.api.Projects.Locations.Jobs.Update(f.job.Project, f.job.Region, f.job.ID, &df.Job{RequestedState: stateCancelled}).
			Context(ctx).Do()
		if err == nil || !passing(err) { // refused: it may just have ended by itself, which the next poll sees
			return nil
		}
		if try == createTries || !f.sleep(ctx, wait.next()) {
			return fmt.Errorf("cancelling: %w", err)
		}
	}
}

// poll asks for the job's state until it is over or ctx ends.
func (f *dataflowFollower) poll(ctx context.Context) (ending, error) {
	wait := pace(firstPoll)
	last, unanswered := "", 0
	for {
		e, err := dataflowEnding(ctx, f.api, f.job)
		switch {
		case ctx.Err() != nil:
			return ending{state: last}, nil //nolint:nilerr // the caller asks ctx
		case err == nil:
			unanswered = 0
			if e.state != last {
				last = e.state
				slog.InfoContext(ctx, fmt.Sprintf("%v is %s", f.job, plainState(e.state)))
			}
			if e.over {
				return e, nil
			}
			if f.progress != nil && e.state == stateRunning {
				f.progress(ctx)
			}
		case !passing(err):
			return ending{}, err
		default:
			if unanswered++; unanswered > maxUnanswered {
				return ending{}, err
			}
		}
		if !f.sleep(ctx, wait.next()) {
			return ending{state: last}, nil
		}
	}
}

// plainState is a state's name as people say it.
func plainState(state string) string {
	return strings.ToLower(strings.TrimPrefix(state, "JOB_STATE_"))
}

// dataflowEnding asks Dataflow how a job is.
func dataflowEnding(ctx context.Context, api *df.Service, job RemoteJob) (ending, error) {
	answer, err := api.Projects.Locations.Jobs.Get(job.Project, job.Region, job.ID).Context(ctx).Do()
	if err != nil {
		return ending{}, err
	}
	e := ending{state: answer.CurrentState}
	switch answer.CurrentState {
	case stateDone:
		e.over = true
	case stateFailed:
		e.over, e.err = true, errors.New("the job failed")
	case stateCancelled:
		e.over, e.err = true, errJobCancelled
	case "JOB_STATE_DRAINED", "JOB_STATE_UPDATED":
		e.over, e.err = true, fmt.Errorf("the job was %s before it was done", plainState(e.state))
	default: // on its way, or JOB_STATE_STOPPED, which is how a job begins
	}
	return e, nil
}

// dataflowState asks for the state of a job that an earlier process has submitted.
func dataflowState(ctx context.Context, job RemoteJob) (ending, error) {
	api, err := dataflowClient(ctx, job.Endpoint)
	if err != nil {
		return ending{}, err
	}
	e, err := dataflowEnding(ctx, api, job)
	if code(err) == http.StatusNotFound {
		return ending{state: "unknown", over: true, err: errors.New("the service does not know it")}, nil
	}
	return e, err
}

// reasons are the last errors that the service said of the job.
func (f *dataflowFollower) reasons(ctx context.Context) string {
	var said []string
	err := f.api.Projects.Locations.Jobs.Messages.List(f.job.Project, f.job.Region, f.job.ID).MinimumImportance("JOB_MESSAGE_ERROR").
		Pages(ctx, func(page *df.ListJobMessagesResponse) error {
			for _, m := range page.JobMessages {
				if text := strings.TrimSpace(m.MessageText); !slices.Contains(said, text) {
					said = append(said, text)
				}
			}
			said = said[max(0, len(said)-maxSaid):]
			return nil
		})
	switch {
	case len(said) > 0:
		return strings.Join(said, "; ")
	case err != nil:
		return fmt.Sprintf("its messages cannot be read: %v", err)
	}
	return "see " + f.job.Page()
}

// metrics returns the job's metrics as they are now.
func (f *dataflowFollower) metrics(ctx context.Context, p *pipepb.Pipeline) (*metrics.Results, error) {
	answer, err := f.api.Projects.Locations.Jobs.GetMetrics(f.job.Project, f.job.Region, f.job.ID).Context(ctx).Do()
	if err != nil {
		return nil, err
	}
	known := slices.DeleteFunc(answer.Metrics, func(m *df.MetricUpdate) bool { return m.Name == nil }) // Beam reads the name
	return dataflowlib.FromMetricUpdates(known, p), nil
}
