// SPDX-License-Identifier: Apache-2.0

// Package runner is the one package that knows Beam's runners: their names,
// their flags, how a job is started and stopped, and how one ended.
//
// Besides the command line it alone touches Beam's global flags, and it alone
// redirects the process's loggers, which Beam takes over.
package runner

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	// Registers every runner, the file systems and their flags.
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Default is the runner of a command without -runner. It runs inside the
// process, in one goroutine, and needs the least memory; the DoFns of this
// toolkit bring their own parallelism.
const Default = "direct"

// Names lists the valid runner names.
func Names() []string {
	return []string{Default, "prism", "flink", "spark", "universal", "dataflow"}
}

// Counters are a job's counters by "namespace.name", summed over its steps.
type Counters map[string]int64

// Validate checks that a runner of this name exists and that the flags it
// cannot do without are given.
func Validate(name string) error {
	switch {
	case !slices.Contains(Names(), name):
		return fault.Request("runner must be one of %s, got %q", strings.Join(Names(), ", "), name)
	case needsEndpoint(name) && *jobopts.Endpoint == "":
		return fault.Request("runner %q must be given -endpoint HOST:PORT, the address of its job service", name)
	case *jobopts.Async:
		return fault.Request("-async must not be given: the job's last step runs here when the pipeline is done")
	}
	return nil
}

// IsLocal reports whether a runner runs a pipeline inside this process.
func IsLocal(name string) bool {
	return name == Default || name == "prism" && *jobopts.Endpoint == ""
}

func needsEndpoint(name string) bool {
	return name == "flink" || name == "spark" || name == "universal"
}

// NewPipeline returns an empty pipeline and its root scope, with Beam made
// ready: pipelines must not be built before that.
func NewPipeline() (*beam.Pipeline, beam.Scope) {
	initialize()
	return beam.NewPipelineWithRoot()
}

// Run executes the pipeline on the named runner and waits for its end. If ctx
// ends first the job is cancelled and the context's error is returned. A
// deadline is turned into a cancellation, since prism ends the whole process
// at a deadline.
//
// A nil error means that the runner reported success. What a job has really
// done is told by the manifest that it wrote.
func Run(ctx context.Context, name string, p *beam.Pipeline) (Counters, error) {
	if err := Validate(name); err != nil {
		return nil, err
	}
	initialize()
	quiet(name)
	jobCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	res, err := execute(jobCtx, name, p)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("running the pipeline on %s: %w", name, err)
	}
	return counters(res), nil
}

// results is what every runner's result offers and this package uses.
type results interface{ Metrics() metrics.Results }

func execute(ctx context.Context, name string, p *beam.Pipeline) (results, error) {
	if name == "prism" && *jobopts.Endpoint == "" {
		return runPrism(ctx, p)
	}
	if name != Default { // direct has no such workers, and may run beside prism
		if err := logRemotely(); err != nil {
			return nil, err
		}
	}
	return beam.Run(ctx, name, p)
}

// counters reads a result's counters; there are none where the runner kept
// none.
func counters(res results) (c Counters) {
	if v := reflect.ValueOf(res); !v.IsValid() || (v.Kind() == reflect.Pointer && v.IsNil()) {
		return nil // Dataflow returns typed nils when it only writes a template
	}
	defer func() {
		if recover() != nil { // a result without metrics answers the question for them with a panic
			c = nil
		}
	}()
	c = Counters{}
	all := res.Metrics()
	for _, m := range all.AllMetrics().Counters() {
		c[m.Namespace()+"."+m.Name()] += m.Result()
	}
	return c
}

var errJobCancelled = errors.New("the job was cancelled")
