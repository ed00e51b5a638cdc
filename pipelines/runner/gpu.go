// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
)

// gpu is an accelerator that workers on Dataflow can have.
type gpu struct {
	name string
	// machine is what a worker is unless the user says otherwise, and family are
	// the patterns of all machines that have one such accelerator, or to which one
	// can be added.
	machine string
	family  []string
}

// gpus are the accelerators of Dataflow that XLA's CUDA plugin still supports. A
// process computes on one, so that machines with more are left out.
func gpus() []gpu {
	return []gpu{
		{"nvidia-l4", "g2-standard-4", []string{
			"g2-standard-4", "g2-standard-8", "g2-standard-12", "g2-standard-16", "g2-standard-32",
		}},
		{"nvidia-tesla-t4", "n1-standard-4", []string{"n1-*"}},
		{"nvidia-tesla-a100", "a2-highgpu-1g", []string{"a2-highgpu-1g"}},
		{"nvidia-a100-80gb", "a2-ultragpu-1g", []string{"a2-ultragpu-1g"}},
		{"nvidia-h100-80gb", "a3-highgpu-1g", []string{"a3-highgpu-1g"}},
	}
}

// GPUs lists what Remote.GPU may be.
func GPUs() []string {
	var names []string
	for _, g := range gpus() {
		names = append(names, g.name)
	}
	return names
}

// gpuThreads is how many bundles a worker with one accelerator works on at once:
// two, so that one can read and decode while the other ends. They share the
// process's engine, so that more would wait for each other.
const gpuThreads = 2

// acceleratorOption begins the service option for an accelerator.
const acceleratorOption = "worker_accelerator="

// wantsAccelerator reports whether the user's own service options ask for one.
func wantsAccelerator(o *dataflowlib.JobOptions) bool {
	return slices.ContainsFunc(o.DataflowServiceOptions, func(s string) bool { return strings.HasPrefix(s, acceleratorOption) })
}

// addGPU asks for an accelerator: by a service option beside the user's own, and
// by a machine and a number of threads where the user has not named them.
func addGPU(o *dataflowlib.JobOptions, name string) []error {
	all := gpus()
	i := slices.IndexFunc(all, func(g gpu) bool { return g.name == name })
	if i < 0 {
		return []error{fmt.Errorf("-gpu must be one of %s, got %q", strings.Join(GPUs(), ", "), name)}
	}
	g := all[i]
	var problems []error
	if wantsAccelerator(o) {
		problems = append(problems, errors.New(
			"-gpu must not be given together with a worker_accelerator in -dataflow_service_options"))
	}
	if o.MachineType == "" {
		o.MachineType = g.machine
	}
	fits := func(pattern string) bool {
		ok, err := path.Match(pattern, o.MachineType)
		return ok && err == nil
	}
	if !slices.ContainsFunc(g.family, fits) {
		problems = append(problems, fmt.Errorf("-worker_machine_type must be one with a single %s (%s), got %q",
			name, strings.Join(g.family, ", "), o.MachineType))
	}
	if o.WorkerHarnessThreads == 0 {
		o.WorkerHarnessThreads = gpuThreads
	}
	o.DataflowServiceOptions = append(o.DataflowServiceOptions, acceleratorOption+"type:"+name+";count:1;install-nvidia-driver")
	return problems
}

// backendProblems refuses a backend that the workers' machines or binary cannot
// have. There is none for a job without a network.
func (j Job) backendProblems(o *dataflowlib.JobOptions, b binary) []error {
	var problems []error
	accelerated := j.Remote.GPU != "" || wantsAccelerator(o)
	switch {
	case accelerated && j.Backend == "":
		problems = append(problems, errors.New("an accelerator must not be asked for: this job computes on none"))
	case accelerated && !strings.HasSuffix(j.Backend, ":cuda"):
		problems = append(problems, fmt.Errorf(
			"-backend must be xla:cuda with an accelerator, which nothing else computes on, got %s", j.Backend))
	case !accelerated && strings.HasSuffix(j.Backend, ":cuda"):
		problems = append(problems, fmt.Errorf("-backend %s must be given with -gpu TYPE, such as -gpu nvidia-l4", j.Backend))
	}
	if strings.HasPrefix(j.Backend, "xla:") {
		if b.path != "" && !b.cgo {
			problems = append(problems, fmt.Errorf(
				"-backend %s must have a worker binary that was built with CGO_ENABLED=1, which %q was not: only such a one can load XLA; "+
					"that of the worker images of infra/docker can", j.Backend, b.path))
		}
		if stock(o.ContainerImage) {
			problems = append(problems, fmt.Errorf(
				"-backend %s must be given -sdk_container_image, an image with XLA's plugin: infra/docker builds one", j.Backend))
		}
	}
	return problems
}
