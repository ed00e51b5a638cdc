// SPDX-License-Identifier: Apache-2.0

package gpu

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSummary writes the page of gathered figures: the best form of each precision
// beside the best options of others, ratios, metrics, runs and what failed. Files
// that are no figures are passed over, each with a sentence.
func TestSummary(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on this machine: summary.py needs one")
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "summary.py", filepath.Join("testdata", "gathered"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	for _, want := range []string{"broken.json", "short: it lacks 'image_size'", "wrong: 'int' object"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("stderr %q does not say %q", errs.String(), want)
		}
	}
	compareGolden(t, "summary.md", out.String())
}
