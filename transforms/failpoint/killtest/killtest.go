// SPDX-License-Identifier: Apache-2.0

// Package killtest runs jobs in child processes of a test, and kills them: at a
// failpoint, or at a moment from a seed that the test logs.
package killtest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

// The environment variables that choose how many moments are tried of each kind
// of job, and from which seed.
const (
	KillsVariable = "CHROMABEAM_TEST_KILLS"
	SeedVariable  = "CHROMABEAM_TEST_SEED"
)

// Moments returns how many moments to try, fallback unless the environment says
// otherwise, and where to draw them from; it logs the seed.
func Moments(tb testing.TB, fallback int) (kills int, random *rand.Rand) {
	tb.Helper()
	kills, seed := fallback, uint64(time.Now().UnixNano())
	if s := os.Getenv(KillsVariable); s != "" {
		kills = int(number(tb, s))
	}
	if s := os.Getenv(SeedVariable); s != "" {
		seed = number(tb, s)
	}
	tb.Logf("moments from %s=%d", SeedVariable, seed)
	return kills, rand.New(rand.NewPCG(seed, 0))
}

func number(tb testing.TB, s string) uint64 {
	tb.Helper()
	n, err := strconv.ParseUint(s, 10, 32+31)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Child runs the test binary again with one test, which does a job's work as
// told by more of the environment ("NAME=value"). It is killed at the failpoint,
// "NAME:N" or "" for none, or when ctx ends. Child reports whether it was; any
// other end but a good one fails the test.
func Child(ctx context.Context, tb testing.TB, test, point string, env ...string) (killed bool) {
	tb.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+test+"$") //nolint:gosec // the test itself; Cancel is SIGKILL
	cmd.Env = append(append(os.Environ(), failpoint.Variable+"="+point), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	killed = errors.As(err, &exit) && !exit.Exited() || ctx.Err() != nil // the last: before it began
	if err != nil && !killed {
		tb.Fatalf("the job ended with %v:\n%s", err, &out)
	}
	return killed
}
