// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// crashDir tells TestCrash that it is the process to be killed, and where the
// data set and the run lie.
const crashDir = "CHROMABEAM_TEST_CRASH_DIR"

// TestCrash kills a run at each failpoint, twice, and goes on: metrics, samples
// and weights must be those of an unbroken run.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		mustRun(t, crashOptions(t, filepath.Join(dir, "data"), os.Getenv("CHROMABEAM_TEST_CRASH_RUN")))
		return
	}
	base := t.TempDir()
	if err := os.Rename(dataset(t, 16, 5, 2), filepath.Join(base, "data")); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(base, "whole")
	mustRun(t, crashOptions(t, filepath.Join(base, "data"), whole))
	for _, point := range Failpoints() {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			run := filepath.Join(base, point)
			for _, hit := range []string{":1", ":2"} {
				if !crash(t, base, run, point+hit) && hit == ":1" {
					t.Errorf("the run never came to %s", point)
				}
			}
			mustRun(t, crashOptions(t, filepath.Join(base, "data"), run))
			compareRuns(t, whole, run)
		})
	}
}

func crashOptions(t testing.TB, data, run string) Options {
	t.Helper()
	r := tinyRecipe()
	r.Epochs = 3
	return Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t), Resume: true}
}

// crash runs this test binary until it is killed at the point, and returns
// false if it came to its end instead.
func crash(t *testing.T, base, run, point string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashDir+"="+base, "CHROMABEAM_TEST_CRASH_RUN="+run, failpoint.Variable+"="+point)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("ended with %v, want a killed process:\n%s", err, out)
	}
	return true
}

// compareRuns compares what must not depend on how often a run was broken off.
func compareRuns(t *testing.T, want, got string) {
	t.Helper()
	for _, name := range []string{metricsFile, recipeFile, reportFile} {
		if diff := cmp.Diff(string(readFile(t, want, name)), string(readFile(t, got, name))); diff != "" {
			t.Errorf("%s (-unbroken +resumed):\n%s", name, diff)
		}
	}
	if !bytes.Equal(lastWeights(t, want), lastWeights(t, got)) {
		t.Error("the last weights, moments or state differ")
	}
	for _, dir := range []string{"checkpoints", samplesDir} {
		if diff := cmp.Diff(list(t, want, dir), list(t, got, dir)); diff != "" {
			t.Errorf("files in %s (-unbroken +resumed):\n%s", dir, diff)
		}
		for _, name := range list(t, want, dir) {
			if !bytes.Equal(readFile(t, want, dir, name), readFile(t, got, dir, name)) {
				t.Errorf("%s/%s differs", dir, name)
			}
		}
	}
}

func list(t *testing.T, path ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
