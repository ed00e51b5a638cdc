// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// A test that kills itself is started again as a process of its own, which these
// tell where the data set and the run lie and what to train.
const (
	crashData   = "CHROMABEAM_TEST_CRASH_DATA"
	crashRun    = "CHROMABEAM_TEST_CRASH_RUN"
	crashRecipe = "CHROMABEAM_TEST_CRASH_RECIPE"
)

// TestCrash kills a run at each failpoint, twice, and goes on: metrics, samples
// and weights must be those of an unbroken run.
func TestCrash(t *testing.T) {
	tests := []struct {
		recipe string
		hits   [][]string // of a run each
	}{
		{"l1", nil},
		{"everything", [][]string{
			// A step of the generator, of the critic, of both.
			{pointStep + ":2", pointStep + ":5", pointStep + ":5"},
			{pointCheckpointWeights + ":2", pointCheckpointWeights + ":1", pointCheckpointWeights + ":2"},
			{pointCheckpointLast + ":1", pointCheckpointLast + ":1", pointMetricsAppended + ":2"},
		}},
	}
	for _, point := range Failpoints() {
		tests[0].hits = append(tests[0].hits, []string{point + ":1", point + ":2"})
	}
	if os.Getenv(crashRun) != "" {
		mustRun(t, crashOptions(t, os.Getenv(crashRecipe), os.Getenv(crashData), os.Getenv(crashRun)))
		return
	}
	for _, tt := range tests {
		t.Run(tt.recipe, func(t *testing.T) {
			base := t.TempDir()
			data, whole := dataset(t, crashRecipes()[tt.recipe].Size, 5, 2), filepath.Join(base, "whole")
			mustRun(t, crashOptions(t, tt.recipe, data, whole))
			for i, hits := range tt.hits {
				t.Run(hits[0], func(t *testing.T) {
					t.Parallel()
					run := filepath.Join(base, fmt.Sprint(i))
					for _, hit := range hits {
						if !crash(t, tt.recipe, data, run, hit) && !strings.HasSuffix(hit, ":2") {
							t.Errorf("the run never came to %s", hit)
						}
					}
					mustRun(t, crashOptions(t, tt.recipe, data, run))
					compareRuns(t, whole, run)
				})
			}
		})
	}
}

func crashRecipes() map[string]recipes.Recipe {
	return map[string]recipes.Recipe{"l1": tinyRecipe(), "everything": tinyEverything()}
}

func crashOptions(t testing.TB, recipe, data, run string) Options {
	t.Helper()
	return Options{Recipe: crashRecipes()[recipe], Data: data, Output: run, Backend: goBackend(t), Resume: true}
}

// crash runs this test binary until it is killed at the point, and returns
// false if it came to its end instead.
func crash(t *testing.T, recipe, data, run, point string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashData+"="+data, crashRun+"="+run, crashRecipe+"="+recipe, failpoint.Variable+"="+point)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("ended with %v, want a killed process:\n%s", err, out)
	}
	return true
}

// compareRuns compares what must not depend on how often a run was killed.
func compareRuns(t *testing.T, want, got string) {
	t.Helper()
	compareTraining(t, want, got)
	compareFolder(t, want, got, model.CheckpointsDir)
}

// compareTraining compares what must not depend on how often a run was broken
// off in whatever way: an interruption makes a checkpoint of its own.
func compareTraining(t *testing.T, want, got string) {
	t.Helper()
	for _, name := range []string{metricsFile, recipeFile, reportFile} {
		if diff := cmp.Diff(string(readFile(t, want, name)), string(readFile(t, got, name))); diff != "" {
			t.Errorf("%s (-unbroken +resumed):\n%s", name, diff)
		}
	}
	if !bytes.Equal(lastWeights(t, want), lastWeights(t, got)) {
		t.Error("the last weights, moments or state differ")
	}
	compareFolder(t, want, got, samplesDir)
}

func compareFolder(t *testing.T, want, got, dir string) {
	t.Helper()
	names := list(t, want, dir)
	if diff := cmp.Diff(names, list(t, got, dir)); diff != "" {
		t.Fatalf("files in %s (-unbroken +resumed):\n%s", dir, diff)
	}
	for _, name := range names {
		if !bytes.Equal(readFile(t, want, dir, name), readFile(t, got, dir, name)) {
			t.Errorf("%s/%s differs", dir, name)
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
