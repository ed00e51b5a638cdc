// SPDX-License-Identifier: Apache-2.0

package train

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// crashOverwrite, set to 1, lets a sweep that is to be killed overwrite another.
const crashOverwrite = "CHROMABEAM_TEST_CRASH_OVERWRITE"

// TestSweepCrash kills a sweep while it publishes sweep.json, the first file that
// it writes, and in the midst of its runs, and goes on.
func TestSweepCrash(t *testing.T) {
	if data := os.Getenv(crashData); data != "" {
		o := sweepOptions(t, data)
		o.Output, o.Resume = os.Getenv(crashRun), true
		if os.Getenv(crashOverwrite) == "1" {
			o.Resume, o.Overwrite, o.Experiment.Seed = false, true, 8
		}
		_, err := Sweep(t.Context(), o)
		must(t, err)
		return
	}
	data := dataset(t, 16, 4, 2)
	for _, point := range []string{
		"publish.file.written:1", "publish.file.synced:1", "publish.file.renamed:1",
		pointFolderRecipe + ":2", pointCheckpointLast + ":3", pointRecordEnd + ":3",
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			o := sweepOptions(t, data)
			crashSweep(t, o, point, false)
			o.Resume = true
			checkSweep(t, o)

			// Overwriting, then.
			if !strings.HasPrefix(point, "publish") {
				return
			}
			crashSweep(t, o, point, true)
			if _, err := os.Stat(filepath.Join(o.Output, "l1_weight=10", samplesDir)); !errors.Is(err, os.ErrNotExist) {
				t.Error("a run that is replaced is still there")
			}
			o.Experiment.Seed = 8
			_, err := Sweep(t.Context(), o)
			if named := point == "publish.file.renamed:1"; named != (err == nil) || !named && !fault.IsRequest(err) {
				t.Errorf("resumed after it was killed at %s: %v", point, err)
			}
			o.Resume, o.Overwrite = false, true
			checkSweep(t, o)
		})
	}
}

func crashSweep(t *testing.T, o SweepOptions, point string, overwrite bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSweepCrash$")
	cmd.Env = append(os.Environ(), crashData+"="+o.Data, crashRun+"="+o.Output, failpoint.Variable+"="+point)
	if overwrite {
		cmd.Env = append(cmd.Env, crashOverwrite+"=1")
	}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("ended with %v, want a killed process:\n%s", err, out)
	}
}

// checkSweep goes on with a sweep, or replaces it, and wants all of its runs and
// nothing that a kill has left.
func checkSweep(t *testing.T, o SweepOptions) {
	t.Helper()
	got, err := Sweep(t.Context(), o)
	if err != nil || len(got.Runs) != 3 || len(got.LeftOut) > 0 {
		t.Fatalf("it ends with %+v, %v, want three runs", got, err)
	}
	for _, dir := range append(o.Experiment.Labels(), ".") {
		for _, name := range list(t, o.Output, dir) {
			if isTemporary(name) {
				t.Errorf("%s was left", filepath.Join(dir, name))
			}
		}
	}
}
