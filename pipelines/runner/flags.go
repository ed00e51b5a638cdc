// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"flag"
	"slices"
	"strings"
)

// workerFlags are the global flags that a command does not offer: the runner's
// name has a flag of its own, the others are for the inside of a worker.
func workerFlags() []string {
	return []string{"runner", "worker", "id", "options", "logging_endpoint", "control_endpoint", "semi_persist_dir"}
}

// Flags adds to a command's flag set a proxy for each of Beam's flags. Beam
// takes more than fifty names on the global flag set, finds out there which
// were given and hands those to its workers, so setting a proxy sets the
// global flag. Names that the flag set has already are left alone.
func Flags(fs *flag.FlagSet) {
	for _, name := range BeamFlagNames() {
		if fs.Lookup(name) == nil {
			global := flag.Lookup(name)
			fs.Var(&proxy{global}, name, global.Usage)
		}
	}
}

// BeamFlagNames lists, sorted, the flags that [Flags] adds.
func BeamFlagNames() []string { return slices.Clone(beamFlags) }

// beamFlags is taken when this package starts: then the packages of Beam have
// their flags, and a program that imports this package does not have its own.
var beamFlags = globalFlags()

func globalFlags() []string {
	var names []string
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") && !slices.Contains(workerFlags(), f.Name) {
			names = append(names, f.Name)
		}
	})
	return names
}

// proxy is a flag's value that stands for a global flag.
type proxy struct{ global *flag.Flag }

// Set sets the global flag and marks it as given.
func (p *proxy) Set(value string) error { return flag.Set(p.global.Name, value) }

// String returns the global flag's value. The flag package also calls it on a
// zero proxy.
func (p *proxy) String() string {
	if p.global == nil {
		return ""
	}
	return p.global.Value.String()
}

// IsBoolFlag reports whether the flag may stand without a value.
func (p *proxy) IsBoolFlag() bool {
	b, ok := p.global.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// RemoteFlags adds the flags of a [Remote] that every job has.
func RemoteFlags(fs *flag.FlagSet, r *Remote) {
	fs.BoolVar(&r.Detach, "detach", false,
		"with a runner elsewhere: leave the job running, say how to follow it, and end; the same command goes on when it is done")
	fs.BoolVar(&r.SharedFiles, "shared-files", false,
		"with flink, spark or another job service: all workers see the same paths as this machine")
}

// GPUFlag adds the flag for a [Remote]'s accelerator, for jobs with a network.
func GPUFlag(fs *flag.FlagSet, r *Remote) {
	fs.StringVar(&r.GPU, "gpu", "",
		"with dataflow: give each worker an accelerator of this `TYPE`, "+strings.Join(GPUs(), ", ")+"; it needs -sdk_container_image")
}
