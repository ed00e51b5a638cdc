// SPDX-License-Identifier: Apache-2.0

package flink

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The environment variables of these tests: which of them run, whether a machine that
// cannot run them fails them, the program, and how often each kill is tried.
const (
	flinkVariable   = "CHROMABEAM_FLINK"
	requireVariable = "CHROMABEAM_REQUIRE_FLINK"
	programVariable = "CHROMABEAM_BIN"
	killsVariable   = "CHROMABEAM_TEST_KILLS"
)

// The values of flinkVariable.
const (
	kindTests   = "1"
	kindFigures = "figures"
)

// need skips a test where its kind was not asked for, or where something is missing.
func need(t *testing.T, kind string) {
	t.Helper()
	if os.Getenv(flinkVariable) != kind {
		t.Skipf("make test-flink FLINK=%s runs it", kind)
	}
	missing := ""
	if runtime.GOOS != "linux" {
		missing = "no /proc on this machine"
	}
	for _, program := range []string{"bash", "java", "mvn", "setsid", "grep", "sed", "awk"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = fmt.Sprintf("no %s on this machine", program)
		}
	}
	if missing == "" {
		return
	}
	if os.Getenv(requireVariable) == "1" {
		t.Fatalf("%s, and %s=1 wants it", missing, requireVariable)
	}
	t.Skip(missing)
}

// server is what run.sh has brought up.
type server struct {
	endpoint    string
	environment string // for -environment_config, with PROCESS
	work        string
	rest        string        // of a cluster
	start       time.Duration // that it took to come up
	managers    int
}

// startServer brings a server up, until the test ends.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	began := time.Now()
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"run.sh", "--with", strconv.Itoa(os.Getpid())}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	values, err := readValues(out)
	if err != nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		t.Fatalf("run.sh %s: %v, %v", strings.Join(args, " "), err, cmd.Wait())
	}
	s := &server{
		endpoint: values["ENDPOINT"], environment: values["ENVIRONMENT"], work: values["WORK"], rest: values["REST"],
		start: time.Since(began).Round(100 * time.Millisecond),
	}
	t.Cleanup(func() { s.stop(t, cmd) }) // the test's context has ended then, and with it run.sh
	return s
}

// readValues reads run.sh's lines until the server is ready.
func readValues(out io.Reader) (map[string]string, error) {
	values := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), "=")
		if !found {
			return nil, fmt.Errorf("line %q has no value", lines.Text())
		}
		values[name] = value
		if name == "READY" {
			return values, nil
		}
	}
	return nil, errors.New("it ended before it was ready")
}

// stop waits for the server's end and wants nothing of it to be left. A signal more than
// one must make no difference.
func (s *server) stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 128+int(syscall.SIGTERM) {
		t.Errorf("run.sh ended with %v, want exit code 143", err)
	}
	for _, p := range processes(t) {
		if strings.Contains(p.command, s.work+"/") {
			t.Errorf("process %d is left: %s", p.id, p.command)
		}
	}
	if _, err := os.Stat(s.work); err == nil {
		t.Errorf("folder %q is left", s.work)
	}
}

// process is a running program.
type process struct {
	id, parent int
	command    string // its arguments, with spaces between them
}

// processes lists what runs on this machine.
func processes(t *testing.T) []process {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var all []process
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		command, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		stat, err2 := os.ReadFile("/proc/" + e.Name() + "/stat")
		if errors.Join(err, err2) != nil || len(command) == 0 {
			continue // it ended meanwhile, or is ending
		}
		// After the program's name in parentheses: its state and its parent's id.
		_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')'):]), " ")
		parent, err := strconv.Atoi(strings.Fields(rest)[1])
		if err != nil {
			t.Fatalf("process %d: %v", id, err)
		}
		all = append(all, process{id, parent, strings.ReplaceAll(string(command), "\x00", " ")})
	}
	return all
}

// workers lists the server's worker processes: the program itself.
func (s *server) workers(t *testing.T) (found []process) {
	t.Helper()
	for _, p := range processes(t) {
		if strings.Contains(p.command, " --worker=true ") && strings.Contains(p.command, s.work+"/worker.") {
			found = append(found, p)
		}
	}
	return found
}

// taskManager returns the task manager that has started a process.
func (s *server) taskManager(t *testing.T, id int) (manager int) {
	t.Helper()
	byID := map[int]process{}
	for _, p := range processes(t) {
		byID[p.id] = p
	}
	for p, ok := byID[id]; ok; p, ok = byID[p.parent] {
		if strings.Contains(p.command, "taskexecutor.TaskManagerRunner") {
			return p.id
		}
	}
	t.Fatalf("process %d has no task manager above it", id)
	return 0
}

// get asks the job manager of a cluster.
func (s *server) get(t *testing.T, path string, into any) {
	t.Helper()
	answer, err := http.Get(s.rest + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", path, answer.Status, err)
	}
}

// settle waits until a cluster has all its task managers, and none of their slots is
// in use.
func (s *server) settle(t *testing.T) {
	t.Helper()
	waitFor(t, "all task managers", func() bool {
		var o struct {
			Managers  int `json:"taskmanagers"`
			Total     int `json:"slots-total"`     //nolint:tagliatelle // Flink's name
			Available int `json:"slots-available"` //nolint:tagliatelle // Flink's name
		}
		s.get(t, "/overview", &o)
		return o.Managers == s.managers && o.Total == o.Available
	})
}

// waitFor looks again and again until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waiting for %s: it takes more than two minutes", what)
		}
	}
}
