// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInterrupt sends Ctrl-C to a training that is under way: it saves, ends
// with its exit code, and goes on to what an unbroken run makes.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pictures, data := filepath.Join(dir, "pictures"), filepath.Join(dir, "data")
	writePictures(t, pictures, 24, 20)
	mustRun(t, exitDone, "prepare", "-input", pictures, "-output", data, "-size", "16", "-val-percent", "25")
	args := func(output string) []string {
		return append([]string{"train", "-resume", "-data", data, "-output", output}, append(tinyRecipe(), "-set", "epochs_num=40")...)
	}

	cmd, _ := process(t.Context(), "", args(filepath.Join(dir, "broken", "run")))
	cmd.Stderr = nil
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var sent, saved bool
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		switch {
		case !sent && strings.HasPrefix(lines.Text(), "training "): // the first step is done
			sent = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(lines.Text(), "saved"):
			saved = true
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted || !saved {
		t.Fatalf("ended with %v, saved %v; want exit code %d and word of saving", err, saved, exitInterrupted)
	}

	mustRun(t, exitDone, args(filepath.Join(dir, "broken", "run"))...)
	mustRun(t, exitDone, args(filepath.Join(dir, "whole", "run"))...)
	sameFiles(t, digests(t, filepath.Join(dir, "whole")), digests(t, filepath.Join(dir, "broken")))
}
