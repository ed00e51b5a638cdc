// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"

	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// stockImage is what workers run in where no image is named.
const stockImage = "gcr.io/cloud-dataflow/v1beta3/beam_go_sdk:" + core.SdkVersion

// stock reports whether an image is Beam's own, wherever it is fetched from.
func stock(image string) bool { return strings.Contains(image, "/beam_go_sdk:") }

// workerImage is the image that the user has named, or Beam's.
func workerImage() string {
	config := *jobopts.EnvironmentConfig
	if config == core.DefaultDockerImage { // Beam itself sets it to this
		config = ""
	}
	return cmp.Or(given("sdk_container_image"), given("worker_harness_container_image"), config, stockImage)
}

// refusedFlags are Beam's flags for Dataflow that a job of this toolkit cannot
// have, with the reason.
func refusedFlags() map[string]string {
	return map[string]string{
		"template_location":      "a template would run later, without the steps that the driver does before and after",
		"dry_run":                "-dry-run shows what would be submitted",
		"update":                 "only streaming jobs can be updated",
		"transform_name_mapping": "only streaming jobs can be updated",
	}
}

// given returns a flag's value. Its packages keep most of them to themselves.
func given(name string) string { return flag.Lookup(name).Value.String() }

// number returns the value of a flag that is a number.
func number(name string) int64 {
	getter, ok := flag.Lookup(name).Value.(flag.Getter)
	if !ok {
		return 0
	}
	n, _ := getter.Get().(int64)
	return n
}

// list returns the parts of a flag that is a list.
func list(name string) []string {
	if text := given(name); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// What this machine's configuration says of Google Cloud. It may take a program, or a
// question to the machine's own service, and so it is looked up once.
var (
	configuredProject = sync.OnceValue(func() string { return gcpopts.GetProjectFromFlagOrEnvironment(context.Background()) })
	configuredRegion  = sync.OnceValue(func() string { return gcpopts.GetRegion(context.Background()) })
)

// givenOr returns a flag's value, or what is configured where it has none.
func givenOr(name string, configured func() string) string {
	if value := given(name); value != "" {
		return value
	}
	return configured()
}

// dataflowOptions turns Beam's flags, and the job's own, into the options of a
// Dataflow job, as Beam does it: the test of the job's JSON compares. It returns
// all problems.
func (j Job) dataflowOptions() (*dataflowlib.JobOptions, []error) {
	var problems []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	o := &dataflowlib.JobOptions{
		Name: j.jobName(time.Now()), Experiments: dataflowExperiments(), DataflowServiceOptions: list("dataflow_service_options"),
		Project: givenOr("project", configuredProject), Region: givenOr("region", configuredRegion), Zone: given("zone"),
		KmsKey: given("dataflow_kms_key"), Network: given("network"), Subnetwork: given("subnetwork"),
		NumWorkers: number("num_workers"), MaxNumWorkers: number("max_num_workers"),
		WorkerHarnessThreads: number("number_of_worker_harness_threads"), DiskSizeGb: number("disk_size_gb"),
		DiskType: given("disk_type"), DiskProvisionedIops: number("disk_provisioned_iops"),
		DiskProvisionedThroughputMibps: number("disk_provisioned_throughput_mibps"), Algorithm: given("autoscaling_algorithm"),
		FlexRSGoal: given("flexrs_goal"), MachineType: cmp.Or(given("worker_machine_type"), given("machine_type")),
		ServiceAccountEmail: given("service_account_email"), TempLocation: given("temp_location"),
		WorkerRegion: given("worker_region"), WorkerZone: given("worker_zone"), TeardownPolicy: given("teardown_policy"),
		ContainerImage: workerImage(),
	}
	must(o.Project != "", "-project must be given: the Google Cloud project that pays for the job")
	must(o.Region != "", "-region must be given, such as us-central1")
	staging := given("staging_location")
	must(gcs.IsURL(staging), "-staging_location must be a place under gs:// for the job's files, got %q", staging)
	must(o.TempLocation == "" || gcs.IsURL(o.TempLocation), "-temp_location must be under gs://, got %q", o.TempLocation)
	if o.TempLocation == "" {
		o.TempLocation = strings.TrimRight(staging, "/") + "/tmp"
	}
	if text := given("labels"); text != "" {
		err := json.Unmarshal([]byte(text), &o.Labels)
		must(err == nil, "-labels must be a JSON object of texts: %w", err)
	}
	must(validName.MatchString(o.Name) && len(o.Name) < 1024,
		"-job_name must be of lower case letters, digits and -, and begin with a letter, got %q", o.Name)
	must(slices.Contains([]string{"", "NONE", "THROUGHPUT_BASED"}, o.Algorithm),
		"-autoscaling_algorithm must be NONE or THROUGHPUT_BASED, got %q", o.Algorithm)
	must(slices.Contains([]string{"", "FLEXRS_UNSPECIFIED", "FLEXRS_SPEED_OPTIMIZED", "FLEXRS_COST_OPTIMIZED"}, o.FlexRSGoal),
		"-flexrs_goal must be FLEXRS_SPEED_OPTIMIZED or FLEXRS_COST_OPTIMIZED, got %q", o.FlexRSGoal)
	must(given("sdk_container_image") == "" || given("worker_harness_container_image") == "",
		"-sdk_container_image and -worker_harness_container_image must not be given together")
	must(slices.Contains([]string{"", "DOCKER"}, strings.ToUpper(*jobopts.EnvironmentType)),
		"-environment_type must be DOCKER with runner dataflow, got %q", *jobopts.EnvironmentType)
	var err error
	o.NoUsePublicIPs, err = privateIPs()
	problems = append(problems, err, experimentProblem(o.Experiments))
	if platform := given("min_cpu_platform"); platform != "" {
		o.Experiments = append(o.Experiments, "min_cpu_platform="+platform)
	}
	if j.Remote.GPU != "" {
		problems = append(problems, addGPU(o, j.Remote.GPU)...)
	}
	return o, problems
}

// validName is what Dataflow takes for a job's name, which must also be shorter
// than 1,024 characters.
var validName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// jobName is the user's name for the job, or one that no other job has.
func (j Job) jobName(now time.Time) string {
	if *jobopts.JobName != "" {
		return *jobopts.JobName
	}
	when, random := now.UTC().Format("20060102-150405"), strings.ToLower(rand.Text()[:6])
	return fmt.Sprintf("chromabeam-%s-%s-%s", cmp.Or(j.Name, "job"), when, random)
}

// dataflowExperiments are those without which the Go SDK does not work there, and
// the user's.
func dataflowExperiments() []string {
	all := slices.Clone(jobopts.GetExperiments())
	for _, name := range []string{"beam_fn_api", "use_runner_v2", "use_unified_worker", "use_portable_job_submission"} {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, name) }) {
			all = append(all, name)
		}
	}
	return all
}

