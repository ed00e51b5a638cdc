// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// Remote says how a job on an engine elsewhere is handed over and followed. Its
// zero value waits for the job's end.
type Remote struct {
	// Detach leaves the job running and returns when it is handed over.
	Detach bool
	// SharedFiles says that all workers see the paths that this process sees.
	SharedFiles bool
	// GPU is the type of the accelerator that each worker of dataflow gets, such
	// as "nvidia-l4"; empty for none.
	GPU string
}

// Job says what a pipeline is and where it runs. For a local runner its name
// alone will do.
type Job struct {
	// Name is what an engine calls the job where the user did not name it, such
	// as "bulk": lower case letters and "-".
	Name   string
	Runner string
	Remote Remote
	// Places are what the workers read and write.
	Places []Place
	// Backend is what the workers' network computes on, such as "xla:cuda"; empty
	// for a job without one.
	Backend string
	// Record keeps which job works on an output; see [Record].
	Record Record
	// Progress, where not nil, is told the counters of a job elsewhere now and then,
	// never twice at once and not after [Run] has returned. DoFns in this process
	// have ways of their own.
	Progress func(Counters)

	// pause is [sleep] between two calls of Dataflow, but in tests.
	pause func(context.Context, time.Duration) bool
}

// Place is a path or gs:// URL and the option that named it.
type Place struct{ Option, Path string }

// Validate returns everything that keeps the job from being run: an unknown
// runner, flags that it lacks or that contradict each other, places that its
// workers cannot see, a binary that they cannot run. It touches no file but that
// binary and Google Cloud's configuration, which is asked for a project and a
// region that are not given.
func (j Job) Validate() error {
	switch {
	case !slices.Contains(Names(), j.Runner):
		return fault.Request("runner must be one of %s, got %q", strings.Join(Names(), ", "), j.Runner)
	case *jobopts.Async:
		return fault.Request("-async must not be given: the job's last step runs here when the pipeline is done; " +
			"-detach leaves a job running, and the same command goes on with it later")
	}
	var problems []error
	switch {
	case j.Runner == Dataflow:
		problems = j.dataflowProblems()
	case IsLocal(j.Runner):
		problems = j.localProblems()
	default:
		problems = j.portableProblems()
	}
	return fault.AsRequest(errors.Join(problems...))
}

// localProblems refuses what only jobs elsewhere have.
func (j Job) localProblems() []error {
	var problems []error
	if j.Remote.Detach {
		problems = append(problems, fmt.Errorf("-detach must not be given with runner %s, which works inside this process", j.Runner))
	}
	return append(problems, j.gpuProblem())
}

// gpuProblem refuses an accelerator that this runner cannot be asked for.
func (j Job) gpuProblem() error {
	if j.Remote.GPU == "" {
		return nil
	}
	return fmt.Errorf("-gpu must be given with runner dataflow only, got runner %s", j.Runner)
}

// portableProblems are those of a job for a job service.
func (j Job) portableProblems() []error {
	if *jobopts.Endpoint == "" {
		return []error{fmt.Errorf("runner %q must be given -endpoint HOST:PORT, the address of its job service", j.Runner)}
	}
	problems := []error{environmentProblem(), j.gpuProblem()}
	if !jobopts.IsLoopback() {
		_, err := findWorkerBinary("")
		problems = append(problems, err)
	} else if j.Remote.Detach {
		problems = append(problems, errors.New(
			"-detach must not be given with -environment_type LOOPBACK, whose worker is this process"))
	}
	if !j.Remote.SharedFiles && !sameMachine() {
		problems = append(problems, j.placeProblems("or -shared-files must say that all workers see the same paths")...)
	}
	return problems
}

// environmentProblem checks how workers are started. Beam takes a type that it
// does not know for DOCKER.
func environmentProblem() error {
	config := *jobopts.EnvironmentConfig
	switch kind := strings.ToUpper(*jobopts.EnvironmentType); kind {
	case "", "DOCKER", "LOOPBACK":
		return nil
	case "PROCESS", "EXTERNAL":
		if config == "" {
			return fmt.Errorf("-environment_type %s must be given -environment_config", kind)
		}
		return nil
	default:
		return fmt.Errorf("-environment_type must be DOCKER, PROCESS, EXTERNAL or LOOPBACK, got %q", *jobopts.EnvironmentType)
	}
}

// sameMachine reports whether the workers of a job service can be taken to see
// this machine's files: they are this process, or started by a service here, and
// not in a container.
func sameMachine() bool {
	if jobopts.IsLoopback() {
		return true
	}
	host, _, err := net.SplitHostPort(*jobopts.Endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	here := host == "localhost" || ip != nil && ip.IsLoopback()
	contained := slices.Contains([]string{"", "DOCKER"}, strings.ToUpper(*jobopts.EnvironmentType))
	return here && !contained
}

// placeProblems names each local place. What else may be done is said at the end.
func (j Job) placeProblems(or string) []error {
	var problems []error
	for _, p := range j.Places {
		if p.Path == "" || gcs.IsURL(p.Path) {
			continue
		}
		text := fmt.Sprintf("%s must be under gs:// with runner %s, whose workers are on other machines", p.Option, j.Runner)
		if or != "" {
			text += ", " + or
		}
		problems = append(problems, fmt.Errorf("%s; got %q", text, p.Path))
	}
	return problems
}

// Whole returns a place as it is so from anywhere, where the runner has worker
// processes, whose working directory is another. For a local runner it returns
// the place as it is.
func Whole(name, place string) string {
	if IsLocal(name) || place == "" || gcs.IsURL(place) {
		return place
	}
	if abs, err := filepath.Abs(place); err == nil {
		return abs
	}
	return place // the working directory is gone: whoever opens it will say so
}
