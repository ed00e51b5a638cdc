// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// begun leaves in the output what a run leaves that is killed before its first
// picture. The lock goes with the test.
func begun(t *testing.T, o Options) *driver {
	t.Helper()
	d, err := newDriver(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestForeignResults: that a job has begun does not make files its own that it
// has not written.
func TestForeignResults(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	for _, output := range []string{"out", "out.zip"} {
		o := tiny(t, pictures, filepath.Join(t.TempDir(), output))
		d := begun(t, o)
		if err := d.release(); err != nil {
			t.Fatal(err)
		}
		for _, r := range d.results() {
			if err := os.WriteFile(r.path, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), r.name) {
				t.Errorf("%s: error %v, want a request error", r.path, err)
			}
			if readText(t, r.path) != "mine" {
				t.Errorf("%s was replaced", r.path)
			}
			if err := os.Remove(r.path); err != nil {
				t.Fatal(err)
			}
		}
		wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
		wantCounts(t, mustRun(t, o), counts{1, 1, 1, 0}) // its own it may replace
	}
}

// TestOverwriteOwnsResults: a run that may overwrite and is killed need not be
// allowed again.
func TestOverwriteOwnsResults(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	o := tiny(t, pictures, filepath.Join(t.TempDir(), "out.zip"))
	if err := os.WriteFile(o.Output, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Overwrite = true
	if err := begun(t, o).release(); err != nil {
		t.Fatal(err)
	}
	o.Overwrite = false
	wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
}

// TestPublishResult: a file that appears during the run stays as well, and what
// should have replaced it goes.
func TestPublishResult(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	d := begun(t, tiny(t, pictures, filepath.Join(t.TempDir(), "out")))
	name := d.layout.at(reportJSONFile)
	if err := os.WriteFile(name, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "the job's")
		return err
	}
	if err := d.result(t.Context(), reportJSONFile, write); !fault.IsRequest(err) {
		t.Errorf("error %v, want a request error", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	appears := func(w io.Writer) error { return errors.Join(write(w), os.WriteFile(name, []byte("mine"), 0o644)) }
	if err := d.result(t.Context(), reportJSONFile, appears); !fault.IsRequest(err) {
		t.Errorf("error %v, want a request error", err)
	}
	left, err := filepath.Glob(filepath.Join(d.layout.reportDir(), "*.tmp"))
	if err != nil || len(left) > 0 || readText(t, name) != "mine" {
		t.Errorf("the output holds %v (%v), the file is %q", left, err, readText(t, name))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.result(t.Context(), reportJSONFile, write); err != nil || readText(t, name) != "the job's" {
			t.Errorf("error %v, the file is %q", err, readText(t, name))
		}
	}
}
