// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/plan"
)

// swap changes a file behind the back of a job: name, size and time stay. It
// returns what puts the old file back.
func swap(t *testing.T, path string, replace func(path string, size int) error) (restore func()) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), replace(path, len(data))); err != nil {
		t.Fatal(err)
	}
	return func() {
		err := errors.Join(os.Remove(path), os.WriteFile(path, data, 0o600), os.Chtimes(path, time.Time{}, info.ModTime()))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// unreadable makes a link to itself, which no one can open.
func unreadable(path string, _ int) error { return os.Symlink(filepath.Base(path), path) }

func changed(path string, size int) error { return os.WriteFile(path, make([]byte, size), 0o600) }

// TestTransient lets a picture fail in one of the passes, and checks that a
// second run tries it again and ends with an unbroken run's bytes.
func TestTransient(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		plan           bool // the picture fails while planning
		replace        func(string, int) error
		files, victims int
	}{
		{"plan", true, unreadable, 30, 1},
		{"plan, whole shards", true, unreadable, 6, 4}, // shards are numbered anew
		{"write", false, unreadable, 30, 1},
		{"write, changed", false, changed, 30, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := someFiles(t, tt.files)
			delete(files, "p/copy.png")
			o := options(t, writeFolder(t, files)).withDefaults()
			whole := o
			whole.Output = filepath.Join(t.TempDir(), "whole")
			want := run(t, whole)

			restore := failOnce(t, o, tt.plan, tt.victims, tt.replace)
			verify(t, o.Output)
			restore()
			s := run(t, o)
			verify(t, o.Output)
			if tt.victims == 1 && s.ReusedShards != s.Shards-1 {
				t.Errorf("%d of %d shards were kept, want all but one", s.ReusedShards, s.Shards)
			}
			s.ReusedShards = 0
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(contents(t, whole.Output), contents(t, o.Output)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// failOnce runs a job during which pictures fail; it leaves them so.
func failOnce(t *testing.T, o Options, planning bool, victims int, replace func(string, int) error) (restore func()) {
	t.Helper()
	job, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer job.release()
	var undo []func()
	fail := func() {
		for i := range victims {
			undo = append(undo, swap(t, filepath.Join(o.Input, "p", "00"+string(rune('0'+i))+".png"), replace))
		}
	}
	if planning {
		fail()
	}
	sealed, err := job.plan(t.Context(), 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if !planning {
		fail()
	}
	if s, err := job.writeShards(t.Context(), []plan.Sealed{sealed}, nil); err != nil || s.Rejects != int64(1+victims) {
		t.Fatalf("write = %+v, %v, want %d rejects", s, err, 1+victims)
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// TestPermanentKeepsPlan checks that a picture which no other try will read
// does not make a second run plan anew.
func TestPermanentKeepsPlan(t *testing.T) {
	t.Parallel()
	files := someFiles(t, 4)
	o := options(t, writeFolder(t, files))
	if err := os.Symlink("gone.png", filepath.Join(o.Input, "link.png")); err != nil {
		t.Skipf("this system makes no symbolic links: %v", err)
	}
	sealed := func() os.FileInfo {
		info, err := os.Stat(filepath.Join(o.Output, partDir(t, o.Output), "plan", "sealed.json"))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := run(t, o)
	before := sealed()
	if s := run(t, o); first.Rejects != 2 || s.Rejects != 2 || s.ReusedShards != s.Shards {
		t.Errorf("summaries %+v and %+v", first, s)
	}
	if !os.SameFile(before, sealed()) {
		t.Error("the plan was made again")
	}
}
