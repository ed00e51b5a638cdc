// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestContext wants the build's context to have every file that the program is made of.
func TestContext(t *testing.T) {
	t.Parallel()
	var patterns []string
	for line := range strings.Lines(readFile(t, "Dockerfile.dockerignore")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const ours = "{{with .Module}}{{if .Main}}{{range $.GoFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range $.CgoFiles}}{{$.Dir}}/{{.}}\n{{end}}" +
		"{{range $.EmbedFiles}}{{$.Dir}}/{{.}}\n{{end}}{{end}}{{end}}"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", ours, "../../cmd/chromabeam")
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for name := range strings.Lines(string(out)) {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		files++
		if file, err := filepath.Rel(root, name); err != nil || ignored(patterns, filepath.ToSlash(file)) {
			t.Errorf("the program needs %s, which the context leaves out: %v", file, err)
		}
	}
	if files < 100 || !ignored(patterns, "README.md") || !ignored(patterns, "model/x_test.go") {
		t.Errorf("%d files, and %q", files, patterns)
	}
}

// ignored reports whether a .dockerignore leaves a file out: the last pattern that is
// for it decides. It knows the forms that there are: *, a name at the top, and a name
// anywhere.
func ignored(patterns []string, file string) bool {
	parts := strings.Split(file, "/")
	out := false
	for _, pattern := range patterns {
		pattern, keeps := strings.CutPrefix(pattern, "!")
		among := parts[:1]
		if anywhere, ok := strings.CutPrefix(pattern, "**/"); ok {
			pattern, among = anywhere, parts
		}
		if slices.ContainsFunc(among, func(part string) bool { ok, err := path.Match(pattern, part); return ok && err == nil }) {
			out = !keeps
		}
	}
	return out
}
