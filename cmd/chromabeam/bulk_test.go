// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/pipelines/bulk"
)

// TestBulkTrial looks before it works: a dry run, a sample, the whole.
func TestBulkTrial(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pictures, output := filepath.Join(dir, "pictures"), filepath.Join(dir, "out")
	writePictures(t, pictures, 12, 20)
	args := func(more ...string) []string {
		return append([]string{"bulk", "-model", modeltest.Tiny(t), "-backend", "go", "-input", pictures, "-output", output}, more...)
	}
	out := mustRun(t, exitDone, args("-dry-run")...)
	if !strings.HasPrefix(out, "pictures=12 bytes=") || !strings.Contains(out, " done=0 settled=0 no_place=0 to_do=12 ") || !strings.Contains(out, "extensions=.png:12:") {
		t.Errorf("a dry run prints %q", out)
	}
	if _, err := os.Lstat(output); err == nil {
		t.Error("a dry run left an output")
	}
	var f bulk.Forecast
	if err := json.Unmarshal([]byte(mustRun(t, exitDone, args("-dry-run", "-json", "-sample", "3")...)), &f); err != nil || f.ToDo != 12 || f.Trial != 3 {
		t.Errorf("a dry run of 3 gives %+v, %v", f, err)
	}
	out = mustRun(t, exitDone, args("-sample", "3")...)
	if !strings.HasPrefix(out, "pictures=3 colored=3 ") || !strings.Contains(out, " whole_pictures=12 whole_seconds=") {
		t.Errorf("a sample prints %q", out)
	}
	out = mustRun(t, exitDone, args()...)
	if !strings.HasPrefix(out, "pictures=12 colored=12 skipped=3 ") || strings.Contains(out, "whole") {
		t.Errorf("the whole prints %q", out)
	}
	if code, _, errs := chromabeam(t, args("-strength", "50", "-dry-run")...); code != exitUsage || !strings.Contains(errs, "strength: 100, now 50") {
		t.Errorf("another strength: exit code %d, %s", code, errs)
	}
}

// TestBulkWatch sends Ctrl-C to a watch: it has done its work, and says so.
func TestBulkWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bad  bool
		want int
	}{{"good", false, exitDone}, {"with a reject", true, exitRejects}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			pictures, output := filepath.Join(dir, "pictures"), filepath.Join(dir, "out")
			writePictures(t, pictures, 3, 20)
			if tt.bad {
				if err := os.WriteFile(filepath.Join(pictures, "bad.png"), []byte("no picture"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd, _ := process(t.Context(), "", []string{
				"bulk", "-model", modeltest.Tiny(t), "-backend", "go", "-input", pictures, "-output", output, "-watch", "1s",
				"-metrics-addr", "localhost:0",
			})
			cmd.Stderr = nil
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				said = append(said, lines.Text())
				if strings.Contains(lines.Text(), "pictures done") {
					if err := cmd.Process.Signal(os.Interrupt); err != nil {
						t.Fatal(err)
					}
				}
			}
			all := strings.Join(said, "\n")
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != tt.want {
				t.Errorf("ended with %v, want exit code %d:\n%s", err, tt.want, all)
			}
			for _, want := range []string{"watching " + pictures, "metrics at http://127.0.0.1:"} {
				if !strings.Contains(all, want) {
					t.Errorf("missing %q in:\n%s", want, all)
				}
			}
			for _, name := range []string{"report.html", "aa.png", "ab.png", "ac.png"} {
				if _, err := os.Stat(filepath.Join(output, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestBulkUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"-output out -watch 0s", []string{"must be above 0"}},
		{"-output out -memory much", []string{"must be a number of bytes"}},
		{"-output out -memory 0", []string{"must be a number of bytes"}},
		{"-output out.zip -watch 30s -limit 3 -strength 200 -metrics-addr :80", []string{
			"archive would be written anew", "limit or sample", "strength must be in [0, 100], got 200", "loopback",
		}},
		{"-output out -dry-run -watch 30s", []string{"watch must not be given for a dry run"}},
	} {
		code, _, errs := chromabeam(t, append([]string{"bulk", "-model", "m", "-input", "a"}, strings.Fields(tt.args)...)...)
		for _, want := range tt.want {
			if code != exitUsage || !strings.Contains(errs, want) {
				t.Errorf("%s: exit code %d and %q, want %d and %q", tt.args, code, errs, exitUsage, want)
			}
		}
	}
}

func TestByteSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"512MiB": "512MiB", "1 GiB": "1GiB", "1024": "1KiB", "1000": "1000", "1MB": "1000000", "2048GiB": "2048GiB", "1536KiB": "1536KiB",
	} {
		var b byteSize
		if err := b.Set(text); err != nil || b.String() != want {
			t.Errorf("%q is %s, %v, want %s", text, b.String(), err, want)
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0.01: "1s", 59.6: "1m0s", 599: "9m59s", 601.2: "10m", 3700: "1h2m", 4 * 3600: "4h0m", 100_000: "27h50m",
	} {
		if got := about(seconds); got != want {
			t.Errorf("%v s are about %s, want %s", seconds, got, want)
		}
	}
}
