// SPDX-License-Identifier: Apache-2.0

//go:build linux

package docker

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// builder does what an engine does with the Dockerfile, as far as that can be done
// without one: the files of its stages are made on this machine.
type builder struct {
	file dockerfile
	// made has files that the tests make in their own way, by stage and path.
	made map[string]string
	// cache is a plugin folder in which setup has been.
	cache string
}

// assemble makes the files of a stage below root, as its instructions say.
func (b builder) assemble(t *testing.T, root, name string) {
	t.Helper()
	s := b.file.stages[name]
	if s == nil {
		t.Fatalf("there is no stage %q", name)
	}
	for source, have := range b.made {
		if from, path, _ := strings.Cut(source, ":"); from == s.base {
			place(t, have, filepath.Join(root, path))
		}
	}
	for _, i := range s.instructions {
		switch i.name {
		case "COPY":
			sources, target := i.words[:len(i.words)-1], i.words[len(i.words)-1]
			for _, source := range sources {
				b.copy(t, root, i.flags["from"], source, target)
			}
		case "RUN":
			b.run(t, root, i)
		}
	}
}

// copy does one COPY. The target is the file or folder itself, unless it ends with a
// slash and the source is a file.
func (b builder) copy(t *testing.T, root, from, source, target string) {
	t.Helper()
	if strings.HasPrefix(source, "/etc/") {
		return // this machine has its own
	}
	have, ok := b.made[from+":"+source]
	if !ok {
		all := t.TempDir()
		b.assemble(t, all, from)
		have = filepath.Join(all, source)
	}
	if st, err := os.Stat(have); err == nil && !st.IsDir() && strings.HasSuffix(target, "/") {
		target += path.Base(source)
	}
	place(t, have, filepath.Join(root, target))
}

// place copies a file, or what is in a folder.
func place(t *testing.T, from, to string) {
	t.Helper()
	if st, err := os.Stat(from); err == nil && st.IsDir() {
		from += "/."
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	output(t, exec.CommandContext(t.Context(), "cp", "-a", from, to))
}

// run does a RUN below root, with a folder that takes the place of its cache. It has no
// network.
func (b builder) run(t *testing.T, root string, i instruction) {
	t.Helper()
	text := strings.NewReplacer("/out/", root+"/out/", "/cache", b.cache).Replace(strings.Join(i.words, " "))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", text)
	cmd.Env = append(cmd.Environ(), "PIP_INDEX_URL=http://127.0.0.1:1/")
	output(t, cmd)
}

// output runs a command that must succeed and returns what it says.
func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return out
}

// build builds a program of this module or of one that it needs.
func build(t *testing.T, file, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=1")
	output(t, cmd)
}

// inside returns the environment of an image whose tree is at root, with a folder in
// the place of /tmp.
func (b builder) inside(root, tmp, image string) []string {
	here := strings.NewReplacer("/opt/chromabeam", root+"/opt/chromabeam", "/tmp", tmp)
	env := map[string]string{"PATH": os.Getenv("PATH")}
	for _, pair := range b.file.stages[image].environment() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = os.Expand(here.Replace(value), func(name string) string { return env[name] })
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		pairs = append(pairs, name+"="+env[name])
	}
	return pairs
}
