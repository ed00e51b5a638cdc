// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
	"github.com/chromabeam/chromabeam/pipelines/prepare"
	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// crashJob is a command that is killed and started again.
type crashJob struct {
	name       string
	failpoints []string
	// args starts or goes on with the job writing below dir.
	args func(dir string) []string
	// want is the exit code of a whole run.
	want int
}

// process starts the program as a process of its own.
func process(ctx context.Context, point string, args []string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, os.Args[0], args...) // its Cancel is SIGKILL
	cmd.Env = append(os.Environ(), asProgram+"=1", failpoint.Variable+"="+point)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// finish runs the job to its end, after whatever happened to it before.
func (j crashJob) finish(t *testing.T, dir string) time.Duration {
	t.Helper()
	start := time.Now()
	cmd, stderr := process(t.Context(), "", j.args(dir))
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != j.want {
		t.Fatalf("%s: exit code %d (%v), want %d\n%s", j.name, code, err, j.want, stderr)
	}
	return time.Since(start)
}

// killed reports whether the process ended by a signal.
func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && !exit.Exited()
}

// TestKillAndResume kills prepare, train and bulk at every failpoint and at a
// few moments from a seed, starts them again, and wants the files of a run
// that nothing disturbed.
func TestKillAndResume(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some dozens of processes; run without -short")
	}
	base := t.TempDir()
	pictures, data, model := filepath.Join(base, "pictures"), filepath.Join(base, "data"), filepath.Join(base, "model")
	writePictures(t, pictures, 24, 20)
	mustRun(t, exitDone, "prepare", "-input", pictures, "-output", data, "-size", "16", "-val-percent", "25")
	mustRun(t, exitDone, append([]string{"train", "-data", data, "-output", model}, tinyRecipe()...)...)
	if err := os.WriteFile(filepath.Join(pictures, "zz.png"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	jobs := []crashJob{
		{"prepare", prepare.Failpoints(), func(dir string) []string {
			return []string{"prepare", "-input", pictures, "-output", filepath.Join(dir, "out"), "-size", "16", "-val-percent", "25", "-shards", "3"}
		}, exitRejects},
		{"train", train.Failpoints(), func(dir string) []string {
			return append([]string{"train", "-data", data, "-output", filepath.Join(dir, "out"), "-resume"}, tinyRecipe()...)
		}, exitDone},
		{"bulk", bulk.Failpoints(), func(dir string) []string {
			return []string{"bulk", "-backend", "go", "-model", model, "-input", pictures, "-output", filepath.Join(dir, "out")}
		}, exitRejects},
		{"bulk to zip", bulk.ArchiveFailpoints(), func(dir string) []string {
			return []string{"bulk", "-backend", "go", "-model", model, "-input", pictures, "-output", filepath.Join(dir, "out.zip")}
		}, exitRejects},
	}
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) { testCrashes(t, j) })
	}
}

func testCrashes(t *testing.T, j crashJob) {
	whole := t.TempDir()
	took := j.finish(t, whole)
	want := digests(t, whole)
	if len(j.failpoints) == 0 {
		t.Fatalf("%s has no failpoints", j.name)
	}
	for _, point := range j.failpoints {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			cmd, stderr := process(t.Context(), point, j.args(dir))
			if err := cmd.Run(); !killed(err) {
				t.Fatalf("failpoint %s was not reached: %v\n%s", point, err, stderr)
			}
			j.finish(t, dir)
			sameFiles(t, want, digests(t, dir))
		})
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("CHROMABEAM_TEST_SEED"); s != "" {
		seed = parseSeed(t, s)
	}
	t.Logf("moments from CHROMABEAM_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 3 {
		moment := time.Duration(random.Int64N(int64(took)))
		t.Run("after "+moment.Round(time.Millisecond).String(), func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			cmd, _ := process(ctx, "", j.args(dir))
			if err := cmd.Run(); err != nil && !killed(err) && cmd.ProcessState.ExitCode() != j.want {
				t.Fatalf("ended with %v before its moment", err)
			}
			j.finish(t, dir)
			sameFiles(t, want, digests(t, dir))
		})
	}
}

func parseSeed(t *testing.T, s string) uint64 {
	t.Helper()
	seed, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("reading CHROMABEAM_TEST_SEED: %v", err)
	}
	return seed
}
