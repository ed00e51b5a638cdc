// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/plan"
)

// childRunner makes TestChild stop when the shards' tasks are made, on the runner
// that it names.
const childRunner = "PREPARE_TEST_PLAN_ON"

// planOnly lists the input, hashes its pictures and makes the shards' tasks.
func planOnly(t *testing.T) {
	o := options(t, os.Getenv(childInput))
	o.Output, o.Runner, o.Sharding = os.Getenv(childOutput), os.Getenv(childRunner), Sharding{}
	s, sealed := planned(t, o.withDefaults())
	var pictures int64
	tasks := s.job.tasks([]plan.Sealed{sealed})
	for _, task := range tasks {
		pictures += task.Pictures
	}
	t.Logf("%d shards, %d pictures", len(tasks), pictures)
	if pictures != s.job.Parts[0].Pictures {
		t.Errorf("the tasks have %d pictures, the input %d", pictures, s.job.Parts[0].Pictures)
	}
}

// BenchmarkPlan lists buckets of many objects, hashes each, and makes the tasks of
// their shards, in a process of its own whose peak memory it reports. Run it with
// -benchtime 1x.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		server := gcstest.StartSynthetic(b, "many", n, func(i int) string { return fmt.Sprintf("scans/%09d.png", i) },
			func(i int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 8), uint64(i)) })
		for _, runner := range []string{"direct", "prism"} {
			b.Run(fmt.Sprintf("objects=%d/%s", n, runner), func(b *testing.B) {
				var peak int64
				for range b.N {
					cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
					cmd.Env = append(os.Environ(), "STORAGE_EMULATOR_HOST="+server.Addr(), childRunner+"="+runner,
						childInput+"=gs://many/scans", childOutput+"="+filepath.Join(b.TempDir(), "out"))
					var out bytes.Buffer
					cmd.Stdout, cmd.Stderr = &out, &out
					if err := cmd.Run(); err != nil {
						b.Fatalf("%v\n%s", err, &out)
					}
					peak = max(peak, maxRSSOf(cmd.ProcessState))
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
				b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
			})
		}
		server.Close()
	}
}
