// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	df "google.golang.org/api/dataflow/v1b3"

	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// fakeCloud is a Dataflow with a bucket for staging, and the flags to use it.
func fakeCloud(t *testing.T) (*dataflowtest.Server, *gcstest.Server) {
	t.Helper()
	bucket := gcstest.Start(t)
	bucket.CreateBucket("staging")
	server := dataflowtest.Start(t, bucket)
	server.Login(t)
	cloud(t, "dataflow_endpoint", server.Endpoint())
	return server, bucket
}

// soon is a pause that is none, but lets others go on.
func soon(ctx context.Context, _ time.Duration) bool { return sleep(ctx, time.Millisecond) }

func cloudJob(r Record) Job { return Job{Name: "test", Runner: Dataflow, Record: r, pause: soon} }

// TestDataflow runs a job, and shows what was staged and asked for.
func TestDataflow(t *testing.T) {
	server, bucket := fakeCloud(t)
	r, kept := record(t)
	for range 2 { // the second finds the worker binary staged
		j := cloudJob(r)
		j.Progress = func(c Counters) {
			if n := c["test.elements"]; n < 0 || n > 4 {
				t.Errorf("on the way there are %d elements", n)
			}
		}
		c, err := Run(t.Context(), j, pipeline(&workFn{}))
		if err != nil || c["test.elements"] != 4 || c["test.sums"] != 10 {
			t.Errorf("Run = %v, %v", c, err)
		}
	}
	if text, there := kept(); there {
		t.Errorf("the record of a job that has ended stays: %s", text)
	}
	var workers, models int
	for _, name := range bucket.List("staging", "") {
		data, _ := bucket.Get("staging", name)
		t.Logf("staged %s, %d bytes", name, len(data))
		switch {
		case strings.HasSuffix(name, "/worker"):
			workers++
		case strings.HasSuffix(name, "/model"):
			models++
		}
	}
	t.Logf("called:\n%s", strings.Join(server.Calls(), "\n"))
	if workers != 1 || models != 2 {
		t.Errorf("staged %d workers and %d pipelines, want 1 and 2", workers, models)
	}
	if calls := server.Calls(); !slices.Contains(calls, "POST token") || calls[len(calls)-1] != "GET jobs/"+server.Jobs()[1].Id+"/metrics" {
		t.Errorf("calls %q", calls)
	}
}

func TestDataflowFails(t *testing.T) {
	server, _ := fakeCloud(t)
	for _, tt := range []struct {
		name    string
		fn      workFn
		script  *dataflowtest.Script
		want    string
		request bool
	}{
		{"DoFn", workFn{Fail: 3}, nil, "this element is cursed", false},
		{"failed", workFn{}, &dataflowtest.Script{
			States: []string{"JOB_STATE_RUNNING", "JOB_STATE_FAILED"}, Messages: []string{"The zone has no such machine.", "Workflow failed."},
		}, "the job failed: The zone has no such machine.; Workflow failed.", false},
		{"failed in silence", workFn{}, &dataflowtest.Script{States: []string{"JOB_STATE_FAILED"}}, "see https://console.cloud.google.com/dataflow/jobs/us-central1/", false},
		{"cancelled", workFn{}, &dataflowtest.Script{States: []string{"JOB_STATE_RUNNING", "JOB_STATE_CANCELLED"}}, "the job was cancelled", false},
		{"drained", workFn{}, &dataflowtest.Script{States: []string{"JOB_STATE_DRAINED"}}, "the job was drained before it was done", false},
		{"updated", workFn{}, &dataflowtest.Script{States: []string{"JOB_STATE_UPDATED"}}, "the job was updated before it was done", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server.Play(tt.script)
			r, kept := record(t)
			_, err := Run(t.Context(), cloudJob(r), pipeline(&tt.fn))
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.IsRequest(err) {
				t.Errorf("Run = %v, want %q", err, tt.want)
			}
			if _, there := kept(); there {
				t.Error("the record of a job that has ended stays")
			}
		})
	}
}

// TestDataflowRefused: what the service will never take is a request error, what it
// may take later is tried again.
func TestDataflowRefused(t *testing.T) {
	server, _ := fakeCloud(t)
	for _, tt := range []struct {
		name, operation string
		codes           []int
		want            string
		request         bool
	}{
		{"forbidden", "create", []int{403}, "Error 403", true},
		{"wrong", "create", []int{400}, "Error 400", true},
		{"busy for a while", "create", []int{503, 429, 500}, "", false},
		{"busy for long", "create", slices.Repeat([]int{503}, createTries), "Error 503", false},
		{"silent for a while", "get", slices.Repeat([]int{503}, maxUnanswered), "", false},
		{"silent for long", "get", slices.Repeat([]int{503}, maxUnanswered+1), "may still be running", false},
		{"no metrics", "metrics", []int{503}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server.Fail(tt.operation, tt.codes...)
			r, kept := record(t)
			_, err := Run(t.Context(), cloudJob(r), pipeline(&workFn{}))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) || fault.IsRequest(err) != tt.request {
				t.Errorf("Run = %v, want %q, a request error: %v", err, tt.want, tt.request)
			}
			if _, there := kept(); there != strings.Contains(tt.want, "running") {
				t.Errorf("the record is there: %v", there)
			}
		})
	}
}

