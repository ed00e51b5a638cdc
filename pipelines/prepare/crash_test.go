// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint/killtest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// The environment of a child process that prepares and is to be killed.
const (
	childInput  = "PREPARE_TEST_INPUT"
	childOutput = "PREPARE_TEST_OUTPUT"
	childMode   = "PREPARE_TEST_MODE"
)

// mode is what a job that is killed finds in its output: nothing, another job's
// data set to overwrite, or its own to extend.
type mode string

const (
	fresh      mode = "fresh"
	overwrites mode = "overwrites"
	extends    mode = "extends"
)

// options are those of the job that is killed.
func (m mode) options(t testing.TB, input, output string) Options {
	o := options(t, input)
	o.Output, o.NearDistance = output, 3
	o.Overwrite, o.Extend = m == overwrites, m == extends
	return o
}

// arrange makes what the job finds.
func (m mode) arrange(t testing.TB, p place, output string) {
	t.Helper()
	if m == fresh {
		return
	}
	o := fresh.options(t, p.smaller, output)
	if m == overwrites {
		o.Seed = 99
	}
	run(t, o)
}

// TestChild is no test of its own: TestKilled and BenchmarkPlan run it in another
// process.
func TestChild(t *testing.T) {
	if os.Getenv(childOutput) == "" {
		t.Skip("runs inside TestKilled")
	}
	if os.Getenv(childRunner) != "" {
		planOnly(t)
		return
	}
	run(t, mode(os.Getenv(childMode)).options(t, os.Getenv(childInput), os.Getenv(childOutput)))
}

// place is where a job that is killed writes.
type place struct {
	name           string
	input, smaller string // smaller holds some of the input's pictures
	// output makes a place of its own for the n-th job.
	output func(t *testing.T, n int) string
	// found returns the digests of all that lies there.
	found func(t *testing.T, output string) map[string]string
	// skips names failpoints that this kind of place does not have.
	skips string
}

func places(t *testing.T) []place {
	files, fewer := someFiles(t, 30), someFiles(t, 12)
	server := gcstest.Start(t)
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	for name, data := range fewer {
		server.Put("input", "fewer/"+name, data)
	}
	server.CreateBucket("out")
	return []place{
		{"folder", writeFolder(t, files), writeFolder(t, fewer), func(t *testing.T, _ int) string { return filepath.Join(t.TempDir(), "out") },
			func(t *testing.T, output string) map[string]string { return contents(t, output) }, ""},
		{"bucket", "gs://input/pictures", "gs://input/fewer", func(_ *testing.T, n int) string { return "gs://out/" + strconv.Itoa(n) },
			func(t *testing.T, output string) map[string]string { return objects(server, output) }, ".synced"},
	}
}

// objects returns the digests of the objects of an output in a bucket.
func objects(server *gcstest.Server, output string) map[string]string {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(output, "gs://"), "/")
	found := map[string]string{}
	for _, name := range server.List(bucket, prefix+"/") {
		data, _ := server.Get(bucket, name)
		found[strings.TrimPrefix(name, prefix+"/")] = digest(data)
	}
	return found
}

// child runs a job in a process of its own, which may be killed, and reports
// whether it was.
func child(ctx context.Context, t *testing.T, p place, m mode, output, point string) bool {
	t.Helper()
	return killtest.Child(ctx, t, "TestChild", point, childInput+"="+p.input, childOutput+"="+output, childMode+"="+string(m))
}

// defaultKills is how many moments are tried of each kind of job.
const defaultKills = 2

// TestKilled kills a job at each of its failpoints and at moments from a seed,
// starts it again, and compares the result with an unbroken run's, the job's own
// records included: in a folder and in a bucket.
func TestKilled(t *testing.T) {
	points := Failpoints()
	for _, name := range []string{"publish.file.renamed", "prepare.shard.committed", "prepare.plan.written"} {
		points = append(points, name+":3") // in the middle of several
	}
	points = append(points, "prepare.shard.sample:11")
	kills, random := killtest.Moments(t, defaultKills)
	for _, p := range places(t) {
		for i, m := range []mode{fresh, overwrites, extends} {
			t.Run(p.name+" "+string(m), func(t *testing.T) {
				at := func(n int) string { return p.output(t, 10_000*i+n) }
				testKilled(t, p, m, at, points, kills, random)
			})
		}
	}
}

func testKilled(t *testing.T, p place, m mode, at func(n int) string, points []string, kills int, random *rand.Rand) {
	whole := at(0)
	m.arrange(t, p, whole)
	start := time.Now()
	child(t.Context(), t, p, m, whole, "")
	took := time.Since(start)
	want := p.found(t, whole)
	again := func(t *testing.T, output string) {
		t.Helper()
		run(t, m.options(t, p.input, output))
		verify(t, output)
		if diff := cmp.Diff(want, p.found(t, output)); diff != "" {
			t.Errorf("after being killed (-want +got):\n%s", diff)
		}
	}
	for i, point := range points {
		if (m != fresh || killtest.Race) && kills <= defaultKills && i%4 != 0 {
			continue // a quarter of them will do, unless more is asked for
		}
		if p.skips != "" && strings.HasSuffix(point, p.skips) {
			continue
		}
		t.Run(point, func(t *testing.T) {
			output := at(1 + i)
			m.arrange(t, p, output)
			if !child(t.Context(), t, p, m, output, point) {
				t.Fatal("the failpoint was not reached")
			}
			again(t, output)
		})
	}
	for i := range kills {
		moment := time.Duration(random.Int64N(int64(took)))
		t.Run("after "+moment.Round(time.Millisecond).String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			output := at(1000 + i)
			m.arrange(t, p, output)
			child(ctx, t, p, m, output, "")
			again(t, output)
		})
	}
}
