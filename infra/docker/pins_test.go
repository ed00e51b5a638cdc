// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// find returns the first group of a pattern in a file.
func find(t *testing.T, file, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(readFile(t, file))
	if m == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	return m[1]
}

// versions are tags that name a version, or a date.
var versions = regexp.MustCompile(`:[\w.-]*\d+\.\d+[\w.-]*$|:\w+-\d{8}[\w-]*$`)

// TestPins compares what the images are made of with what the program is made of.
func TestPins(t *testing.T) {
	t.Parallel()
	d := readDockerfile(t)
	beam := find(t, "../../go.mod", `github\.com/apache/beam/sdks/v2 v(\S+)`)
	cuda := find(t, "../plugin/pins.go", `"-cuda([\d.]+)"`)
	for name, want := range map[string]string{
		"beam": "apache/beam_go_sdk:" + beam, "build": "golang:" + find(t, "../../go.mod", `(?m)^go (\S+)$`) + "-",
		"cuda": "nvidia/cuda:" + cuda + ".",
	} {
		if got := d.stages[name].base; !strings.HasPrefix(got, want) {
			t.Errorf("stage %s is from %s, want %s", name, got, want)
		}
	}
	for name, s := range d.stages {
		if d.stages[s.base] == nil && s.base != "scratch" && !versions.MatchString(s.base) {
			t.Errorf("stage %s is from %q, want a version or a date in its tag", name, s.base)
		}
	}
	// setup leads this link to the plugin.
	prefix := find(t, "../../model/backend.go", `return "(\w+)" \+ kind \+ "_plugin" \+ ext`)
	for _, kind := range []string{"cpu", "cuda"} {
		run := d.stages["plugin-"+kind].last(t, "RUN")
		if link := prefix + kind + "_plugin.so"; !slices.Contains(run.words, "/cache/"+link) {
			t.Errorf("the plugin's link is not %s in %s", link, run.text)
		}
	}
}

// TestGlibc: a program runs with the glibc that it was built with, or a newer one.
func TestGlibc(t *testing.T) {
	t.Parallel()
	glibc := map[string]int{"bookworm": 36, "trixie": 41, "ubuntu22.04": 35, "ubuntu24.04": 39} // 2.N
	of := func(image string) int {
		for name, version := range glibc {
			if strings.Contains(image, name) {
				return version
			}
		}
		t.Errorf("the glibc of %s is not known here", image)
		return 0
	}
	d := readDockerfile(t)
	for _, name := range []string{"cpu", "cuda"} {
		if have, want := of(d.stages[name].base), of(d.stages["build"].base); have < want {
			t.Errorf("%s has glibc 2.%d, and the program needs 2.%d", d.stages[name].base, have, want)
		}
	}
}

// TestSettings is how a container is started.
func TestSettings(t *testing.T) {
	t.Parallel()
	d := readDockerfile(t)
	cpu := d.stages["cpu"]
	for name, want := range map[string]string{
		"ENTRYPOINT": `ENTRYPOINT ["/opt/apache/beam/boot"]`, // a list: it gets arguments
		"WORKDIR":    "WORKDIR /tmp",                         // boot writes there, whoever the user is
		"USER":       "USER ${WORKER_USER}",
	} {
		if got := cpu.last(t, name).text; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if i := slices.IndexFunc(cpu.copies(), func(i instruction) bool { return i.flags["from"] == "plugin-cpu" }); i < 0 ||
		!slices.Contains(cpu.environment(), "CHROMABEAM_PLUGIN_DIR="+cpu.copies()[i].words[1]) {
		t.Errorf("the environment %v does not say where the plugin is", cpu.environment())
	}
	// What holds for one image holds for the other, but for what is NVIDIA's.
	for _, name := range []string{"plugin-cpu", "cpu"} {
		var pair [2][]string
		for n, name := range []string{name, strings.Replace(name, "cpu", "cuda", 1)} {
			for _, i := range d.stages[name].instructions {
				text := strings.ReplaceAll(i.text, "cuda", "cpu")
				text = strings.Replace(text, "LD_LIBRARY_PATH=/usr/local/nvidia/lib64 ", "", 1)
				if i.name != "LABEL" {
					pair[n] = append(pair[n], text)
				}
			}
		}
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s and that for CUDA differ (-cpu +cuda):\n%s", name, diff)
		}
	}
}