// TestDataflowSameName: a job whose answer was lost is found again, and another's
// is not taken for it.
func TestDataflowSameName(t *testing.T) {
	server, _ := fakeCloud(t)
	setFlag(t, "job_name", "nightly")
	server.Lose(1)
	c, err := Run(t.Context(), cloudJob(Record{}), pipeline(&workFn{}))
	if err != nil || c["test.elements"] != 4 || len(server.Jobs()) != 1 {
		t.Errorf("an answer was lost: %v, %v, %d jobs", c, err, len(server.Jobs()))
	}
	server.Play(&dataflowtest.Script{States: []string{"JOB_STATE_RUNNING"}})
	detached := cloudJob(Record{})
	detached.Remote.Detach = true
	_, err = Run(t.Context(), detached, pipeline(&workFn{}))
	other, ok := AsDetached(err)
	if !ok {
		t.Fatalf("Run = %v", err)
	}
	_, err = Run(t.Context(), cloudJob(Record{}), pipeline(&workFn{}))
	if !fault.IsRequest(err) || !strings.Contains(err.Error(), `job `+other.ID+` with the name "nightly" is running already`) {
		t.Errorf("Run = %v", err)
	}
}

func TestDataflowInterrupted(t *testing.T) {
	server, _ := fakeCloud(t)
	r, kept := record(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-waiting; cancel() }()
	if _, err := Run(ctx, cloudJob(r), pipeline(&workFn{Wait: 4})); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "may still") {
		t.Errorf("Run = %v, want context.Canceled", err)
	}
	job := server.Jobs()[0]
	if job.CurrentState != "JOB_STATE_CANCELLED" || !slices.Contains(server.Calls(), "PUT jobs/"+job.Id) {
		t.Errorf("the job is %s after %q", job.CurrentState, server.Calls())
	}
	if _, there := kept(); there {
		t.Error("the record of a job that was cancelled stays")
	}
}

// TestDataflowInterruptedCreate: a job whose answer was lost is found also by a driver
// that was interrupted meanwhile, which must cancel it.
func TestDataflowInterruptedCreate(t *testing.T) {
	server, _ := fakeCloud(t)
	server.Play(&dataflowtest.Script{States: []string{"JOB_STATE_RUNNING"}})
	api, s := submitted(t, cloudJob(Record{}))
	f := dataflowFollower{api: api, sleep: func(context.Context, time.Duration) bool { return false }}
	server.Lose(1)
	if id, err := f.create(t.Context(), s); err != nil || id != server.Jobs()[0].Id {
		t.Errorf("create = %q, %v", id, err)
	}
	_, other := submitted(t, cloudJob(Record{}))
	server.Fail("create", 503)
	if id, err := f.create(t.Context(), other); err == nil || !strings.Contains(err.Error(), "Error 503") || fault.IsRequest(err) {
		t.Errorf("create of a job that was never made = %q, %v", id, err)
	}
}

// TestDataflowStubborn gives a job up that does not end when it is told to. Its
// record stays, and the next run is refused until it has ended.
func TestDataflowStubborn(t *testing.T) {
	server, _ := fakeCloud(t)
	server.Play(&dataflowtest.Script{States: []string{"JOB_STATE_RUNNING"}, Stubborn: true})
	r, kept := record(t)
	j := cloudJob(r)
	api, s := submitted(t, j)
	f := dataflowFollower{api: api, sleep: soon, patience: 50 * time.Millisecond}
	id, err := f.create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	f.job = RemoteJob{Runner: Dataflow, ID: id, Endpoint: server.Endpoint(), Project: "test-project", Region: "us-central1"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = (watched{job: f.job, record: r}).handedOver(ctx, f.wait)
	if _, unfinished := errors.AsType[*unfinishedError](err); !unfinished {
		t.Fatalf("handedOver = %v", err)
	}
	if err := interrupted(ctx, err); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "gcloud dataflow jobs cancel "+id) {
		t.Errorf("interrupted = %v", err)
	}
	if text, there := kept(); !there || !strings.Contains(text, id) {
		t.Errorf("the record is %q", text)
	}
	if err := r.Check(t.Context()); !fault.IsRequest(err) || !strings.Contains(err.Error(), "gcloud dataflow jobs describe "+id) {
		t.Errorf("Check = %v", err)
	}
}

// submitted returns what a job would be submitted with, staged.
func submitted(t *testing.T, j Job) (*df.Service, *dataflowJob) {
	t.Helper()
	initialize()
	s, err := j.describeDataflow(t.Context(), pipeline(&workFn{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.stage(t.Context()); err != nil {
		t.Fatal(err)
	}
	api, err := dataflowClient(t.Context(), given("dataflow_endpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return api, s
}

func TestDataflowDetached(t *testing.T) {
	server, _ := fakeCloud(t)
	r, kept := record(t)
	j := cloudJob(r)
	j.Remote.Detach = true
	_, err := Run(t.Context(), j, pipeline(&workFn{Wait: 4}))
	job, ok := AsDetached(err)
	if !ok || job.Project != "test-project" || job.Region != "us-central1" || !strings.Contains(job.Page(), job.ID) {
		t.Fatalf("Run = %v", err)
	}
	<-waiting // it goes on without us
	if err := r.Check(t.Context()); !fault.IsRequest(err) || !strings.Contains(err.Error(), "JOB_STATE_RUNNING") {
		t.Errorf("Check = %v", err)
	}
	server.Cancel(job.ID)
	for ok := true; ok; {
		e, err := job.state(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ok = !e.over && soon(t.Context(), 0)
	}
	if err := r.Check(t.Context()); err != nil {
		t.Errorf("Check of a job that has ended = %v", err)
	}
	if text, there := kept(); !there || !strings.Contains(text, job.ID) {
		t.Errorf("Check has changed the record to %q", text)
	}
}
