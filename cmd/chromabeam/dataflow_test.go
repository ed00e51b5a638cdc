// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/pipelines/runner"
	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// cloud is a fake Google Cloud, and the flags that lead to it.
type cloud struct {
	*dataflowtest.Server

	bucket *gcstest.Server
	flags  []string
}

func startCloud(t *testing.T) cloud {
	t.Helper()
	bucket := gcstest.Start(t)
	for _, name := range []string{"staging", "input", "out"} {
		bucket.CreateBucket(name)
	}
	server := dataflowtest.Start(t, bucket)
	server.Login(t)
	t.Cleanup(func() {
		// A command hands its flags to Beam, which keeps them for the process.
		for _, name := range runner.BeamFlagNames() {
			if f := flag.Lookup(name); f.Value.String() != f.DefValue {
				if err := flag.Set(name, f.DefValue); err != nil {
					t.Error(err)
				}
			}
		}
	})
	return cloud{server, bucket, []string{
		"-runner", "dataflow", "-project", "test-project", "-region", "us-central1", "-staging_location", "gs://staging",
		"-dataflow_endpoint", server.Endpoint(), "-worker_binary", dataflowtest.WorkerBinary(t, dataflowtest.Program{}),
	}}
}

// upload copies a folder into a bucket.
func (c cloud) upload(t *testing.T, dir, prefix string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		c.bucket.Put("input", prefix+"/"+e.Name(), data)
	}
}

// objects are the digests of the objects below a prefix whose names end so.
func (c cloud) objects(prefix, suffix string) map[string]string {
	found := map[string]string{}
	for _, name := range c.bucket.List("out", prefix+"/") {
		rest := strings.TrimPrefix(name, prefix+"/")
		if strings.HasSuffix(name, suffix) && !strings.HasPrefix(rest, ".chromabeam/") {
			data, _ := c.bucket.Get("out", name)
			found[rest] = sumOf(data)
		}
	}
	return found
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ending keeps those of a folder's files whose names end so.
func ending(files map[string]string, suffix string) map[string]string {
	found := map[string]string{}
	for name, sum := range files {
		if strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, ".chromabeam/") {
			found[name] = sum
		}
	}
	return found
}

// TestDataflow prepares and colours on a fake Dataflow that runs what it is given,
// and wants the bytes of the same jobs on this machine.
func TestDataflow(t *testing.T) {
	c := startCloud(t)
	dir := t.TempDir()
	pictures := filepath.Join(dir, "pictures")
	writePictures(t, pictures, 12, 64)
	c.upload(t, pictures, "pictures")

	local := filepath.Join(dir, "data")
	args := []string{"-size", "32", "-val-percent", "25", "-shards", "3"}
	want := mustRun(t, exitDone, slices.Concat([]string{"prepare", "-input", pictures, "-output", local}, args)...)
	got := mustRun(t, exitDone, slices.Concat([]string{"prepare", "-input", "gs://input/pictures", "-output", "gs://out/data"}, args, c.flags)...)
	if strings.ReplaceAll(want, local, "gs://out/data") != got {
		t.Errorf("prepare prints %q, on this machine %q", got, want)
	}
	sameFiles(t, ending(digests(t, local), ".tar"), c.objects("data", ".tar"))

	local = filepath.Join(dir, "coloured")
	args = []string{"-backend", "go", "-render-size", "64"}
	mustRun(t, exitDone, slices.Concat([]string{"bulk", "-input", pictures, "-output", local}, args)...)
	got = mustRun(t, exitDone, slices.Concat([]string{"bulk", "-input", "gs://input/pictures", "-output", "gs://out/coloured"}, args, c.flags)...)
	if !strings.HasPrefix(got, "pictures=12 colored=12 skipped=0 left=0 rejects=0 ") {
		t.Errorf("bulk prints %q", got)
	}
	sameFiles(t, ending(digests(t, local), ".png"), c.objects("coloured", ".png"))

	var report struct {
		Summary struct {
			Colored int `json:"colored"`
		} `json:"summary"`
		Runner   string           `json:"runner"`
		Counters map[string]int64 `json:"counters"`
	}
	data, _ := c.bucket.Get("out", "coloured/report.json")
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if report.Summary.Colored != 12 || report.Runner != "dataflow" || report.Counters["bulk.colored"] != 12 {
		t.Errorf("the report says %+v", report)
	}
	var submitted []string
	for _, j := range c.Jobs() {
		name, _, _ := strings.Cut(strings.TrimPrefix(j.Name, "chromabeam-"), "-20")
		submitted = append(submitted, name+" "+j.CurrentState)
	}
	if diff := cmp.Diff([]string{"prepare-plan JOB_STATE_DONE", "prepare-write JOB_STATE_DONE", "bulk JOB_STATE_DONE"}, submitted); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	for _, name := range c.bucket.List("staging", "") {
		data, _ := c.bucket.Get("staging", name)
		t.Logf("staged %s, %d bytes", name, len(data))
	}
	t.Logf("called:\n%s", strings.Join(c.Calls(), "\n"))
}

