// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/pipelines/runner/dataflowtest"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// wantProblems checks that a job has these problems, said in one message, and no
// other.
func wantProblems(t *testing.T, j Job, want []string) {
	t.Helper()
	err := j.Validate()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("Validate = %v", err)
		}
		return
	}
	if err == nil || !fault.IsRequest(err) {
		t.Errorf("Validate = %v, want a request error", err)
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("missing %q in:\n%v", w, err)
		}
	}
}

func remotePlaces() []Place {
	return []Place{{"input", "gs://in/pictures"}, {"output", "gs://out/done"}, {"model", ""}}
}

func localPlaces() []Place {
	return []Place{{"input", "pictures"}, {"output", "/out"}, {"model", "gs://models/run"}}
}

func TestValidateLocal(t *testing.T) {
	wantProblems(t, Job{Runner: "direct", Places: localPlaces()}, nil)
	wantProblems(t, Job{Runner: "prism", Remote: Remote{Detach: true, GPU: "nvidia-l4"}},
		[]string{"-detach must not be given with runner prism", "-gpu must be given with runner dataflow only"})
	setFlag(t, "async", "true")
	wantProblems(t, Job{Runner: "direct"}, []string{"-async must not be given"})
}

func TestValidatePortable(t *testing.T) {
	worker := dataflowtest.WorkerBinary(t, dataflowtest.Program{})
	far := []string{"endpoint", "flink.example:8099", "worker_binary", worker}
	near := []string{"endpoint", "localhost:8099", "worker_binary", worker, "environment_type", "PROCESS", "environment_config", `{"command":"/worker.sh"}`}
	needs := []string{
		"input must be under gs:// with runner flink, whose workers are on other machines, or -shared-files must say",
		`got "pictures"`, "output must be under gs://",
	}
	for _, tt := range []struct {
		name  string
		job   Job
		flags []string
		count int
		want  []string
	}{
		{"far and remote", Job{Places: remotePlaces()}, far, 0, nil},
		{"far and local", Job{Places: localPlaces()}, far, 2, needs},
		{"far and shared", Job{Places: localPlaces(), Remote: Remote{SharedFiles: true}}, far, 0, nil},
		{"near", Job{Places: localPlaces()}, near, 0, nil},
		{"near by address", Job{Places: localPlaces()}, append(near, "endpoint", "[::1]:8099"), 0, nil},
		{"near in containers", Job{Places: localPlaces()}, append(near, "environment_type", "docker"), 2, needs},
		{"loopback", Job{Places: localPlaces()}, []string{"endpoint", "flink.example:8099", "environment_type", "loopback"}, 0, nil},
		{"loopback detached", Job{Remote: Remote{Detach: true}}, []string{"endpoint", "localhost:1", "environment_type", "LOOPBACK"}, 1, []string{"whose worker is this process"}},
		{"no config", Job{}, append(near, "environment_config", ""), 1, []string{"-environment_type PROCESS must be given -environment_config"}},
		{"unknown environment", Job{}, append(near, "environment_type", "POD"), 1, []string{`got "POD"`}},
		{"no binary", Job{}, append(near, "worker_binary", "none"), 1, []string{"no such file"}},
		{"gpu", Job{Remote: Remote{GPU: "nvidia-l4"}}, near, 1, []string{"-gpu must be given with runner dataflow only"}},
		{"no endpoint", Job{}, nil, 1, []string{`runner "flink" must be given -endpoint`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setFlags(t, tt.flags...)
			tt.job.Runner = "flink"
			err := tt.job.Validate()
			if tt.count == 0 && err != nil {
				t.Fatal(err)
			}
			if tt.count > 0 && (!fault.IsRequest(err) || len(strings.Split(err.Error(), "\n")) != tt.count) {
				t.Errorf("Validate = %v, want %d problems", err, tt.count)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("missing %q in:\n%v", w, err)
				}
			}
		})
	}
}

// cloud sets what every job on Dataflow needs.
func cloud(t *testing.T, more ...string) {
	t.Helper()
	setFlags(t, "project", "test-project", "region", "us-central1", "staging_location", "gs://staging/dir",
		"worker_binary", dataflowtest.WorkerBinary(t, dataflowtest.Program{}))
	setFlags(t, more...)
}

func TestValidateDataflowBare(t *testing.T) {
	// Nothing of this machine's own configuration.
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none"))
	t.Setenv("CLOUDSDK_COMPUTE_REGION", "")
	t.Setenv("PATH", t.TempDir())
	before := serves.Swap(false)
	t.Cleanup(func() { serves.Store(before) })
	wantProblems(t, Job{Runner: Dataflow, Places: localPlaces(), Remote: Remote{SharedFiles: true}}, []string{
		"-project must be given", "-region must be given", "-staging_location must be a place under gs://", "-shared-files must not be given",
		"input must be under gs:// with runner dataflow, whose workers are on other machines; got", `output must be under gs://`,
		"this program cannot be run by the workers",
	})
}

