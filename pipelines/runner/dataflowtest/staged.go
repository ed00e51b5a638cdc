// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
)

// staged returns the pipeline that a job names, once everything that the job names
// is in the bucket with the hashes that the job has.
func (s *Server) staged(j *df.Job) (*pipepb.Pipeline, error) {
	if j.Type != "JOB_TYPE_BATCH" || j.Environment == nil || len(j.Environment.WorkerPools) != 1 {
		return nil, errors.New("the job must be a batch job with one pool of workers")
	}
	var options struct {
		Options struct {
			PipelineURL  string `json:"pipelineUrl"`       //nolint:tagliatelle // Dataflow's name
			PipelineHash string `json:"pipelineProtoHash"` //nolint:tagliatelle // Dataflow's name
			Region       string `json:"region"`
			TempLocation string `json:"tempLocation"` //nolint:tagliatelle // Dataflow's name
		} `json:"options"`
	}
	if err := json.Unmarshal(j.Environment.SdkPipelineOptions, &options); err != nil {
		return nil, fmt.Errorf("reading the job's options: %w", err)
	}
	o := options.Options
	if o.Region != j.Location || !strings.HasPrefix(o.TempLocation, "gs://") {
		return nil, fmt.Errorf("the job's options must have the region %q and a temporary location, got %q and %q",
			j.Location, o.Region, o.TempLocation)
	}
	model, err := s.object(o.PipelineURL, o.PipelineHash)
	if err != nil {
		return nil, fmt.Errorf("the pipeline: %w", err)
	}
	for _, p := range j.Environment.WorkerPools[0].Packages {
		if _, err := s.object(p.Location, p.Sha256); err != nil {
			return nil, fmt.Errorf("package %q: %w", p.Name, err)
		}
	}
	pipeline := &pipepb.Pipeline{}
	if err := proto.Unmarshal(model, pipeline); err != nil {
		return nil, fmt.Errorf("the pipeline: %w", err)
	}
	return pipeline, s.checkWorkers(j, pipeline)
}

// checkWorkers holds the pipeline's environments against the job's images and
// packages.
func (s *Server) checkWorkers(j *df.Job, pipeline *pipepb.Pipeline) error {
	pool := j.Environment.WorkerPools[0]
	for id, env := range pipeline.GetComponents().GetEnvironments() {
		var docker pipepb.DockerPayload
		if env.GetUrn() != "beam:env:docker:v1" {
			return fmt.Errorf("environment %q must be a container, got %q", id, env.GetUrn())
		}
		if err := proto.Unmarshal(env.GetPayload(), &docker); err != nil {
			return fmt.Errorf("environment %q: %w", id, err)
		}
		if docker.GetContainerImage() != pool.WorkerHarnessContainerImage {
			return fmt.Errorf("environment %q has the image %q, the job %q",
				id, docker.GetContainerImage(), pool.WorkerHarnessContainerImage)
		}
		for _, d := range env.GetDependencies() {
			var file pipepb.ArtifactUrlPayload
			if d.GetTypeUrn() != "beam:artifact:type:url:v1" {
				return fmt.Errorf("environment %q needs a file that is not staged: %v", id, d)
			}
			if err := proto.Unmarshal(d.GetTypePayload(), &file); err != nil {
				return fmt.Errorf("environment %q: %w", id, err)
			}
			if _, err := s.object(file.GetUrl(), file.GetSha256()); err != nil {
				return fmt.Errorf("environment %q: %w", id, err)
			}
		}
	}
	return nil
}

// object returns an object that has the hash.
func (s *Server) object(url, hash string) ([]byte, error) {
	rest, ok := strings.CutPrefix(url, "gs://")
	bucket, name, found := strings.Cut(rest, "/")
	if !ok || !found {
		return nil, fmt.Errorf("%q is no object", url)
	}
	data, ok := s.bucket.Get(bucket, name)
	if !ok {
		return nil, fmt.Errorf("%q is not there", url)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("%q has the hash %x, not %q", url, sum, hash)
	}
	return data, nil
}
