// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint/killtest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// The environment of a child process that colours and is to be killed.
const (
	childModel  = "BULK_TEST_MODEL"
	childInput  = "BULK_TEST_INPUT"
	childOutput = "BULK_TEST_OUTPUT"
)

// TestChild is no test of its own: TestKilled runs it in another process.
func TestChild(t *testing.T) {
	if os.Getenv(childOutput) == "" {
		t.Skip("runs inside TestKilled")
	}
	o := goOptions(os.Getenv(childModel), os.Getenv(childInput), os.Getenv(childOutput))
	if _, err := runSmall(t, o); err != nil {
		t.Fatal(err)
	}
}

// runSmall is [Run] with so small segments and parts that few pictures make
// several.
func runSmall(t *testing.T, o Options) (s Summary, err error) {
	t.Helper()
	d, err := newDriver(t.Context(), o)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	d.segmentLines, d.partSize = 2, 3
	if _, err := d.round(t.Context(), d.src); err != nil {
		return Summary{}, err
	}
	return d.report(t.Context())
}

// defaultKills is how many moments are tried of each kind of job.
const defaultKills = 1

// TestKilled kills a job at each of its failpoints and at moments from a seed,
// starts it again, and compares the result with an unbroken run's: the pictures,
// that the ledger names each once, and that nothing else is left behind.
func TestKilled(t *testing.T) {
	kills, random := killtest.Moments(t, defaultKills)
	files := some(t)
	files["broken.png"] = []byte("no picture")
	server := gcstest.Start(t)
	server.CreateBucket("out")
	o := tiny(t, writeFolder(t, files), "")
	for i, p := range places(server) {
		t.Run(p.name, func(t *testing.T) {
			j := killedJob{Options: o, place: p, server: server, kills: kills, start: 10_000 * i}
			j.test(t, random)
		})
	}
}

// killedJob is one kind of job and what an unbroken one makes.
type killedJob struct {
	Options
	place

	server       *gcstest.Server
	kills, start int
	want         map[string]string
	left         []string
	summary      Summary
}

func (j killedJob) at(t *testing.T, n int) Options {
	o := j.Options
	o.Output = j.output(t, j.start+n)
	return o
}

// child runs a job in a process of its own, which may be killed, and reports
// whether it was.
func child(ctx context.Context, t *testing.T, o Options, point string) bool {
	t.Helper()
	return killtest.Child(ctx, t, "TestChild", point, childModel+"="+o.Model, childInput+"="+o.Input, childOutput+"="+o.Output)
}

func (j killedJob) test(t *testing.T, random *rand.Rand) {
	whole := j.at(t, 0)
	begin := time.Now()
	child(t.Context(), t, whole, "")
	took := time.Since(begin)
	j.want, j.left = outputSums(t, j.server, whole.Output), left(j.names(t, whole.Output))
	var err error
	if j.summary, err = runSmall(t, whole); err != nil {
		t.Fatal(err)
	}
	for i, point := range j.points {
		if j.kills <= defaultKills && i%j.of != j.part {
			continue
		}
		t.Run(point, func(t *testing.T) {
			o := j.at(t, 1+i)
			if !child(t.Context(), t, o, point) {
				t.Fatal("the failpoint was not reached")
			}
			j.again(t, o)
		})
	}
	for i := range j.kills {
		moment := time.Duration(random.Int64N(int64(took)))
		t.Run("after "+moment.Round(time.Millisecond).String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			o := j.at(t, 1000+i)
			child(ctx, t, o, "")
			j.again(t, o)
		})
	}
}

// again goes on with a job that was killed.
func (j killedJob) again(t *testing.T, o Options) {
	t.Helper()
	s, err := runSmall(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Pictures != j.summary.Pictures || s.Colored != j.summary.Colored || s.Rejects != j.summary.Rejects {
		t.Errorf("summary %+v, want that of %+v", s, j.summary)
	}
	if diff := cmp.Diff(j.want, outputSums(t, j.server, o.Output)); diff != "" {
		t.Errorf("pictures after being killed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(j.left, left(j.names(t, o.Output))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	lines := ledger(t, o.Output)
	for name, n := range lines {
		if n != 1 {
			t.Errorf("the ledger has %d lines of %q", n, name)
		}
	}
	if int64(len(lines)) != s.Pictures {
		t.Errorf("the ledger has %d pictures, want %d", len(lines), s.Pictures)
	}
}
