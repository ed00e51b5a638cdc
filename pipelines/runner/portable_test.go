// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"

	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
	"github.com/chromabeam/chromabeam/transforms/failpoint/killtest"
	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// service is a job service that stands apart, as a Flink's would, and its address,
// which only its answers tell.
var service = sync.OnceValues(func() (jobpb.JobServiceClient, string) {
	client, err := prism.CreateJobServer(context.Background(), prism.Options{})
	if err != nil {
		panic(err)
	}
	answer, err := client.Prepare(context.Background(), &jobpb.PrepareJobRequest{Pipeline: &pipepb.Pipeline{}, JobName: "address"})
	if err != nil {
		panic(err)
	}
	return client, answer.GetArtifactStagingEndpoint().GetUrl()
})

// apart makes flags for workers that this process has, but that do not end with
// the driver: a job with them must be cancelled through its service.
func apart(t *testing.T) jobpb.JobServiceClient {
	t.Helper()
	if killtest.Race {
		t.Skip("a worker of Beam's has data races when its job is cancelled through the service")
	}
	client, address := service()
	ctx := context.WithoutCancel(t.Context())
	workers, err := extworker.StartLoopback(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = workers.Stop(ctx) })
	setFlags(t, "endpoint", address, "environment_type", "EXTERNAL", "environment_config", workers.EnvironmentConfig(ctx),
		"worker_binary", dataflowtest.WorkerBinary(t, dataflowtest.Program{}))
	return client
}

// inside makes flags for workers that end with the driver.
func inside(t *testing.T) {
	t.Helper()
	_, address := service()
	setFlags(t, "endpoint", address, "environment_type", "LOOPBACK")
}

// record is that of an output in a folder, and what it holds.
func record(t *testing.T) (Record, func() (string, bool)) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Record{Store: st, Stop: ".chromabeam/stop/1"}, func() (string, bool) {
		data, err := st.ReadFile(t.Context(), recordName)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return string(data), err == nil
	}
}

func TestPortable(t *testing.T) {
	for _, kind := range []string{"inside", "apart"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "inside" {
				inside(t)
			} else {
				apart(t)
			}
			r, kept := record(t)
			for _, name := range []string{"prism", "flink", "universal"} {
				c, err := Run(t.Context(), Job{Runner: name, Record: r}, pipeline(&workFn{}))
				if err != nil || c["test.elements"] != 4 || c["test.sums"] != 10 {
					t.Errorf("%s: Run = %v, %v", name, c, err)
				}
				_, err = Run(t.Context(), Job{Runner: name, Record: r}, pipeline(&workFn{Fail: 3}))
				if err == nil || !strings.Contains(err.Error(), "this element is cursed") {
					t.Errorf("%s: Run = %v, want the DoFn's error", name, err)
				}
			}
			if text, there := kept(); there {
				t.Errorf("the record of a job that has ended stays: %s", text)
			}
		})
	}
}

func TestPortableInterrupted(t *testing.T) {
	for _, kind := range []string{"inside", "apart"} {
		t.Run(kind, func(t *testing.T) {
			client, _ := service()
			if kind == "inside" {
				inside(t)
			} else {
				apart(t)
			}
			r, kept := record(t)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-waiting; cancel() }()
			if _, err := Run(ctx, Job{Runner: "flink", Record: r}, pipeline(&workFn{Wait: 4})); !errors.Is(err, context.Canceled) {
				t.Errorf("Run = %v, want context.Canceled", err)
			}
			jobs, err := client.GetJobs(t.Context(), &jobpb.GetJobsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range jobs.GetJobInfo() {
				if s := j.GetState(); s == jobpb.JobState_RUNNING || s == jobpb.JobState_CANCELLING {
					t.Errorf("job %s is still %v", j.GetJobId(), s)
				}
			}
			if text, there := kept(); there {
				t.Errorf("the record of a job that was cancelled stays: %s", text)
			}
			// Whose workers are inside needs no word of it.
			if _, err := r.Store.Stat(t.Context(), r.Stop); (err == nil) != (kind == "apart") {
				t.Errorf("workers are told to stop: %v", err)
			}
		})
	}
}

// TestPortableCancelled: what somebody else has cancelled is no success.
func TestPortableCancelled(t *testing.T) {
	client := apart(t)
	r, kept := record(t)
	go func() {
		<-waiting
		jobs, err := client.GetJobs(t.Context(), &jobpb.GetJobsRequest{})
		if err != nil {
			t.Error(err)
			return
		}
		for _, j := range jobs.GetJobInfo() {
			if j.GetState() == jobpb.JobState_RUNNING {
				_, _ = client.Cancel(t.Context(), &jobpb.CancelJobRequest{JobId: j.GetJobId()})
			}
		}
	}()
	if _, err := Run(t.Context(), Job{Runner: "flink", Record: r}, pipeline(&workFn{Wait: 4})); !errors.Is(err, errJobCancelled) {
		t.Errorf("Run = %v, want %v", err, errJobCancelled)
	}
	if _, there := kept(); there {
		t.Error("the record of a job that was cancelled stays")
	}
}

