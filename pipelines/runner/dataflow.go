// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"strings"
	"time"

	df "google.golang.org/api/dataflow/v1b3"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/pipelinex"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/protox"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/hooks/perf"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// dockerEnvironment names the worker environment of a container.
const dockerEnvironment = "beam:env:docker:v1"

// requestLabel is the label that tells a job that this process has submitted from
// another of the same name.
const requestLabel = "chromabeam-request"

// runDataflow runs the pipeline on Google Cloud Dataflow: it stages what workers
// need, submits the job and follows it.
func runDataflow(ctx context.Context, j Job, p *beam.Pipeline) (*metrics.Results, error) {
	api, err := dataflowClient(ctx, given("dataflow_endpoint"))
	if err != nil {
		return nil, err
	}
	s, err := j.describeDataflow(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := s.stage(ctx); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, gcs.ErrDenied) || errors.Is(err, gcs.ErrInvalid) {
			err = fault.AsRequest(err) // no such bucket, or no right to write there
		}
		return nil, fmt.Errorf("staging the job: %w", err)
	}
	f := dataflowFollower{api: api, sleep: sleep, patience: dataflowPatience}
	if j.pause != nil {
		f.sleep = j.pause
	}
	id, err := f.create(ctx, s)
	if err != nil {
		return nil, err
	}
	f.job = RemoteJob{
		Runner: Dataflow, ID: id, Name: s.options.Name, Endpoint: given("dataflow_endpoint"),
		Project: s.options.Project, Region: s.options.Region, Submitted: time.Now().UTC(),
	}
	if j.Progress != nil {
		f.progress = func(ctx context.Context) {
			if all, err := f.metrics(ctx, s.pipeline); err == nil {
				j.Progress(counters(all))
			}
		}
	}
	if err := (watched{f.job, j.Record, j.Remote.Detach}).handedOver(ctx, f.wait); err != nil {
		return nil, err
	}
	all, err := f.metrics(ctx, s.pipeline)
	return lastMetrics(ctx, all, err), nil
}

// dataflowClient connects to Dataflow, or to whatever is at the endpoint. Its
// tokens outlive ctx.
func dataflowClient(ctx context.Context, endpoint string) (*df.Service, error) {
	api, err := dataflowlib.NewClient(context.WithoutCancel(ctx), endpoint)
	if err != nil {
		return nil, fault.Request("connecting to Dataflow: %w; gcloud auth application-default login gives credentials", err)
	}
	return api, nil
}

// dataflowJob is a job as it is submitted, with what it needs to be staged.
type dataflowJob struct {
	options  *dataflowlib.JobOptions
	pipeline *pipepb.Pipeline
	job      *df.Job
	worker   binary
	model    []byte // the pipeline's bytes
	// workerName and modelName are objects below the staging location.
	staging, workerName, modelName string
}

// describeDataflow makes the job, and stages nothing. The worker's object is named
// by its content, so that it is sent once for all jobs with this binary.
func (j Job) describeDataflow(ctx context.Context, p *beam.Pipeline) (*dataflowJob, error) {
	beamOptions.Lock()
	defer beamOptions.Unlock()
	o, problems := j.dataflowOptions()
	if err := errors.Join(problems...); err != nil {
		return nil, fault.AsRequest(err)
	}
	worker, err := findWorkerBinary(machineArch(o.MachineType))
	if err != nil {
		return nil, fault.AsRequest(err)
	}
	if o.WorkerHash, err = hashFile(worker.path); err != nil {
		return nil, err
	}
	request := strings.ToLower(rand.Text())
	s := &dataflowJob{
		options: o, worker: worker, staging: strings.TrimRight(given("staging_location"), "/"),
		// Beam's workers look for an object whose last name is "worker".
		workerName: "chromabeam/workers/" + o.WorkerHash + "/worker",
		modelName:  "chromabeam/jobs/" + o.Name + "-" + request + "/model",
	}
	if o.Options.Options, err = pipelineOptions(); err != nil {
		return nil, err
	}
	if s.pipeline, err = j.dataflowPipeline(ctx, s, p); err != nil {
		return nil, err
	}
	s.model = protox.MustEncode(s.pipeline)
	modelHash := sha256.Sum256(s.model)
	s.job, err = dataflowlib.Translate(ctx, s.pipeline, o, s.url(s.workerName), s.url(s.modelName), hex.EncodeToString(modelHash[:]))
	if err != nil {
		return nil, fault.Request("describing the job: %w", err)
	}
	s.job.ClientRequestId = request
	if s.job.Labels == nil {
		s.job.Labels = map[string]string{}
	}
	s.job.Labels[requestLabel] = request
	return s, nil
}

func (s *dataflowJob) url(name string) string { return s.staging + "/" + name }

// dataflowPipeline is the pipeline with the workers' image and binary in it.
func (j Job) dataflowPipeline(ctx context.Context, s *dataflowJob, p *beam.Pipeline) (*pipepb.Pipeline, error) {
	image := func(context.Context) string { return s.options.ContainerImage }
	pipeline, err := marshal(ctx, p, environment{dockerEnvironment, image})
	if err != nil {
		return nil, err
	}
	if err := pipelinex.ApplySdkImageOverrides(pipeline, jobopts.GetSdkImageOverrides()); err != nil {
		return nil, fmt.Errorf("replacing images: %w", err)
	}
	worker := protox.MustEncode(&pipepb.ArtifactUrlPayload{Url: s.url(s.workerName), Sha256: s.options.WorkerHash})
	if err := graphx.UpdateDefaultEnvWorkerType(graphx.URNArtifactURLType, worker, pipeline); err != nil {
		return nil, fmt.Errorf("naming the worker binary: %w", err)
	}
	return pipeline, nil
}

// jobFlags are the flags that are in the job's description already and do not go
// to its workers as options.
var jobFlags = func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(`dataflow_endpoint staging_location worker_harness_container_image sdk_container_image labels
		service_account_email num_workers max_num_workers disk_size_gb disk_type disk_provisioned_iops
		disk_provisioned_throughput_mibps autoscaling_algorithm zone network subnetwork no_use_public_ips template_location
		worker_machine_type machine_type min_cpu_platform dataflow_worker_jar worker_region worker_zone teardown_policy
		cpu_profiling session_recording update transform_name_mapping endpoint job_name environment_type environment_config
		experiments async retain_docker_containers parallelism project region runner`) {
		names[name] = true
	}
	return names
}()

// pipelineOptions are the options that go to the workers.
func pipelineOptions() (map[string]string, error) {
	if err := logRemotely(); err != nil {
		return nil, err
	}
	if to := given("cpu_profiling"); to != "" {
		perf.EnableProfCaptureHook("gcs_profile_writer", to)
	}
	hooks.SerializeHooksToOptions()
	exclude := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { exclude[f.Name] = jobFlags[f.Name] || strings.HasPrefix(f.Name, "test.") })
	beam.PipelineOptions.LoadOptionsFromFlags(exclude)
	return beam.PipelineOptions.Export().Options, nil
}