func TestValidateDataflow(t *testing.T) {
	if os.Getenv("CLOUDSDK_COMPUTE_REGION") != "" {
		t.Setenv("CLOUDSDK_COMPUTE_REGION", "")
	}
	native := dataflowtest.WorkerBinary(t, dataflowtest.Program{Cgo: true, Dynamic: true})
	arm := dataflowtest.WorkerBinary(t, dataflowtest.Program{Arch: "arm64"})
	image := []string{"sdk_container_image", "us-docker.pkg.dev/p/chromabeam/worker-cuda:1"}
	l4 := Remote{GPU: "nvidia-l4"}
	for _, tt := range []struct {
		name    string
		backend string
		remote  Remote
		flags   []string
		want    []string
	}{
		{"plain", "", Remote{}, nil, nil},
		{"detached", "go", Remote{Detach: true}, nil, nil},
		{"arm", "go", Remote{}, []string{"worker_machine_type", "t2a-standard-4", "worker_binary", arm}, nil},
		{"arm binary", "go", Remote{}, []string{"worker_binary", arm}, []string{"it is for linux/arm64, and the workers are linux/amd64"}},
		{"cgo on the stock image", "go", Remote{}, []string{"worker_binary", native}, []string{"needs libraries that Beam's own worker image lacks"}},
		{"cgo on the stock image by name", "go", Remote{}, []string{"worker_binary", native, "sdk_container_image", "apache/beam_go_sdk:2.77.0"}, []string{"or give -sdk_container_image"}},
		{"cgo on an own image", "xla:cpu", Remote{}, append(image, "worker_binary", native), nil},
		{"xla without cgo", "xla:cpu", Remote{}, image, []string{"-backend xla:cpu must have a worker binary that was built with CGO_ENABLED=1"}},
		{"xla on the stock image", "xla:cpu", Remote{}, nil, []string{"CGO_ENABLED=1", "must be given -sdk_container_image"}},
		{"gpu", "xla:cuda", l4, append(image, "worker_binary", native), nil},
		{"gpu without an image", "xla:cuda", l4, []string{"worker_binary", native}, []string{"an accelerator must be given -sdk_container_image", "-backend xla:cuda must be given -sdk_container_image"}},
		{"gpu for prepare", "", l4, image, []string{"this job computes on none"}},
		{"gpu for go", "go", l4, image, []string{"-backend must be xla:cuda with an accelerator"}},
		{"cuda without a gpu", "xla:cuda", Remote{}, append(image, "worker_binary", native), []string{"must be given with -gpu TYPE"}},
		{"unknown gpu", "xla:cuda", Remote{GPU: "voodoo-2"}, append(image, "worker_binary", native), []string{`-gpu must be one of nvidia-l4, nvidia-tesla-t4`}},
		{"gpu twice", "xla:cuda", l4, append(image, "worker_binary", native, "dataflow_service_options", "a,worker_accelerator=type:nvidia-tesla-t4;count:1"), []string{"must not be given together with a worker_accelerator"}},
		{"gpu on another machine", "xla:cuda", l4, append(image, "worker_binary", native, "worker_machine_type", "n1-standard-4"), []string{"-worker_machine_type must be one with a single nvidia-l4"}},
		{"two gpus", "xla:cuda", l4, append(image, "worker_binary", native, "machine_type", "g2-standard-24"), []string{`got "g2-standard-24"`}},
		{"own accelerator", "xla:cuda", Remote{}, append(image, "worker_binary", native, "dataflow_service_options", "worker_accelerator=type:nvidia-tesla-t4;count:1;install-nvidia-driver"), nil},
		{"template", "", Remote{}, []string{"template_location", "gs://a/b"}, []string{"-template_location must not be given"}},
		{"beam's dry run", "", Remote{}, []string{"dry_run", "true"}, []string{"-dry-run shows what would be submitted"}},
		{"update", "", Remote{}, []string{"update", "true"}, []string{"only streaming jobs"}},
		{"everything", "", Remote{}, []string{
			"labels", "{", "job_name", "My job", "autoscaling_algorithm", "MAGIC", "flexrs_goal", "CHEAP", "environment_type", "PROCESS",
			"experiments", "disable_runner_v2", "temp_location", "/tmp", "sdk_container_image", "a/b:1", "worker_harness_container_image", "a/c:1",
			"staging_location", "staging",
		}, []string{
			"-labels must be", `got "My job"`, `got "MAGIC"`, `got "CHEAP"`, "-environment_type must be DOCKER", "must not disable the portable runner",
			`-temp_location must be under gs://, got "/tmp"`, "must not be given together", `got "staging"`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cloud(t, tt.flags...)
			wantProblems(t, Job{Runner: Dataflow, Backend: tt.backend, Remote: tt.remote, Places: remotePlaces()}, tt.want)
		})
	}
}