// TestDataflowDetach leaves each job running. The same command refuses while one
// runs, and goes on from there once it has ended.
func TestDataflowDetach(t *testing.T) {
	c := startCloud(t)
	pictures := filepath.Join(t.TempDir(), "pictures")
	writePictures(t, pictures, 4, 20)
	c.upload(t, pictures, "pictures")
	prepare := slices.Concat([]string{"prepare", "-input", "gs://input/pictures", "-output", "gs://out/data", "-size", "16", "-detach"}, c.flags)

	c.Play(&dataflowtest.Script{States: []string{"JOB_STATE_RUNNING"}})
	code, out, errs := chromabeam(t, prepare...)
	id := c.Jobs()[0].Id
	if code != exitDone || !strings.HasPrefix(out, "detached="+id+" runner=dataflow name=chromabeam-prepare-plan-") ||
		!strings.HasSuffix(out, " project=test-project region=us-central1 output=gs://out/data\n") ||
		!strings.Contains(errs, "gcloud dataflow jobs cancel "+id) {
		t.Fatalf("exit code %d, %q, %s", code, out, errs)
	}
	if code, _, errs := chromabeam(t, prepare...); code != exitUsage || !strings.Contains(errs, "is still at work on this output (JOB_STATE_RUNNING)") {
		t.Errorf("while it runs: exit code %d, %s", code, errs)
	}
	c.Cancel(id)
	c.Play(nil) // from here on jobs are run
	var detached []string
	for range 10 {
		code, out, errs = chromabeam(t, prepare...)
		switch {
		case code == exitDone && strings.HasPrefix(out, "detached="):
			detached = append(detached, strings.Fields(out)[2])
		case code != exitUsage || !strings.Contains(errs, "still at work"):
			if code != exitDone || !strings.HasPrefix(out, "pictures=4 ") || len(detached) != 2 {
				t.Errorf("at the end: exit code %d, %q, %s; detached %q", code, out, errs, detached)
			}
			return
		}
		c.Wait()
	}
	t.Error("the data set was never done")
}

// TestDataflowDetachBulk leaves a job running that colours, and lets the next run
// write the report.
func TestDataflowDetachBulk(t *testing.T) {
	c := startCloud(t)
	pictures := filepath.Join(t.TempDir(), "pictures")
	writePictures(t, pictures, 4, 20)
	c.upload(t, pictures, "pictures")
	args := slices.Concat([]string{"bulk", "-input", "gs://input/pictures", "-output", "gs://out/coloured", "-render-size", "64", "-detach"}, c.flags)
	if out := mustRun(t, exitDone, args...); !strings.HasPrefix(out, "detached="+c.Jobs()[0].Id+" ") {
		t.Errorf("bulk prints %q", out)
	}
	c.Wait()
	const record = "coloured/.chromabeam/remote.json"
	mustRun(t, exitDone, append(slices.Clone(args), "-dry-run")...)
	if _, there := c.bucket.Get("out", record); !there {
		t.Error("a dry run removes the record of the job")
	}
	if out := mustRun(t, exitDone, args...); !strings.HasPrefix(out, "pictures=4 colored=4 skipped=4 ") || len(c.Jobs()) != 1 {
		t.Errorf("bulk prints %q after %d jobs", out, len(c.Jobs()))
	}
	if _, there := c.bucket.Get("out", record); there {
		t.Error("the record of a job that has ended stays")
	}
	if len(c.objects("coloured", ".png")) != 4 || len(c.objects("coloured", "report.html")) != 1 {
		t.Errorf("output %q", c.bucket.List("out", ""))
	}
}

// TestDataflowLies: a runner that reports success without having done anything is
// not believed.
func TestDataflowLies(t *testing.T) {
	c := startCloud(t)
	pictures := filepath.Join(t.TempDir(), "pictures")
	writePictures(t, pictures, 4, 20)
	c.upload(t, pictures, "pictures")
	c.Play(&dataflowtest.Script{States: []string{"JOB_STATE_DONE"}})
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"prepare", "-size", "16", "-output", "gs://out/data"}, "the runner reported success, but there is no plan"},
		{[]string{"bulk", "-output", "gs://out/coloured"}, `the runner reported success, but "gs://out/coloured/.chromabeam/totals.json" is not there`},
		{[]string{"bulk", "-output", "gs://out/coloured.zip"}, "the runner reported success"},
	} {
		code, out, errs := chromabeam(t, slices.Concat(tt.args, []string{"-input", "gs://input/pictures"}, c.flags)...)
		if code != exitFailed || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, %q, %s", tt.args[0], code, out, errs)
		}
	}
}

