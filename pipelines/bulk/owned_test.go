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
	"github.com/chromabeam/chromabeam/transforms/inference"
)

// begun leaves in the output what a run leaves that is killed before its first
// picture.
func begun(t *testing.T, o Options) layout {
	t.Helper()
	l, err := newLayout(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	engine, giveBack, err := inference.Lease(o.settings())
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJob(o, engine)
	if err := errors.Join(err, giveBack(), l.claim(o.Overwrite), j.write(l)); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestForeignResults: that a job has begun does not make files its own that it
// has not written.
func TestForeignResults(t *testing.T) {
	t.Parallel()
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1))})
	for _, output := range []string{"out", "out.zip"} {
		o := tiny(t, pictures, filepath.Join(t.TempDir(), output))
		l := begun(t, o)
		for _, name := range l.results() {
			if err := os.WriteFile(name, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), filepath.Base(name)) {
				t.Errorf("%s: error %v, want a request error", name, err)
			}
			if readText(t, name) != "mine" {
				t.Errorf("%s was replaced", name)
			}
			if err := os.Remove(name); err != nil {
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
	begun(t, o)
	o.Overwrite = false
	wantCounts(t, mustRun(t, o), counts{1, 1, 0, 0})
}

// TestPublishResult: a file that appears during the run stays as well, and what
// should have replaced it goes.
func TestPublishResult(t *testing.T) {
	t.Parallel()
	l := begun(t, tiny(t, t.TempDir(), filepath.Join(t.TempDir(), "out")))
	name := l.reportJSON()
	if err := os.WriteFile(name, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "the job's")
		return err
	}
	if err := l.publishResult(name, write, func() {}); !fault.IsRequest(err) {
		t.Errorf("error %v, want a request error", err)
	}
	if left, err := os.ReadDir(l.tmp()); err != nil || len(left) > 0 || readText(t, name) != "mine" {
		t.Errorf("tmp holds %v (%v), the file is %q", left, err, readText(t, name))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.publishResult(name, write, func() {}); err != nil || readText(t, name) != "the job's" {
			t.Errorf("error %v, the file is %q", err, readText(t, name))
		}
	}
}
