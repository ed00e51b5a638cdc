// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/train/overview"
)

// begunRun makes a run folder without metrics.
func begunRun(t *testing.T, dir string) string {
	t.Helper()
	run := filepath.Join(dir, "6.1")
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"recipe.json": mustRun(t, exitDone, "recipes", "show", "6.1", "-size", "64", "-json"),
		"run.json":    `{"status":"running","recipe":"6.1","seed":1,"data":{"path":"/data","size":64,"train":8},"backend":{"name":"go"}}`,
	} {
		if err := os.WriteFile(filepath.Join(run, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// TestReport makes a page of a run that has begun and of one that is not there.
func TestReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := begunRun(t, dir)
	out := filepath.Join(dir, "pages")
	code, stdout, stderr := chromabeam(t, "report", "-output", out, run, filepath.Join(dir, "6.2"))
	if code != exitDone || strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, "experiments=2 runs=2 done=0 diverged=0 unfinished=1 damaged=0 missing=1") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
	if !strings.Contains(stderr, "6.2 is not there") {
		t.Errorf("stderr %q does not say what is missing", stderr)
	}
	for _, name := range []string{"index.html", "README.md", "report.json"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	var result overview.Result
	text := mustRun(t, exitDone, "report", "-output", out, "-json", run)
	if err := json.Unmarshal([]byte(text), &result); err != nil || result.Runs != 1 || result.Page != filepath.Join(out, "index.html") {
		t.Errorf("-json gives %q, %v", text, err)
	}
}

func TestReportUsage(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "report.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no output", []string{empty}, "-output must be given"},
		{"no runs", []string{"-output", "out"}, "run folders"},
		{"a report of something else", []string{"-output", foreign, begunRun(t, t.TempDir())}, "no overview's"},
		{"nothing to show", []string{"-output", "out", empty}, "holds no run"},
		{"no notes", []string{"-output", "out", "-notes", filepath.Join(empty, "none.md"), empty}, "reading notes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := chromabeam(t, append([]string{"report"}, tt.args...)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %d and %q", code, stdout, stderr, exitUsage, tt.want)
			}
		})
	}
}
