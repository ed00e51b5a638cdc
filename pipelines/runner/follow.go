// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
)

// follower follows one job of a job service to its end.
type follower struct {
	client jobpb.JobServiceClient
	job    RemoteJob
	// grace is how long the job's own DoFns may take to end it once the driver's
	// context has ended, before the service is told to cancel it; patience is how
	// long that may take. pause is before a broken connection is tried again.
	grace, patience, pause time.Duration
	// progress, where not nil, is called every progressPause.
	progress func(context.Context)
}

const progressPause = 2 * time.Second

// maxBroken is how often in a row the connection to a job service may break.
const maxBroken = 10

// errJobCancelled is the end of a job that somebody has cancelled. Beam calls it a
// success.
var errJobCancelled = errors.New("the job was cancelled")

// wait returns nil if the job was a success. When ctx ends it cancels the job, and
// waits for that.
func (f follower) wait(ctx context.Context) error {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		defer stop()
		if !sleep(watching, f.grace) {
			return
		}
		// Of the service's answer too, which may never come.
		timer := time.AfterFunc(f.patience, stop)
		defer timer.Stop()
		request := &jobpb.CancelJobRequest{JobId: f.job.ID}
		if _, err := f.client.Cancel(watching, request); err != nil && watching.Err() == nil {
			slog.WarnContext(watching, fmt.Sprintf("cancelling %v: %v", f.job, err))
		}
		<-watching.Done()
	})()
	if f.progress != nil {
		var reports sync.WaitGroup
		defer reports.Wait()
		defer stop()
		reports.Go(func() {
			for sleep(watching, progressPause) {
				f.progress(watching)
			}
		})
	}
	return f.follow(watching)
}

// follow listens to the job until it is over.
func (f follower) follow(ctx context.Context) error {
	var said []string // errors
	broken := 0
	for {
		heard, err := f.listen(ctx, &said)
		end, stateErr := portableEnding(ctx, f.client, f.job.ID)
		if stateErr == nil && end.over {
			return end.because(said)
		}
		if ctx.Err() != nil {
			return &unfinishedError{f.job, errEnding}
		}
		if heard {
			broken = 0
		}
		if broken++; broken > maxBroken {
			if stateErr == nil {
				stateErr = fmt.Errorf("the service says no more of it, only that it is %s", end.state)
			}
			return &unfinishedError{f.job, cmp.Or(stateErr, err)}
		}
		sleep(ctx, f.pause)
	}
}

// listen logs what the job's service says until it has no more to say, or the
// connection breaks. It reports whether it said anything, and collects errors.
func (f follower) listen(ctx context.Context, said *[]string) (heard bool, err error) {
	stream, err := f.client.GetMessageStream(ctx, &jobpb.JobMessagesRequest{JobId: f.job.ID})
	if err != nil {
		return false, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return heard, nil
		}
		if err != nil {
			return heard, err
		}
		heard = true
		if state := answer.GetStateResponse(); state != nil {
			slog.InfoContext(ctx, fmt.Sprintf("%v is %v", f.job, state.GetState()))
		}
		if m := answer.GetMessageResponse(); m != nil {
			text := strings.TrimSpace(m.GetMessageText())
			slog.Log(ctx, levelOf(m.GetImportance()), text)
			if m.GetImportance() >= jobpb.JobMessage_JOB_MESSAGE_ERROR && text != "" {
				*said = append(*said, text)
			}
		}
	}
}

func levelOf(importance jobpb.JobMessage_MessageImportance) slog.Level {
	switch importance {
	case jobpb.JobMessage_JOB_MESSAGE_ERROR:
		return slog.LevelError
	case jobpb.JobMessage_JOB_MESSAGE_WARNING:
		return slog.LevelWarn
	case jobpb.JobMessage_JOB_MESSAGE_BASIC:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// portableEnding asks a job service how a job is.
func portableEnding(ctx context.Context, client jobpb.JobServiceClient, id string) (ending, error) {
	answer, err := client.GetState(ctx, &jobpb.GetJobStateRequest{JobId: id})
	if err != nil {
		return ending{}, err
	}
	state := answer.GetState()
	e := ending{state: state.String()}
	switch state {
	case jobpb.JobState_DONE:
		e.over = true
	case jobpb.JobState_CANCELLED:
		e.over, e.err = true, errJobCancelled
	case jobpb.JobState_FAILED:
		e.over, e.err = true, errors.New("the job failed")
	case jobpb.JobState_DRAINED, jobpb.JobState_UPDATED:
		e.over, e.err = true, fmt.Errorf("the job was %s before it was done", strings.ToLower(e.state))
	default: // on its way, or STOPPED, which is how a job begins
	}
	return e, nil
}

// because returns the error of an end with what the engine said of it. The last
// error is the cause; those before it have its stack.
func (e ending) because(said []string) error {
	if e.err == nil || len(said) == 0 {
		return e.err
	}
	return fmt.Errorf("%w: %s", e.err, said[len(said)-1])
}
