// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/metricsx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"

	"github.com/chromabeam/chromabeam/transforms/progress"
)

// externalEnvironment names the worker environment of a running process.
const externalEnvironment = "beam:env:external:v1"

// environment says how workers are started.
type environment struct {
	urn    string
	config func(context.Context) string
}

// marshal returns the pipeline as engines read it.
func marshal(ctx context.Context, p *beam.Pipeline, env environment) (*pipepb.Pipeline, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, fmt.Errorf("building the pipeline: %w", err)
	}
	described, err := graphx.CreateEnvironment(ctx, env.urn, env.config)
	if err != nil {
		return nil, fmt.Errorf("describing the worker environment: %w", err)
	}
	pipeline, err := graphx.Marshal(edges, &graphx.Options{
		Environment:           described,
		PipelineResourceHints: jobopts.GetPipelineResourceHints(),
	})
	if err != nil {
		return nil, fmt.Errorf("marshaling the pipeline: %w", err)
	}
	return pipeline, nil
}

// loopback starts workers in this process. They are those of a job whose driver
// is ctx, and live until they are stopped.
func loopback(ctx context.Context) (environment, func(), error) {
	// The workers' connections outlive ctx; DoFns bind to it themselves.
	connections := context.WithoutCancel(ctx)
	workers, err := extworker.StartLoopback(progress.WithDriver(connections, ctx), 0)
	if err != nil {
		return environment{}, nil, fmt.Errorf("starting the worker service: %w", err)
	}
	stop := func() { _ = workers.Stop(connections) } // always nil
	return environment{externalEnvironment, workers.EnvironmentConfig}, stop, nil
}

// submit hands a pipeline to a job service and returns the job's id. The worker
// binary is the file of that name; empty where workers run already.
func submit(
	ctx context.Context, client jobpb.JobServiceClient, pipeline *pipepb.Pipeline, opts *runnerlib.JobOptions,
) (id string, err error) {
	worker, clean, err := stagedBinary(opts.Worker)
	if err != nil {
		return "", fmt.Errorf("staging the job: %w", err)
	}
	defer clean()
	if err := runnerlib.UpdateGoEnvironmentWorker(worker, pipeline); err != nil {
		return "", fmt.Errorf("staging the job: %w", err)
	}
	beamOptions.Lock()
	prepared, endpoint, staging, err := runnerlib.Prepare(ctx, client, pipeline, opts)
	beamOptions.Unlock()
	if err != nil {
		return "", err
	}
	token, err := runnerlib.Stage(ctx, prepared, endpoint, worker, staging)
	if err != nil {
		return "", err
	}
	// From here on a job may be running, whose id must be known to cancel it.
	lasting, stop := outlive(ctx, submitPatience)
	defer stop()
	return runnerlib.Submit(lasting, client, prepared, token)
}

// submitPatience is how long an interrupted driver waits for a job's id.
const submitPatience = 20 * time.Second

// outlive returns a context that goes on for a while after ctx has ended.
func outlive(ctx context.Context, patience time.Duration) (context.Context, func()) {
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		sleep(lasting, patience)
		stop()
	})
	return lasting, func() { forget(); stop() }
}

// stagedBinary returns a file to stage. The protocol wants a worker binary; where
// workers run already an empty file will do.
func stagedBinary(worker string) (path string, clean func(), err error) {
	if worker != "" {
		return worker, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "chromabeam-job-*")
	if err != nil {
		return "", nil, err
	}
	clean = func() {
		if err := os.RemoveAll(dir); err != nil {
			slog.Warn("removing the folder of a staged job: " + err.Error())
		}
	}
	path = filepath.Join(dir, "worker")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		clean()
		return "", nil, err
	}
	return path, clean, nil
}

// jobMetrics returns a job's metrics as they are now.
func jobMetrics(ctx context.Context, client jobpb.JobServiceClient, id string, p *pipepb.Pipeline) (*metrics.Results, error) {
	answer, err := client.GetJobMetrics(ctx, &jobpb.GetJobMetricsRequest{JobId: id})
	if err != nil {
		return nil, err
	}
	m := answer.GetMetrics()
	return metricsx.FromMonitoringInfos(p, m.GetAttempted(), m.GetCommitted()), nil
}

// lastMetrics are those of a job that is done. That there are none is no fault of
// the job.
func lastMetrics(ctx context.Context, all *metrics.Results, err error) *metrics.Results {
	if err != nil {
		slog.WarnContext(ctx, "asking for the job's metrics: "+err.Error())
		return nil
	}
	return all
}

// sleep waits, and reports whether ctx did not end meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