func experimentProblem(experiments []string) error {
	for _, e := range experiments {
		for _, name := range []string{"disable_runner_v2", "disable_prime_runner_v2", "disable_portable_runner"} {
			if strings.Contains(e, name) {
				return fmt.Errorf("-experiments must not disable the portable runner, without which no Go worker runs, got %q", e)
			}
		}
	}
	return nil
}

// privateIPs reports whether workers have no public addresses. Beam has a flag for
// either way.
func privateIPs() (bool, error) {
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	public, private := given("use_public_ips") == "true", given("no_use_public_ips") == "true"
	switch {
	case set["use_public_ips"] && set["no_use_public_ips"] && public == private:
		return false, errors.New("-use_public_ips and -no_use_public_ips must not contradict each other")
	case set["use_public_ips"] && !set["no_use_public_ips"]:
		return !public, nil
	}
	return private, nil
}

// dataflowProblems is everything that keeps a job from being run on Dataflow.
func (j Job) dataflowProblems() []error {
	o, problems := j.dataflowOptions()
	for name, why := range refusedFlags() {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			problems = append(problems, fmt.Errorf("-%s must not be given: %s", name, why))
		}
	}
	if j.Remote.SharedFiles {
		problems = append(problems, errors.New(
			"-shared-files must not be given with runner dataflow, whose workers see no files but those under gs://"))
	}
	problems = append(problems, j.placeProblems("")...)
	b, err := findWorkerBinary(machineArch(o.MachineType))
	problems = append(problems, err)
	accelerated := j.Remote.GPU != "" || wantsAccelerator(o)
	switch {
	case !stock(o.ContainerImage):
	case accelerated:
		problems = append(problems, errors.New(
			"an accelerator must be given -sdk_container_image, an image with CUDA's libraries: infra/docker builds one"))
	case b.dynamic:
		problems = append(problems, fmt.Errorf(
			"the worker binary %q needs libraries that Beam's own worker image lacks (it was built with cgo): "+
				"%s, or give -sdk_container_image, an image that infra/docker builds", b.path, crossBuild(b.arch)))
	}
	return append(problems, j.backendProblems(o, b)...)
}

// machineArch is the processor of a machine type.
func machineArch(machine string) string {
	for _, arm := range []string{"t2a-", "c4a-", "n4a-", "a4x-"} {
		if strings.HasPrefix(machine, arm) {
			return "arm64"
		}
	}
	return "amd64"
}
