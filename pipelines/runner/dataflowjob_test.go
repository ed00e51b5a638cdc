// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"

	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
)

// Beam has taken the name -update for Dataflow.
var updateGolden = flag.Bool("update-golden", false, "rewrite the golden files")

// capture is a logger of Beam's that keeps the last thing said.
type capture struct{ last string }

func (c *capture) Log(_ context.Context, _ log.Severity, _ int, text string) { c.last = text }

// TestDataflowJobAsBeamMakesIt compares our job with the one that Beam itself would
// submit for the same flags.
func TestDataflowJobAsBeamMakesIt(t *testing.T) {
	fakeCloud(t)
	setFlags(t, "job_name", "same", "num_workers", "3", "max_num_workers", "9", "worker_machine_type", "n1-standard-8", "disk_size_gb", "40",
		"disk_type", "pd-ssd", "labels", `{"team":"archive"}`, "network", "net", "subnetwork", "sub", "service_account_email", "a@b.c",
		"dataflow_service_options", "enable_prime,use_x=1", "experiments", "some_experiment", "autoscaling_algorithm", "THROUGHPUT_BASED",
		"number_of_worker_harness_threads", "5", "worker_zone", "us-central1-a", "no_use_public_ips", "true", "min_cpu_platform", "Intel Skylake",
		"flexrs_goal", "FLEXRS_COST_OPTIMIZED", "dataflow_kms_key", "key", "sdk_container_image", "a/b:1", "teardown_policy", "TEARDOWN_ALWAYS")
	s, err := cloudJob(Record{}).describeDataflow(t.Context(), pipeline(&workFn{}))
	if err != nil {
		t.Fatal(err)
	}
	setFlag(t, "dry_run", "true")
	c := &capture{}
	log.SetLogger(c)
	_, err = dataflow.Execute(t.Context(), pipeline(&workFn{}))
	log.SetLogger(&log.Structural{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := json.Marshal(s.job)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainJob(t, []byte(c.last)), plainJob(t, ours)); diff != "" {
		t.Errorf("the job (-Beam's +ours):\n%s", diff)
	}
}

// plainJob is a job without what differs from one submission to the next, and
// without what is ours.
func plainJob(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var job map[string]any
	if err := json.Unmarshal(data, &job); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	delete(job, "clientRequestId")
	labels, _ := job["labels"].(map[string]any)
	delete(labels, requestLabel)
	env := job["environment"].(map[string]any)
	options := env["sdkPipelineOptions"].(map[string]any)
	delete(options, "display_data") // in an order of chance
	inner := options["options"].(map[string]any)
	delete(inner, "pipelineUrl")
	delete(inner, "pipelineProtoHash")
	goOptions := options["beam:option:go_options:v1"].(map[string]any)["options"].(map[string]any)
	for name := range goOptions {
		if strings.HasPrefix(name, "test.") || name == "update-golden" || name == "dry_run" {
			delete(goOptions, name)
		}
	}
	pool := env["workerPools"].([]any)[0].(map[string]any)
	delete(pool, "packages")
	return job
}

// varying is what differs from one submission to the next.
var varying = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`-[0-9]{8}-[0-9]{6}-[0-9a-z]{6}`), "-DATE-RANDOM"},
	{regexp.MustCompile(`[0-9a-f]{64}`), "SHA256"},
	{regexp.MustCompile(`[0-9a-z]{26}`), "REQUEST"},
	{regexp.MustCompile(`go1\.[0-9.]+`), "GO"},
}

// TestDataflowCUDAGolden: the JSON of a job on GPUs.
func TestDataflowCUDAGolden(t *testing.T) {
	fakeCloud(t)
	setFlags(t, "worker_binary", dataflowtest.WorkerBinary(t, dataflowtest.Program{Cgo: true, Dynamic: true}),
		"sdk_container_image", "us-central1-docker.pkg.dev/test-project/chromabeam/worker-cuda:1", "max_num_workers", "8",
		"dataflow_service_options", "enable_google_cloud_profiler")
	j := cloudJob(Record{})
	j.Name, j.Backend, j.Remote.GPU = "bulk", "xla:cuda", "nvidia-l4"
	s, err := Describe(t.Context(), j, pipeline(&workFn{}))
	if err != nil {
		t.Fatal(err)
	}
	var job map[string]any
	if err := json.Unmarshal(s.Job, &job); err != nil {
		t.Fatal(err)
	}
	options := job["environment"].(map[string]any)["sdkPipelineOptions"].(map[string]any)
	delete(options, "display_data")              // in an order of chance
	delete(options, "beam:option:go_options:v1") // whichever flags other tests have set
	data, err := json.MarshalIndent(job, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(data) + "\n"
	for _, v := range varying {
		got = v.pattern.ReplaceAllString(got, v.with)
	}
	file := filepath.Join("testdata", "cuda_job.json")
	if *updateGolden {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./pipelines/runner -update-golden writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the job (-want +got):\n%s", diff)
	}
}

// TestBeamFlags names Beam's flags, so that one which a later version adds is looked
// at: what it means for Dataflow is told by this package.
func TestBeamFlags(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "beam_flags.txt"))
	if err != nil && !*updateGolden {
		t.Fatal(err)
	}
	got := strings.Join(BeamFlagNames(), "\n") + "\n"
	if *updateGolden {
		if err := os.WriteFile(filepath.Join("testdata", "beam_flags.txt"), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), got); diff != "" {
		t.Errorf("Beam's flags (-known +now):\n%s", diff)
	}
}
