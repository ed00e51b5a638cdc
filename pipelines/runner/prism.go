// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
)

// prismServer is the process's in-memory job service. It serves every job of
// the process and cannot be stopped. It listens on a port of its own choosing.
var prismServer = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	return prism.CreateJobServer(context.Background(), prism.Options{})
})

// The patience with a cancelled job whose DoFns are in this process: how long
// they may take to notice before its service is told to cancel it, and how long
// prism may take then.
const (
	dofnPatience  = 2 * time.Second
	prismPatience = 10 * time.Second
)

// runPrism runs the pipeline on prism inside this process, with the DoFns in
// this process too. It does what Beam's own entry does, except that it sets no
// global flag, leaves no temporary file behind, may run several jobs at once,
// and cancels the job in an orderly way when ctx ends: its DoFns fail (see
// progress.Bind), and the job with them.
func runPrism(ctx context.Context, p *beam.Pipeline) (*metrics.Results, error) {
	client, err := prismServer()
	if err != nil {
		return nil, fmt.Errorf("starting prism: %w", err)
	}
	logLocally()
	env, stop, err := loopback(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	pipeline, err := marshal(ctx, p, env)
	if err != nil {
		return nil, err
	}
	id, err := submit(ctx, client, pipeline, &runnerlib.JobOptions{
		Name:        jobopts.GetJobName(),
		Experiments: jobopts.GetExperiments(),
		Parallelism: *jobopts.Parallelism,
		Loopback:    true,
	})
	if err != nil {
		return nil, err
	}
	f := follower{
		client: client, job: RemoteJob{Runner: prismName, ID: id},
		grace: dofnPatience, patience: prismPatience, pause: reconnectPause,
	}
	if err := f.wait(ctx); err != nil {
		return nil, err
	}
	lasting := context.WithoutCancel(ctx)
	all, err := jobMetrics(lasting, client, id, pipeline)
	return lastMetrics(lasting, all, err), nil
}
