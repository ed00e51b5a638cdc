// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script is build.sh with the given environment beside that of this process.
func script(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on this machine: build.sh needs one")
	}
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"build.sh"}, args...)...)
	cmd.Env = append(cmd.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// TestUsage wants exit code 2 and a sentence for what cannot work.
func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "usage: infra/docker/build.sh"},
		{"no such image", []string{"gpu"}, "must be cpu, cuda or worker, got gpu"},
		{"no such flag", []string{"cpu", "--tags", "x"}, "unknown flag --tags"},
		{"no value", []string{"cpu", "--tag"}, "--tag needs a value"},
		{"no model", []string{"cpu", "--model", "nowhere"}, "--model must be a folder"},
		{"a folder without a model", []string{"cpu", "--model", t.TempDir()}, "holds neither"},
		{"the binary has no model", []string{"worker", "--model", "."}, "worker has no --model"},
		{"an image is no file", []string{"cpu", "--output", "image"}, "cpu has no --output"},
		{"no folder for the binary", []string{"worker", "--output", "nowhere/worker"}, "there is no folder nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := script(t, nil, tt.args...)
			if code != 2 || !strings.Contains(errs, tt.want) || out != "" {
				t.Errorf("exit code %d, want 2; stderr %q, want %q; stdout %q, want nothing", code, errs, tt.want, out)
			}
		})
	}
}

// TestDryRun wants the engine to be told what the Dockerfile understands.
func TestDryRun(t *testing.T) {
	t.Parallel()
	d := readDockerfile(t)
	model := t.TempDir()
	if err := os.WriteFile(filepath.Join(model, "model.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"cpu", "cuda"} {
		code, out, errs := script(t, nil, image, "--dry-run", "--tag", "registry/worker:v1", "--model", model,
			"--user", "root", "--base", "other:1", "--push")
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		for _, want := range []string{
			"--file infra/docker/Dockerfile --platform linux/amd64 --target " + image, "--build-context model=" + model,
			"--build-arg WORKER_USER=root", "--build-arg " + strings.ToUpper(image) + "_BASE=other:1",
			"--tag registry/worker:v1 .\n", " push registry/worker:v1\n",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q does not have %q", image, out, want)
			}
		}
		// What the script names must be there.
		if _, ok := d.args[strings.ToUpper(image)+"_BASE"]; !ok || d.stages[image] == nil || d.stages["model"] == nil {
			t.Errorf("the Dockerfile has arguments %v and stages %v", d.args, d.names)
		}
		if got := d.stages[image].argument(t, "WORKER_USER"); got == "" || got == "root" {
			t.Errorf("%s runs as %q unless it is told otherwise, want a user without rights", image, got)
		}
	}
}
