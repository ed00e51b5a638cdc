// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/pipelines/runner"
)

// Beam has taken the name -update for Dataflow.
var updateGolden = flag.Bool("update-golden", false, "rewrite the golden files")

// asProgram is the environment variable that makes this test binary behave as
// chromabeam itself, so that tests can kill a real process.
const asProgram = "CHROMABEAM_TEST_AS_PROGRAM"

// showVariable makes that program print an environment variable and end.
const showVariable = "CHROMABEAM_TEST_SHOW"

func TestMain(m *testing.M) {
	if runner.WorkerMain(os.Args[1:]) {
		return
	}
	if os.Getenv(asProgram) != "" {
		keepHeap(os.Args)
		if name := os.Getenv(showVariable); name != "" {
			fmt.Println(os.Getenv(name))
			return
		}
		os.Exit(runInterruptible(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// chromabeam runs the program in this process.
func chromabeam(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// mustRun runs the program and wants the exit code.
func mustRun(t *testing.T, want int, args ...string) (stdout string) {
	t.Helper()
	code, out, errs := chromabeam(t, args...)
	if code != want {
		t.Fatalf("chromabeam %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, errs)
	}
	return out
}

func TestHelpGolden(t *testing.T) {
	t.Parallel()
	names := []string{""}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	for _, name := range names {
		args := []string{"help"}
		file := filepath.Join("testdata", "help", "chromabeam.txt")
		if name != "" {
			args = append(args, name)
			file = filepath.Join("testdata", "help", name+".txt")
		}
		t.Run(name, func(t *testing.T) {
			got := mustRun(t, exitDone, args...)
			for line := range strings.Lines(got) {
				if len(line) > 81 {
					t.Errorf("a line is wider than 80 columns: %q", line)
				}
			}
			compareGolden(t, file, got)
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./cmd/chromabeam -update-golden writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	tests := []struct {
		name string
		args []string
		want string // part of the message
	}{
		{"no command", nil, "usage: chromabeam"},
		{"unknown command", []string{"paint"}, `unknown command "paint"`},
		{"unknown flag", []string{"prepare", "-colour"}, "not defined"},
		{"missing flags", []string{"prepare"}, "-input and -output must be given"},
		{"stray argument", []string{"prepare", "-input", "a", "-output", "b", "c"}, `unexpected argument "c"`},
		{"missing input", []string{"prepare", "-size", "64", "-input", filepath.Join(empty, "none"), "-output", filepath.Join(empty, "out")}, "none"},
		{"empty folder", []string{"prepare", "-size", "64", "-input", empty, "-output", filepath.Join(t.TempDir(), "out")}, "no pictures"},
		{"unknown preset", []string{"prepare", "-preset", "digimon", "-input", empty, "-output", "out"}, `"digimon"`},
		{"unknown runner", []string{"prepare", "-size", "64", "-runner", "abacus", "-input", empty, "-output", "out"}, `"abacus"`},
		{"unknown recipe", []string{"train", "-recipe", "9.9", "-data", empty, "-output", "out"}, `"9.9"`},
		{"unknown set key", []string{"train", "-recipe", "demo", "-set", "l1_wieght=3", "-data", empty, "-output", "out"}, "l1_wieght"},
		{"too many downs", []string{"train", "-recipe", "demo", "-set", "num_downs=9", "-data", empty, "-output", "out"}, "num_downs"},
		{"set without value", []string{"train", "-recipe", "demo", "-set", "num_downs", "-data", empty, "-output", "out"}, "key=value"},
		{"unknown backend", []string{"train", "-recipe", "demo", "-backend", "tpu", "-data", empty, "-output", "out"}, `"tpu"`},
		{"unknown format", []string{"bulk", "-model", "m", "-input", "a", "-output", "b", "-format", "bmp"}, `"bmp"`},
		{"missing model", []string{"bulk", "-model", empty, "-input", empty, "-output", filepath.Join(t.TempDir(), "out"), "-backend", "go"}, "model.json"},
		{"colorize without picture", []string{"colorize", "-model", empty}, "takes a picture"},
		{"inspect without data set", []string{"inspect"}, "one data set"},
		{"recipes show nothing", []string{"recipes", "show"}, "show NAME"},
		{"version with argument", []string{"version", "now"}, `"now"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := chromabeam(t, tt.args...)
			if code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			if !strings.Contains(errs, tt.want) {
				t.Errorf("stderr %q does not contain %q", errs, tt.want)
			}
			if out != "" {
				t.Errorf("stdout %q, want nothing", out)
			}
		})
	}
}
