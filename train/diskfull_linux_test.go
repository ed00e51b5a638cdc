// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// crashLimit is the size in bytes that no file may exceed from the fourth step
// on: a disk that is full, as far as a process can tell.
const crashLimit = "CHROMABEAM_TEST_CRASH_LIMIT"

// TestDiskFull lets the disk be full at different moments after the first
// checkpoint. The run must say so, and go on later from what it had.
func TestDiskFull(t *testing.T) {
	if limit := os.Getenv(crashLimit); limit != "" {
		fillDisk(t, limit)
		return
	}
	r := tinyEverything()
	base, data := t.TempDir(), dataset(t, r.Size, 5, 2)
	whole := filepath.Join(base, "whole")
	mustRun(t, crashOptions(t, "everything", data, whole))
	weights := len(lastWeights(t, whole))
	metrics := strings.SplitAfter(string(readFile(t, whole, metricsFile)), "\n")
	early := len(strings.Join(metrics[:3], "")) // beyond the first checkpoint
	tests := []struct {
		name  string
		limit int
		want  string
	}{
		{"weights", weights - 1, "saving a checkpoint"},
		{"half the weights", weights / 2, "saving a checkpoint"},
		{"a line", early + 5, "writing events"}, // whose file holds pictures too
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := filepath.Join(base, tt.name)
			cmd := exec.Command(os.Args[0], "-test.run=^TestDiskFull$")
			cmd.Env = append(os.Environ(), crashData+"="+data, crashRun+"="+run, crashLimit+"="+strconv.Itoa(tt.limit))
			out, err := cmd.CombinedOutput()
			for _, want := range []string{tt.want, "file too large"} {
				if err == nil || !strings.Contains(string(out), want) {
					t.Errorf("ended with %v, want an error that says %q:\n%s", err, want, out)
				}
			}
			if files := weightFiles(t, run); len(files) != 1 || files[0] != weightFile(3) {
				t.Errorf("weight files %v, want that of step 3", files)
			}
			for _, dir := range []string{".", "checkpoints", samplesDir} {
				for _, name := range list(t, run, dir) {
					if isTemporary(name) {
						t.Errorf("%s/%s was left", dir, name)
					}
				}
			}
			o := crashOptions(t, "everything", data, run)
			o.Note = func(text string) { t.Errorf("resuming says %q, want nothing", text) }
			mustRun(t, o)
			compareRuns(t, whole, run)
		})
	}
}

// fillDisk trains in a process of its own until nothing can be written.
func fillDisk(t *testing.T, limit string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	most, err := strconv.ParseUint(limit, 10, 64)
	must(t, err)
	o := crashOptions(t, "everything", os.Getenv(crashData), os.Getenv(crashRun))
	o.Progress = func(p Progress) {
		if p.Step == 4 {
			must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}))
		}
	}
	mustRun(t, o)
}
