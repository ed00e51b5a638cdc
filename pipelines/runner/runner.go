// SPDX-License-Identifier: Apache-2.0

// Package runner is the one package that knows Beam's runners: their names,
// their flags, how a job is started and stopped, and how one ended.
//
// Besides the command line it alone touches Beam's global flags, and it alone
// redirects the process's loggers, which Beam takes over.
//
// Two runners work inside the process, direct and prism. The others hand a job
// over: flink, spark, universal and prism with -endpoint to a Beam job service,
// dataflow to Google Cloud. Of Beam's own code for these only the parts are used
// that describe and stage a job. What follows a job is this package's, since
// Beam calls a job that was cancelled a success and leaves one running whose
// driver was interrupted.
package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	// Registers every runner, the file systems and their flags.
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

// Default is the runner of a command without -runner. It runs inside the
// process, in one goroutine, and needs the least memory; the DoFns of this
// toolkit bring their own parallelism.
const Default = "direct"

// Dataflow is the runner on Google Cloud, whose workers are machines of its own.
const Dataflow = "dataflow"

const prismName = "prism"

// Names lists the valid runner names.
func Names() []string {
	return []string{Default, prismName, "flink", "spark", "universal", Dataflow}
}

// IsLocal reports whether a runner runs a pipeline inside this process, as the
// default does, which an empty name stands for.
func IsLocal(name string) bool {
	return name == Default || name == "" || name == prismName && *jobopts.Endpoint == ""
}

// portable reports whether a runner is behind a job service.
func portable(name string) bool {
	return slices.Contains([]string{"flink", "spark", "universal"}, name) || name == prismName && *jobopts.Endpoint != ""
}

// Counters are a job's counters by "namespace.name", summed over its steps.
type Counters map[string]int64

// beamOptions guards Beam's global options, which preparing a job reads and
// writes.
var beamOptions sync.Mutex

// NewPipeline returns an empty pipeline and its root scope, with Beam made
// ready: pipelines must not be built before that.
func NewPipeline() (*beam.Pipeline, beam.Scope) {
	initialize()
	return beam.NewPipelineWithRoot()
}

// Run executes the pipeline as the job says and waits for its end. If ctx ends
// first the job is cancelled, also where it runs elsewhere, and the context's
// error is returned. A deadline is turned into a cancellation, since prism ends
// the whole process at a deadline.
//
// With Remote.Detach it returns a [*DetachedError] as soon as the job is handed
// over. Every other end of a job but success is an error.
//
// A nil error means that the runner reported success. What a job has really
// done is told by the manifest that it wrote.
func Run(ctx context.Context, j Job, p *beam.Pipeline) (Counters, error) {
	if err := j.Validate(); err != nil {
		return nil, err
	}
	initialize()
	quiet(j.Runner)
	jobCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	all, err := execute(jobCtx, j, p)
	if _, left := AsDetached(err); left {
		return nil, err // it goes on, also where ctx has ended since
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, err)
	}
	if err != nil {
		return nil, fmt.Errorf("running the pipeline on %s: %w", j.Runner, err)
	}
	return counters(all), nil
}

func execute(ctx context.Context, j Job, p *beam.Pipeline) (*metrics.Results, error) {
	switch {
	case j.Runner == Dataflow:
		return runDataflow(ctx, j, p)
	case portable(j.Runner):
		return runPortable(ctx, j, p)
	case j.Runner == prismName:
		return runPrism(ctx, p)
	}
	result, err := beam.Run(ctx, j.Runner, p)
	if err != nil {
		return nil, err
	}
	all := result.Metrics()
	return &all, nil
}

// counters reads a job's counters; there are none where the runner kept none.
func counters(all *metrics.Results) Counters {
	if all == nil {
		return nil
	}
	c := Counters{}
	for _, m := range all.AllMetrics().Counters() {
		c[m.Namespace()+"."+m.Name()] += m.Result()
	}
	return c
}
