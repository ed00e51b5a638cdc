// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"

	"github.com/chromabeam/chromabeam/transforms/progress"
)

// server is the process's job service, which cannot be stopped.
var server = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	return prism.CreateJobServer(context.Background(), prism.Options{})
})

// execution is a job that is run.
type execution struct {
	client jobpb.JobServiceClient
	id     string
	end    context.CancelFunc // of its DoFns
	ended  chan struct{}

	mu   sync.Mutex
	said []string // errors
	last string   // state, once it is over
	asks bool     // it was told to end
}

// execute runs a pipeline on prism with workers in this process, where it names
// containers.
func execute(p *pipepb.Pipeline) (*execution, error) {
	client, err := server()
	if err != nil {
		return nil, err
	}
	connections := context.Background()
	driver, end := context.WithCancel(connections)
	workers, err := extworker.StartLoopback(progress.WithDriver(connections, driver), 0)
	if err != nil {
		end()
		return nil, err
	}
	e := &execution{client: client, end: end, ended: make(chan struct{})}
	if e.id, err = submit(connections, client, here(p, workers.EnvironmentConfig(connections))); err != nil {
		end()
		_ = workers.Stop(connections) // always nil
		return nil, err
	}
	go func() {
		defer close(e.ended)
		e.follow()
		end()
		_ = workers.Stop(connections)
	}()
	return e, nil
}

// here is the pipeline with workers at an address in the place of containers.
func here(p *pipepb.Pipeline, address string) *pipepb.Pipeline {
	p = proto.CloneOf(p)
	for _, env := range p.GetComponents().GetEnvironments() {
		// Marshaling what was just made cannot fail.
		env.Urn = "beam:env:external:v1"
		env.Payload, _ = proto.Marshal(&pipepb.ExternalPayload{Endpoint: &pipepb.ApiServiceDescriptor{Url: address}})
	}
	return p
}

func submit(ctx context.Context, client jobpb.JobServiceClient, p *pipepb.Pipeline) (_ string, err error) {
	dir, err := os.MkdirTemp("", "dataflowtest-*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	worker := filepath.Join(dir, "worker") // of no use, since workers run already
	if err := os.WriteFile(worker, nil, 0o600); err != nil {
		return "", err
	}
	if err := runnerlib.UpdateGoEnvironmentWorker(worker, p); err != nil {
		return "", err
	}
	options := &runnerlib.JobOptions{Name: "dataflowtest", Loopback: true}
	prepared, endpoint, staging, err := runnerlib.Prepare(ctx, client, p, options)
	if err != nil {
		return "", err
	}
	token, err := runnerlib.Stage(ctx, prepared, endpoint, worker, staging)
	if err != nil {
		return "", err
	}
	return runnerlib.Submit(ctx, client, prepared, token)
}

// follow waits for the job's end.
func (e *execution) follow() {
	ctx := context.Background()
	stream, err := e.client.GetMessageStream(ctx, &jobpb.JobMessagesRequest{JobId: e.id})
	for err == nil {
		var answer *jobpb.JobMessagesResponse
		if answer, err = stream.Recv(); err != nil {
			break
		}
		if m := answer.GetMessageResponse(); m.GetImportance() == jobpb.JobMessage_JOB_MESSAGE_ERROR {
			e.mu.Lock()
			e.said = append(e.said, m.GetMessageText())
			e.mu.Unlock()
		}
	}
	state, err := e.client.GetState(ctx, &jobpb.GetJobStateRequest{JobId: e.id})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = "JOB_STATE_FAILED"
	switch {
	case err != nil:
	case e.asks:
		e.last = "JOB_STATE_CANCELLED"
	case state.GetState() == jobpb.JobState_DONE:
		e.last = "JOB_STATE_DONE"
	}
}

func (e *execution) state() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.last != "":
		return e.last
	case e.asks:
		return "JOB_STATE_CANCELLING"
	}
	return "JOB_STATE_RUNNING"
}

// cancel ends the job's DoFns, and the job with them.
func (e *execution) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asks = true
	e.end()
}

func (e *execution) errors() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said
}

// metrics are the job's counters as Dataflow tells them.
func (e *execution) metrics() []*df.MetricUpdate {
	answer, err := e.client.GetJobMetrics(context.Background(), &jobpb.GetJobMetricsRequest{JobId: e.id})
	if err != nil {
		return nil
	}
	var list []*df.MetricUpdate
	for _, m := range answer.GetMetrics().GetCommitted() {
		if !strings.HasPrefix(m.GetUrn(), "beam:metric:user:sum_int64") {
			continue
		}
		n, err := coder.DecodeVarInt(bytes.NewReader(m.GetPayload()))
		if err != nil {
			panic(fmt.Sprintf("prism's counter %v: %v", m, err))
		}
		list = append(list, &df.MetricUpdate{
			Name: &df.MetricStructuredName{
				Name: m.GetLabels()["NAME"], Origin: "user",
				Context: map[string]string{"step": m.GetLabels()["PTRANSFORM"], "namespace": m.GetLabels()["NAMESPACE"]},
			},
			Scalar: n,
		})
	}
	return list
}
