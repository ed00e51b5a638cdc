// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// kills returns how often each kill is tried.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv(killsVariable)
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", killsVariable, err)
	}
	return n
}

// victim names what is killed, given a worker's process.
type victim struct {
	name string
	of   func(t *testing.T, worker int) int
}

// TestKilled kills a worker, or a task manager of which there is a spare one, in the
// middle of a job: the job ends with the same outputs and the same counts.
func TestKilled(t *testing.T) {
	need(t, kindTests)
	p := newProgram(t)
	const n = 240
	p.pictures(t, "pictures", n, 640, 480)
	all := []job{
		{"prepare", []string{"prepare", "-input", "pictures", "-size", "256", "-shards", "24", "-workers", "2", "-json"}, "set", 0},
		{"bulk", []string{"bulk", "-input", "pictures", "-backend", "go", "-workers", "2", "-json"}, "coloured", n},
	}
	want := map[string]done{}
	for _, j := range all {
		want[j.name] = p.do(t, "direct-"+j.name, j)
	}
	s := startCluster(t, 3)
	victims := []victim{
		{"worker", func(_ *testing.T, worker int) int { return worker }},
		{"task manager", s.taskManager},
	}
	for i := range kills(t) {
		for _, v := range victims {
			for _, j := range all {
				t.Run(fmt.Sprintf("%s/%s/%d", v.name, j.name, i+1), func(t *testing.T) {
					s.settle(t)
					s.killed(t, p, fmt.Sprintf("%s-%s-%d", v.name, j.name, i), j, v, want[j.name])
				})
			}
		}
	}
}

// killed runs a job and kills something of it when the first outputs are there.
func (s *server) killed(t *testing.T, p program, folder string, j job, v victim, want done) {
	t.Helper()
	args := append([]string{}, j.args...)
	args = append(append(args, "-output", filepath.Join(folder, j.output)), s.on("flink", ownProcess, 2)...)
	cmd, out, errs := p.command(t.Context(), args...)
	before, idle := s.details(t), s.workers(t) // after a failure Beam keeps some until their task manager ends
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	pattern := filepath.Join(p.dir, folder, j.output, map[string]string{"prepare": "*.tar", "bulk": "*.png"}[j.name])
	var workers []process
	waitFor(t, "the first outputs", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the job ended before anything was killed: %v\n%s", err, errs)
		default:
		}
		found, _ := filepath.Glob(pattern) // no error: the pattern is well formed
		workers = slices.DeleteFunc(s.workers(t), func(p process) bool { return slices.Contains(idle, p) })
		return len(found) > 0 && len(workers) > 0
	})
	at := time.Since(began)
	// The newest: a worker of prepare's first pass may not have ended yet.
	worker := slices.MaxFunc(workers, func(a, b process) int { return cmp.Compare(a.id, b.id) })
	if err := syscall.Kill(v.of(t, worker.id), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	t.Logf("killed after %.1f s, done after %.1f s", at.Seconds(), time.Since(began).Seconds())
	got := p.done(t, folder, j, p.result(t, cmd, err, out, errs))
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-direct +got):\n%s", folder, diff)
	}
	if s.failures(t, before) == 0 {
		t.Error("the job did not notice")
	}
}
