// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// job is a command without its output and runner.
type job struct {
	name   string
	args   []string
	output string // the output's name, which decides what a bulk job makes
	count  int64  // pictures that bulk colours, 0 for prepare
}

// jobs are those that every engine must do alike.
func jobs(pictures int64) []job {
	bulk := []string{"bulk", "-input", "pictures", "-backend", "go", "-workers", "2", "-json"}
	return []job{
		{"prepare", []string{"prepare", "-input", "pictures", "-size", "64", "-shards", "6", "-workers", "2", "-json"}, "set", 0},
		{"bulk", bulk, "coloured", pictures},
		{"archive", bulk, "coloured.zip", pictures},
	}
}

// on returns a runner's flags.
func (s *server) on(runner, environment string, parallelism int) []string {
	args := []string{
		"-runner", runner, "-endpoint", s.endpoint, "-environment_type", environment,
		"-parallelism", strconv.Itoa(parallelism),
	}
	if environment == ownProcess {
		args = append(args, "-environment_config", s.environment)
	}
	return args
}

// The environments of workers: processes of their own, or the driver's.
const (
	ownProcess = "PROCESS"
	inDriver   = "LOOPBACK"
)

// done is how a job ended.
type done struct {
	Summary summary
	Outputs map[string]string
	// Colored and Rejects are what bulk's bundles say that they did.
	Colored, Rejects int64
}

// do runs a job into a folder of its own.
func (p program) do(t *testing.T, folder string, j job, flags ...string) done {
	t.Helper()
	args := append([]string{}, j.args...)
	args = append(append(args, "-output", filepath.Join(folder, j.output)), flags...)
	return p.done(t, folder, j, p.run(t, args...))
}

func (p program) done(t *testing.T, folder string, j job, s summary) done {
	t.Helper()
	d := done{Summary: s, Outputs: p.outputs(t, folder)}
	if j.count > 0 {
		report := j.output
		if filepath.Ext(report) != "" {
			report += ".report"
		}
		d.Colored, d.Rejects = p.work(t, filepath.Join(folder, report))
		if d.Colored != j.count {
			t.Errorf("bundles coloured %d pictures, want %d", d.Colored, j.count)
		}
	}
	return d
}

// reference does the jobs in this process's own runners, which must agree.
func (p program) reference(t *testing.T, all []job) map[string]done {
	t.Helper()
	want := map[string]done{}
	for _, j := range all {
		want[j.name] = p.do(t, "direct-"+j.name, j)
		if diff := cmp.Diff(want[j.name], p.do(t, "prism-"+j.name, j, "-runner", "prism")); diff != "" {
			t.Errorf("%s on prism (-direct +prism):\n%s", j.name, diff)
		}
	}
	return want
}

// same wants a job on an engine to end as it does directly.
func (p program) same(t *testing.T, folder string, j job, want done, flags []string) {
	t.Helper()
	if diff := cmp.Diff(want, p.do(t, folder, j, flags...)); diff != "" {
		t.Errorf("%s (-direct +got):\n%s", folder, diff)
	}
}

// TestLocal runs both pipelines on a Flink inside its job server.
func TestLocal(t *testing.T) {
	need(t, kindTests)
	p := newProgram(t)
	p.pictures(t, "pictures", 60, 96, 80)
	all := jobs(60)
	want := p.reference(t, all)
	s := startServer(t)
	for _, j := range all {
		t.Run(ownProcess+"/"+j.name, func(t *testing.T) {
			p.same(t, ownProcess+"-"+j.name, j, want[j.name], s.on("flink", ownProcess, 1))
		})
	}
	for _, j := range all[:2] {
		t.Run(inDriver+"/"+j.name, func(t *testing.T) {
			p.same(t, inDriver+"-"+j.name, j, want[j.name], s.on("flink", inDriver, 1))
		})
	}
}

// TestCluster runs both pipelines on a Flink of several processes, and looks what
// crosses its shuffles.
func TestCluster(t *testing.T) {
	need(t, kindTests)
	p := newProgram(t)
	total := p.pictures(t, "pictures", 60, 320, 240)
	all := jobs(60)
	want := p.reference(t, all)
	s := startCluster(t, 2)
	for _, parallelism := range []int{1, 2, 4} {
		for _, j := range all {
			if j.name == "archive" && parallelism != 2 {
				continue // what is different there are the pictures, which are bulk's
			}
			name := strconv.Itoa(parallelism) + "-" + j.name
			t.Run(name, func(t *testing.T) {
				p.same(t, name, j, want[j.name], s.on("flink", ownProcess, parallelism))
			})
		}
	}
	t.Run(inDriver, func(t *testing.T) {
		p.same(t, "loopback", all[0], want[all[0].name], s.on("flink", inDriver, 2))
	})
	// Pictures are read where they are worked on: between workers go names alone.
	shuffled := s.shuffled(t)
	if len(shuffled) == 0 {
		t.Error("the cluster knows of no job")
	}
	for id, sent := range shuffled {
		if sent > total/20 {
			t.Errorf("job %s sent %d bytes through Flink, of %d bytes of pictures", id, sent, total)
		}
	}
	shards := int64(0)
	for name := range want["prepare"].Outputs {
		if strings.HasSuffix(name, ".tar") {
			shards++
		}
	}
	checkSpread(t, "bulk.colorizeFn", s.spread(t, "bulk.colorizeFn"), 60+damaged)
	checkSpread(t, "transforms.writeShardFn", s.spread(t, "transforms.writeShardFn"), shards)
}

// checkSpread wants every worker of each job to have had something of its elements.
func checkSpread(t *testing.T, dofn string, jobs [][]int64, elements int64) {
	t.Helper()
	if len(jobs) == 0 {
		t.Errorf("no job has a step %s", dofn)
	}
	for _, counts := range jobs {
		sum := int64(0)
		for _, n := range counts {
			sum += n
			if n == 0 {
				t.Errorf("of %d workers with %s one at least got nothing: %d", len(counts), dofn, counts)
			}
		}
		if sum != elements {
			t.Errorf("workers with %s got %d elements, want %d", dofn, counts, elements)
		}
	}
}

// startCluster brings up a cluster of some task managers.
func startCluster(t *testing.T, managers int) *server {
	t.Helper()
	s := startServer(t, "--cluster", strconv.Itoa(managers))
	s.managers = managers
	return s
}

// TestSpark runs a small job on Spark, whose job server is another one.
func TestSpark(t *testing.T) {
	need(t, kindTests)
	p := newProgram(t)
	p.pictures(t, "pictures", 12, 96, 80)
	j := jobs(12)[0]
	want := p.reference(t, []job{j})
	s := startServer(t, "--spark")
	p.same(t, "spark", j, want[j.name], s.on("spark", ownProcess, 2))
}
