// SPDX-License-Identifier: Apache-2.0

// Package version says which build of chromabeam this is.
//
// Layers below cmd are given the text by their caller, since they must not
// import infra.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// tag is the released version, set by the release build with
// -ldflags "-X github.com/chromabeam/chromabeam/infra/version.tag=v1.2.3".
var tag string

// Info is what a binary knows of its own making.
type Info struct {
	// Version is the release, such as "v1.2.3", or "devel".
	Version string `json:"version"`
	// Revision is the commit, or empty where the build did not record it.
	Revision string `json:"revision,omitempty"`
	// Modified is true when the working tree differed from the commit.
	Modified bool `json:"modified,omitempty"`
	// Go is the version of the compiler.
	Go string `json:"go"`
	// Platform is the operating system and the architecture: "linux/amd64".
	Platform string `json:"platform"`
	// Cgo is whether the binary can load XLA plugins.
	Cgo bool `json:"cgo"`
	// Modules are the versions of the libraries that results depend on.
	Modules map[string]string `json:"modules,omitempty"`
}

// watched are the modules whose version can change what is computed or written.
var watched = map[string]string{
	"github.com/apache/beam/sdks/v2":    "beam",
	"github.com/gomlx/gomlx":            "gomlx",
	"github.com/gomlx/compute":          "compute",
	"github.com/gomlx/go-xla":           "go-xla",
	"github.com/disintegration/imaging": "imaging",
}

// Get returns the running binary's [Info].
func Get() Info {
	build, _ := debug.ReadBuildInfo()
	return describe(tag, build)
}

// Short returns the version and, for a build between releases, the commit:
// "v1.2.3", "devel" or "devel-0123456789ab+changes". Data sets and run folders
// record it.
func Short() string { return Get().Short() }

// String returns one line on the binary: version, compiler, platform, the
// libraries that matter.
func String() string { return Get().String() }

// Short is as the function [Short], for an Info.
func (i Info) Short() string {
	s := i.Version
	if s != "devel" || i.Revision == "" {
		return s
	}
	s += "-" + i.Revision[:min(12, len(i.Revision))]
	if i.Modified {
		s += "+changes"
	}
	return s
}

// String is as the function [String], for an Info.
func (i Info) String() string {
	backend := "xla and go backends"
	if !i.Cgo {
		backend = "go backend only (built without cgo)"
	}
	var libraries []string
	for _, name := range []string{"beam", "gomlx", "go-xla", "compute", "imaging"} {
		if v, ok := i.Modules[name]; ok {
			libraries = append(libraries, name+" "+v)
		}
	}
	s := fmt.Sprintf("chromabeam %s (%s, %s, %s", i.Short(), i.Go, i.Platform, backend)
	if len(libraries) > 0 {
		s += "; " + strings.Join(libraries, ", ")
	}
	return s + ")"
}

func describe(tag string, build *debug.BuildInfo) Info {
	info := Info{
		Version:  "devel",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Cgo:      cgo,
		Modules:  map[string]string{},
	}
	if build != nil {
		for _, s := range build.Settings {
			switch s.Key {
			case "vcs.revision":
				info.Revision = s.Value
			case "vcs.modified":
				info.Modified = s.Value == "true"
			}
		}
		for _, m := range build.Deps {
			name, ok := watched[m.Path]
			if !ok {
				continue
			}
			if m.Replace != nil {
				m = m.Replace
			}
			info.Modules[name] = m.Version
		}
		// `go install module@v1.2.3` knows its version without our flag. A
		// pseudo-version only repeats the commit.
		if v := build.Main.Version; strings.HasPrefix(v, "v") && !strings.Contains(v, "-0.") && !strings.HasPrefix(v, "v0.0.0-") {
			info.Version = v
		}
	}
	if tag != "" {
		info.Version = tag
	}
	return info
}
