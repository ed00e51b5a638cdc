// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/vet"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
)

// The patience with a job service: for its address to answer, for a job that it
// was told to cancel, and between two tries of a broken connection.
const (
	dialPatience   = 20 * time.Second
	cancelPatience = 30 * time.Second
	reconnectPause = time.Second
)

// runPortable runs the pipeline on a job service.
func runPortable(ctx context.Context, j Job, p *beam.Pipeline) (*metrics.Results, error) {
	if *jobopts.Strict {
		if _, err := vet.Execute(ctx, p); err != nil {
			return nil, fmt.Errorf("checking the pipeline: %w", err)
		}
	}
	connection, err := dial(ctx, *jobopts.Endpoint)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	client := jobpb.NewJobServiceClient(connection)
	env := environment{jobopts.GetEnvironmentUrn(ctx), environmentConfig}
	opts, follow := j.portableOptions(), follower{client: client, patience: cancelPatience, pause: reconnectPause}
	record := j.Record
	if jobopts.IsLoopback() {
		record = Record{} // without this process the job does nothing
		var stop func()
		if env, stop, err = loopback(ctx); err != nil {
			return nil, err
		}
		defer stop()
		logLocally()
		follow.grace = dofnPatience
	} else {
		worker, err := findWorkerBinary("")
		if err != nil {
			return nil, err
		}
		opts.Worker = worker.path
		if err := logRemotely(); err != nil {
			return nil, err
		}
	}
	pipeline, err := marshal(ctx, p, env)
	if err != nil {
		return nil, err
	}
	id, err := submit(ctx, client, pipeline, opts)
	if err != nil {
		return nil, fmt.Errorf("submitting to the job service at %s: %w", *jobopts.Endpoint, err)
	}
	follow.job = RemoteJob{Runner: j.Runner, ID: id, Name: opts.Name, Endpoint: *jobopts.Endpoint, Submitted: time.Now().UTC()}
	if j.Progress != nil && !jobopts.IsLoopback() {
		follow.progress = func(ctx context.Context) {
			if all, err := jobMetrics(ctx, client, id, pipeline); err == nil {
				j.Progress(counters(all))
			}
		}
	}
	if err := (watched{follow.job, record, j.Remote.Detach}).handedOver(ctx, follow.wait); err != nil {
		return nil, err
	}
	all, err := jobMetrics(ctx, client, id, pipeline)
	return lastMetrics(ctx, all, err), nil
}

// environmentConfig is -environment_config, or Beam's own image.
func environmentConfig(ctx context.Context) string {
	beamOptions.Lock() // Beam sets the flag
	defer beamOptions.Unlock()
	return jobopts.GetEnvironmentConfig(ctx)
}

// portableOptions are the options of the job for its service.
func (j Job) portableOptions() *runnerlib.JobOptions {
	return &runnerlib.JobOptions{
		Name:         j.jobName(time.Now()),
		Experiments:  jobopts.GetExperiments(),
		RetainDocker: *jobopts.RetainDockerContainers,
		Parallelism:  *jobopts.Parallelism,
		Loopback:     jobopts.IsLoopback(),
	}
}

func dial(ctx context.Context, endpoint string) (*grpc.ClientConn, error) {
	connection, err := grpcx.Dial(ctx, endpoint, dialPatience)
	if err != nil {
		return nil, fmt.Errorf("connecting to the job service at %s: %w", endpoint, err)
	}
	return connection, nil
}

// portableState asks a job service how a job is. A service that has been started
// anew does not know the jobs of the one before.
func portableState(ctx context.Context, job RemoteJob) (ending, error) {
	connection, err := dial(ctx, job.Endpoint)
	if err != nil {
		return ending{}, err
	}
	defer connection.Close()
	e, err := portableEnding(ctx, jobpb.NewJobServiceClient(connection), job.ID)
	switch code := status.Code(err); {
	// Some services throw an error of their own, which names the job. Any other may be
	// of a service in trouble, whose job goes on.
	case code == codes.NotFound, code == codes.Unknown && strings.Contains(err.Error(), job.ID):
		return ending{state: "unknown", over: true, err: fmt.Errorf("the job service at %s does not know it", job.Endpoint)}, nil
	default:
		return e, err
	}
}
