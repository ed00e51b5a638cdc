// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"os/exec"
	"strings"
	"testing"
)

// TestUsage wants an exit code and a sentence for what cannot work, before anything is
// downloaded or started.
func TestUsage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on this machine: the scripts need one")
	}
	tests := []struct {
		name string
		args []string
		env  string
		code int
		want string
	}{
		{"no such option", []string{"run.sh", "--help"}, "", 2, "there is no option --help"},
		{"no task manager", []string{"run.sh", "--cluster", "0"}, "", 2, "must be in [1, 99], got 0"},
		{"too many of them", []string{"run.sh", "--cluster", "100"}, "", 2, "must be in [1, 99], got 100"},
		{"no folder", []string{"run.sh", "--work"}, "", 2, "--work needs a value"},
		{"no process", []string{"run.sh", "--spark", "--with"}, "", 2, "--with needs a value"},
		{"no boot", []string{"worker.sh", "--id=1-1"}, "CHROMABEAM_BOOT=/nowhere/boot", 1, "no boot program /nowhere/boot"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "bash", tt.args...)
			if tt.env != "" {
				cmd.Env = append(cmd.Environ(), tt.env)
			}
			out, _ := cmd.CombinedOutput() // the exit code says more
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.want) {
				t.Errorf("exit code %d, want %d; it said %q, want %q", code, tt.code, out, tt.want)
			}
		})
	}
}
