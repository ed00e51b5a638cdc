// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Submission is what a job would be handed over as to an engine elsewhere.
type Submission struct {
	Runner string `json:"runner"`
	Name   string `json:"name"`
	// Endpoint is the address of a job service; Project and Region are Dataflow's,
	// and Staging is where the job's files would be.
	Endpoint string `json:"endpoint,omitempty"`
	Project  string `json:"project,omitempty"`
	Region   string `json:"region,omitempty"`
	Staging  string `json:"staging,omitempty"`
	// Worker is the binary that workers would run, and Environment how they would
	// be started.
	Worker      string `json:"worker,omitempty"`
	Environment string `json:"environment"`
	Parallelism int    `json:"parallelism,omitempty"`
	// Transforms are the pipeline's, in order.
	Transforms []string `json:"transforms"`
	// Job is the request that Dataflow would get.
	Job json.RawMessage `json:"job,omitempty"`
}

// Describe returns what [Run] would hand over, without handing over or writing
// anything. There must be an engine elsewhere.
func Describe(ctx context.Context, j Job, p *beam.Pipeline) (*Submission, error) {
	if err := j.Validate(); err != nil {
		return nil, err
	}
	initialize()
	quiet(j.Runner)
	switch {
	case IsLocal(j.Runner):
		return nil, fault.Request("runner %s hands nothing over", j.Runner)
	case j.Runner == Dataflow:
		return j.dataflowSubmission(ctx, p)
	}
	return j.portableSubmission(ctx, p)
}

func (j Job) dataflowSubmission(ctx context.Context, p *beam.Pipeline) (*Submission, error) {
	d, err := j.describeDataflow(ctx, p)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(d.job)
	if err != nil {
		return nil, fmt.Errorf("describing the job: %w", err)
	}
	return &Submission{
		Runner: j.Runner, Name: d.options.Name, Project: d.options.Project, Region: d.options.Region, Staging: d.staging,
		Worker: d.worker.path, Environment: "DOCKER " + d.options.ContainerImage, Transforms: transformNames(d.pipeline), Job: request,
	}, nil
}

func (j Job) portableSubmission(ctx context.Context, p *beam.Pipeline) (*Submission, error) {
	// Beam's own image stands for whatever starts the workers.
	env := environment{dockerEnvironment, func(context.Context) string { return stockImage }}
	pipeline, err := marshal(ctx, p, env)
	if err != nil {
		return nil, err
	}
	kind := cmp.Or(strings.ToUpper(*jobopts.EnvironmentType), "DOCKER")
	s := &Submission{
		Runner: j.Runner, Name: j.jobName(time.Now()), Endpoint: *jobopts.Endpoint, Parallelism: max(0, *jobopts.Parallelism),
		Environment: strings.TrimSpace(kind + " " + *jobopts.EnvironmentConfig), Transforms: transformNames(pipeline),
	}
	if !jobopts.IsLoopback() {
		worker, err := findWorkerBinary("")
		if err != nil {
			return nil, fault.AsRequest(err)
		}
		s.Worker = worker.path
	}
	return s, nil
}

// transformNames are those of the transforms that hold no others.
func transformNames(p *pipepb.Pipeline) []string {
	all := p.GetComponents().GetTransforms()
	var names []string
	var walk func(ids []string)
	walk = func(ids []string) {
		for _, id := range ids {
			t := all[id]
			if len(t.GetSubtransforms()) > 0 {
				walk(t.GetSubtransforms())
				continue
			}
			names = append(names, t.GetUniqueName())
		}
	}
	roots := p.GetRootTransformIds()
	if len(roots) == 0 {
		roots = slices.Sorted(maps.Keys(all))
	}
	walk(roots)
	return names
}