func TestPortableDetached(t *testing.T) {
	client := apart(t)
	r, kept := record(t)
	_, err := Run(t.Context(), Job{Name: "bulk", Runner: "flink", Record: r, Remote: Remote{Detach: true}}, pipeline(&workFn{Wait: 4}))
	job, ok := AsDetached(err)
	if !ok || job.Runner != "flink" || job.ID == "" || !strings.HasPrefix(job.Name, "chromabeam-bulk-") || job.Endpoint == "" {
		t.Fatalf("Run = %v, job %+v", err, job)
	}
	if text, there := kept(); !there || !strings.Contains(text, job.ID) {
		t.Errorf("the record is %q", text)
	}
	<-waiting // it goes on without us
	if err := r.Check(t.Context()); !fault.IsRequest(err) || !strings.Contains(err.Error(), "is still at work on this output (RUNNING)") {
		t.Errorf("Check = %v", err)
	}
	if _, err := client.Cancel(t.Context(), &jobpb.CancelJobRequest{JobId: job.ID}); err != nil {
		t.Fatal(err)
	}
	f := follower{client: client, job: job, pause: reconnectPause}
	if err := f.wait(t.Context()); !errors.Is(err, errJobCancelled) {
		t.Errorf("the detached job ended with %v", err)
	}
	if err := r.Check(t.Context()); err != nil {
		t.Errorf("Check of a job that has ended = %v", err)
	}
	if err := r.Drop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, there := kept(); there {
		t.Error("the record stays when the output is taken over")
	}
}

// deaf is a job service that never answers a request to cancel.
type deaf struct{ jobpb.JobServiceClient }

func (deaf) Cancel(ctx context.Context, _ *jobpb.CancelJobRequest, _ ...grpc.CallOption) (*jobpb.CancelJobResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestPortableDeaf: an interrupted driver does not wait for ever for a service.
func TestPortableDeaf(t *testing.T) {
	client := apart(t)
	_, err := Run(t.Context(), Job{Runner: "flink", Remote: Remote{Detach: true}}, pipeline(&workFn{Wait: 4}))
	job, ok := AsDetached(err)
	if !ok {
		t.Fatalf("Run = %v", err)
	}
	<-waiting
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := follower{client: deaf{client}, job: job, patience: 50 * time.Millisecond, pause: reconnectPause}
	if err := f.wait(ctx); !errors.Is(err, errEnding) {
		t.Errorf("wait = %v, want %v", err, errEnding)
	}
	f.client, f.patience = client, cancelPatience
	if err := f.wait(ctx); !errors.Is(err, errJobCancelled) {
		t.Errorf("the job ended with %v", err)
	}
}

// TestUnrecorded: a job that cannot be recorded is not left to itself.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	followed := false
	w := watched{job: RemoteJob{Runner: "flink", ID: "1"}, record: Record{Store: st}, detach: true}
	err = w.handedOver(t.Context(), func(context.Context) error { followed = true; return nil })
	if _, left := AsDetached(err); left || !followed {
		t.Errorf("handedOver = %v, followed: %v", err, followed)
	}
}

func TestRecordCheck(t *testing.T) {
	_, address := service()
	for _, tt := range []struct{ name, text, want string }{
		{"none", "", ""},
		{"unknown to its service", `{"runner":"flink","id":"job-9999","endpoint":"` + address + `"}`, ""},
		{"damaged", `{"runner":`, "remove it if no job is at work"},
	} {
		r, kept := record(t)
		if tt.text != "" {
			_, err := r.Store.Publish(t.Context(), recordName, store.Anything(), writer(tt.text))
			if err != nil {
				t.Fatal(err)
			}
		}
		err := r.Check(t.Context())
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: Check = %v, want %q", tt.name, err, tt.want)
		}
		if text, _ := kept(); text != tt.text {
			t.Errorf("%s: the record is now %q", tt.name, text)
		}
	}
	if err := (Record{}).Check(t.Context()); err != nil {
		t.Errorf("no record: %v", err)
	}
}

func TestDescribePortable(t *testing.T) {
	apart(t)
	s, err := Describe(t.Context(), Job{Name: "bulk", Runner: "flink"}, pipeline(&workFn{}))
	if err != nil {
		t.Fatal(err)
	}
	if s.Runner != "flink" || s.Endpoint == "" || !strings.HasPrefix(s.Environment, "EXTERNAL localhost:") || s.Worker == "" || len(s.Transforms) < 4 {
		t.Errorf("submission %+v", s)
	}
	if _, err := Describe(t.Context(), Job{Runner: "direct"}, pipeline(&workFn{})); !fault.IsRequest(err) {
		t.Errorf("a local runner: %v", err)
	}
}
