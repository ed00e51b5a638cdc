// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/metricsx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"

	"github.com/chromabeam/chromabeam/transforms/progress"
)

// prismServer is the process's in-memory job service. It serves every job of
// the process and cannot be stopped. It listens on a port of its own choosing.
var prismServer = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	return prism.CreateJobServer(context.Background(), prism.Options{})
})

// prismPrepare guards Beam's global options, which preparing a job writes.
var prismPrepare sync.Mutex

// externalEnvironment names the worker environment of a running process.
const externalEnvironment = "beam:env:external:v1"

// The patience with a cancelled job: how long its DoFns may take to notice
// before prism is told to cancel it, and how long prism may take then.
const (
	dofnPatience  = 2 * time.Second
	prismPatience = 10 * time.Second
)

// runPrism runs the pipeline on prism inside this process, with the DoFns in
// this process too. It does what Beam's own entry does, except that it sets no
// global flag, leaves no temporary file behind, may run several jobs at once,
// and cancels the job in an orderly way when ctx ends.
func runPrism(ctx context.Context, p *beam.Pipeline) (results, error) {
	client, err := prismServer()
	if err != nil {
		return nil, fmt.Errorf("starting prism: %w", err)
	}
	logLocally()
	// The workers' connections outlive ctx; DoFns bind to it themselves.
	connections := context.WithoutCancel(ctx)
	workers, err := extworker.StartLoopback(progress.WithDriver(connections, ctx), 0)
	if err != nil {
		return nil, fmt.Errorf("starting the worker service: %w", err)
	}
	defer func() { _ = workers.Stop(connections) }() // always nil
	pipeline, err := prismPipeline(ctx, p, workers)
	if err != nil {
		return nil, err
	}
	jobID, err := submitPrism(ctx, client, pipeline)
	if err != nil {
		return nil, err
	}
	if err := waitPrism(ctx, client, jobID); err != nil {
		return nil, err
	}
	return prismResults(connections, client, jobID, pipeline)
}

func prismPipeline(ctx context.Context, p *beam.Pipeline, workers *extworker.Loopback) (*pipepb.Pipeline, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, fmt.Errorf("building the pipeline: %w", err)
	}
	environment, err := graphx.CreateEnvironment(ctx, externalEnvironment, workers.EnvironmentConfig)
	if err != nil {
		return nil, fmt.Errorf("describing the worker environment: %w", err)
	}
	pipeline, err := graphx.Marshal(edges, &graphx.Options{
		Environment:           environment,
		PipelineResourceHints: jobopts.GetPipelineResourceHints(),
	})
	if err != nil {
		return nil, fmt.Errorf("marshaling the pipeline: %w", err)
	}
	return pipeline, nil
}

func submitPrism(ctx context.Context, client jobpb.JobServiceClient, pipeline *pipepb.Pipeline) (_ string, err error) {
	// The protocol wants a worker binary; one that is running already serves,
	// so an empty file will do.
	dir, err := os.MkdirTemp("", "chromabeam-prism-*")
	if err != nil {
		return "", fmt.Errorf("staging the job: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "worker")
	if err := os.WriteFile(binary, nil, 0o600); err != nil {
		return "", fmt.Errorf("staging the job: %w", err)
	}
	if err := runnerlib.UpdateGoEnvironmentWorker(binary, pipeline); err != nil {
		return "", fmt.Errorf("staging the job: %w", err)
	}
	prismPrepare.Lock()
	defer prismPrepare.Unlock()
	opts := &runnerlib.JobOptions{
		Name:        jobopts.GetJobName(),
		Experiments: jobopts.GetExperiments(),
		Parallelism: *jobopts.Parallelism,
		Loopback:    true,
	}
	prepared, endpoint, staging, err := runnerlib.Prepare(ctx, client, pipeline, opts)
	if err != nil {
		return "", err
	}
	token, err := runnerlib.Stage(ctx, prepared, endpoint, binary, staging)
	if err != nil {
		return "", err
	}
	return runnerlib.Submit(ctx, client, prepared, token)
}

// waitPrism waits for the job's end. When ctx ends the job's DoFns fail (see
// [progress.Bind]), and the job with them; prism is told to cancel it only if
// that takes long.
func waitPrism(ctx context.Context, client jobpb.JobServiceClient, jobID string) error {
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if sleep(waiting, dofnPatience) {
			_, _ = client.Cancel(waiting, &jobpb.CancelJobRequest{JobId: jobID}) // it may just have ended by itself
		}
		sleep(waiting, prismPatience)
		stop()
	})()
	if err := runnerlib.WaitForCompletion(waiting, client, jobID); err != nil {
		return err
	}
	state, err := client.GetState(waiting, &jobpb.GetJobStateRequest{JobId: jobID})
	if err != nil {
		return fmt.Errorf("asking for the job's state: %w", err)
	}
	if state.GetState() == jobpb.JobState_CANCELLED {
		return errJobCancelled // Beam calls this a success
	}
	return nil
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

// prismResult holds a finished job's metrics.
type prismResult struct{ all *metrics.Results }

func (r prismResult) Metrics() metrics.Results { return *r.all }

func prismResults(ctx context.Context, client jobpb.JobServiceClient, jobID string, p *pipepb.Pipeline) (results, error) {
	answer, err := client.GetJobMetrics(ctx, &jobpb.GetJobMetricsRequest{JobId: jobID})
	if err != nil {
		return nil, fmt.Errorf("asking for the job's metrics: %w", err)
	}
	m := answer.GetMetrics()
	return prismResult{metricsx.FromMonitoringInfos(p, m.GetAttempted(), m.GetCommitted())}, nil
}
