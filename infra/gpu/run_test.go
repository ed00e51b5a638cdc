// SPDX-License-Identifier: Apache-2.0

package gpu

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// script is run.sh with the given environment beside that of this process.
func script(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on this machine: run.sh needs one")
	}
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"run.sh"}, args...)...)
	cmd.Env = append(cmd.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func dryRun(t *testing.T, env ...string) string {
	t.Helper()
	env = append([]string{
		"BIN=chromabeam", "OUT=out", "DATA_POKEMON=data/pokemon", "DATA_FACES=data/faces", "PEERS=peers", "PYTHON=python3",
		"BACKEND=", "SMALL=", "PRECISION=", "LIMIT=", "SECONDS_EACH=",
	}, env...)
	code, out, errs := script(t, env, "-dry-run", "all")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	return out
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./infra/gpu -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	compareGolden(t, "all.txt", dryRun(t))
	compareGolden(t, "small.txt", dryRun(t, "SMALL=1", "BACKEND=xla:cpu"))
}

// TestUsage wants exit code 2 and a sentence for what cannot work.
func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "usage: infra/gpu/run.sh"},
		{"no such part", []string{"check", "report-10"}, "no part is called report-10"},
		{"no data", []string{"-dry-run", "report-1"}, "report-1 needs the variables DATA_POKEMON"},
		{"no scripts", []string{"-dry-run", "peers"}, "peers needs the variables PEERS"},
		{"no faces, before anything runs", []string{"check", "faces"}, "faces needs the variables DATA_FACES"},
		{"no runs", []string{"pages"}, "pages needs runs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := []string{"OUT=" + t.TempDir(), "DATA_POKEMON=", "DATA_FACES=", "PEERS="}
			code, out, errs := script(t, env, tt.args...)
			if code != 2 || !strings.Contains(errs, tt.want) || out != "" {
				t.Errorf("exit code %d, want 2; stderr %q, want %q; stdout %q, want nothing", code, errs, tt.want, out)
			}
		})
	}
}

// fakeProgram writes a shell script that stands for the program.
func fakeProgram(t *testing.T, dir, text string) string {
	t.Helper()
	if _, err := exec.LookPath("timeout"); err != nil {
		t.Skip("no timeout(1) on this machine: run.sh needs one")
	}
	name := filepath.Join(dir, "program")
	if err := os.WriteFile(name, []byte("#!/usr/bin/env bash\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestResumes runs a part with a program that fails for one kind of step: what is
// done is not done again, and neither is what has failed until its mark is removed.
func TestResumes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls, out := filepath.Join(dir, "calls"), filepath.Join(dir, "out")
	program := fakeProgram(t, dir, "echo \"$*\" >>'"+calls+"'\ncase \"$*\" in *vanilla*) echo 'out of luck' >&2; exit 1 ;; esac\n"+
		"echo notes\necho '{\"bench\": \"codec\"}'\n")
	env := []string{"BIN=" + program, "OUT=" + out, "SMALL=1", "BACKEND=xla:cpu", "LIMIT=300"}
	count := func() int {
		t.Helper()
		data, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(data), "\n")
	}
	code, _, errs := script(t, env, "bench")
	first := count()
	if code != 1 || !strings.Contains(errs, "out of luck") || first != 11 {
		t.Fatalf("exit code %d after %d calls, want 1 after 11, with the reason\n%s", code, first, errs)
	}
	got, err := os.ReadFile(filepath.Join(out, "json", "ours-train-l1-64-b8-float32-auto.json"))
	if err != nil || string(got) != "{\"bench\": \"codec\"}\n" {
		t.Errorf("kept %q, error %v, want the last line", got, err)
	}
	if code, _, errs = script(t, env, "bench"); code != 1 || count() != first || strings.Count(errs, "failed before") != 2 {
		t.Errorf("exit code %d after %d more calls, want 1 after none\n%s", code, count()-first, errs)
	}
	if err := os.RemoveAll(filepath.Join(out, "failed")); err != nil {
		t.Fatal(err)
	}
	if code, _, _ = script(t, env, "bench"); code != 1 || count() != first+2 {
		t.Errorf("exit code %d after %d more calls, want 1 after the 2 that had failed", code, count()-first)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(out, "failed")), os.RemoveAll(filepath.Join(out, "json"))); err != nil {
		t.Fatal(err)
	}
	// Nothing is begun that the limit leaves no time for.
	code, _, errs = script(t, append(env, "LIMIT=20"), "bench")
	if code != 75 || count() != first+2 || !strings.Contains(errs, "the same command goes on") {
		t.Errorf("exit code %d after %d more calls, want 75 after none\n%s", code, count()-first-2, errs)
	}
	times, err := os.ReadFile(filepath.Join(out, "times.tsv"))
	if err != nil || strings.Count(string(times), "\n") != first+2 {
		t.Errorf("times.tsv has %q, error %v, want a line for each call", times, err)
	}
}

// TestInterrupted has the program send Ctrl-C's signal to the script: it is passed on
// once, the time is noted, and nothing is begun after it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ps"); err != nil {
		t.Skip("no ps(1) on this machine: the test finds the script by it")
	}
	dir := t.TempDir()
	calls, out := filepath.Join(dir, "calls"), filepath.Join(dir, "out")
	program := fakeProgram(t, dir, "echo start >>'"+calls+"'\ntrap 'echo stop >>\""+calls+"\"; exit 130' INT\n"+
		"kill -INT $(ps -o ppid= -p $PPID)\nwhile :; do sleep 0.1; done\n")
	env := []string{"BIN=" + program, "OUT=" + out, "SMALL=1", "BACKEND=xla:cpu", "LIMIT=100", "DATA_POKEMON=data"}
	code, _, errs := script(t, env, "report-1", "report-2")
	got, err := os.ReadFile(calls)
	if code != 130 || err != nil || string(got) != "start\nstop\n" {
		t.Errorf("exit code %d, calls %q, error %v, want 130 after one start and one stop\n%s", code, got, err, errs)
	}
	times, err := os.ReadFile(filepath.Join(out, "times.tsv"))
	if err != nil || !strings.HasPrefix(string(times), "train-6.1\t") || !strings.HasSuffix(string(times), "\t130\n") {
		t.Errorf("times.tsv has %q, error %v, want the interrupted training", times, err)
	}
	if _, err := os.Stat(filepath.Join(out, "done", "6.1")); err == nil {
		t.Error("a training that was interrupted counts as done")
	}
}