// TestDataflowInterrupt is Ctrl-C while a job runs: it is cancelled.
func TestDataflowInterrupt(t *testing.T) {
	c := startCloud(t)
	pictures := filepath.Join(t.TempDir(), "pictures")
	writePictures(t, pictures, 4, 20)
	c.upload(t, pictures, "pictures")
	c.Play(&dataflowtest.Script{States: []string{"JOB_STATE_RUNNING"}})
	ctx, interrupt := context.WithCancel(t.Context())
	c.OnCall("get", interrupt)
	var out, errs strings.Builder
	args := slices.Concat([]string{"bulk", "-input", "gs://input/pictures", "-output", "gs://out/coloured"}, c.flags)
	if code := run(ctx, args, &out, &errs); code != exitInterrupted || c.Jobs()[0].CurrentState != "JOB_STATE_CANCELLED" {
		t.Errorf("exit code %d, the job is %s, %s", code, c.Jobs()[0].CurrentState, errs.String())
	}
	if _, there := c.bucket.Get("out", "coloured/.chromabeam/remote.json"); there {
		t.Error("the record of a job that was cancelled stays")
	}
}

// TestDataflowDryRun shows what would be submitted, and neither stages nor writes.
func TestDataflowDryRun(t *testing.T) {
	c := startCloud(t)
	pictures := filepath.Join(t.TempDir(), "pictures")
	writePictures(t, pictures, 4, 20)
	c.upload(t, pictures, "pictures")
	for _, args := range [][]string{
		{"prepare", "-size", "16", "-output", "gs://out/data"},
		{"bulk", "-output", "gs://out/coloured"},
	} {
		args = slices.Concat(args, []string{"-input", "gs://input/pictures", "-dry-run"}, c.flags)
		code, out, errs := chromabeam(t, args...)
		if code != exitDone || !strings.HasPrefix(out, "pictures=4 ") || !strings.Contains(errs, `"workerHarnessContainerImage": "gcr.io/cloud-dataflow/v1beta3/beam_go_sdk:`) {
			t.Errorf("%s: exit code %d, %q, %s", args[0], code, out, errs)
		}
		var printed struct {
			Submission *runner.Submission `json:"submission"`
		}
		if err := json.Unmarshal([]byte(mustRun(t, exitDone, append(args, "-json")...)), &printed); err != nil || printed.Submission == nil || printed.Submission.Region != "us-central1" {
			t.Errorf("%s: as JSON %+v, %v", args[0], printed, err)
		}
	}
	// From a machine without a GPU, for workers with one.
	args := slices.Concat([]string{"bulk", "-input", "gs://input/pictures", "-output", "gs://out/coloured", "-dry-run", "-gpu", "nvidia-l4"}, c.flags,
		[]string{"-sdk_container_image", "us-docker.pkg.dev/p/worker-cuda:1", "-worker_binary", dataflowtest.WorkerBinary(t, dataflowtest.Program{Cgo: true, Dynamic: true})})
	code, _, errs := chromabeam(t, args...)
	if code != exitDone || !strings.Contains(errs, `"worker_accelerator=type:nvidia-l4;count:1;install-nvidia-driver"`) || !strings.Contains(errs, `"machineType": "g2-standard-4"`) {
		t.Errorf("with a GPU: exit code %d, %s", code, errs)
	}
	if staged, written := c.bucket.List("staging", ""), c.bucket.List("out", ""); len(staged)+len(written)+len(c.Jobs()) > 0 {
		t.Errorf("staged %q, wrote %q, submitted %d jobs", staged, written, len(c.Jobs()))
	}
}

// TestDataflowRefuses says all that is missing at once, before any work.
func TestDataflowRefuses(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none"))
	t.Setenv("CLOUDSDK_COMPUTE_REGION", "")
	t.Setenv("PATH", t.TempDir())
	code, out, errs := chromabeam(t, "bulk", "-runner", "dataflow", "-input", "pictures", "-output", "out", "-gpu", "nvidia-l4", "-backend", "go")
	if code != exitUsage || out != "" {
		t.Errorf("exit code %d, %q", code, out)
	}
	for _, want := range []string{
		"-project must be given", "-region must be given", "-staging_location must be", "input must be under gs://", "output must be under gs://",
		"an accelerator must be given -sdk_container_image", "-backend must be xla:cuda with an accelerator",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("missing %q in:\n%s", want, errs)
		}
	}
}
