// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

func TestPublishFile(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"old", "new"} {
		if err := PublishFile(dir, "x.tar", text(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "x.tar")); err != nil || string(got) != want {
			t.Errorf("published %q, %v, want %q", got, err, want)
		}
	}
	if i, err := os.Stat(filepath.Join(dir, "x.tar")); runtime.GOOS != "windows" && (err != nil || i.Mode() != 0o644) {
		t.Errorf("its mode is %v, %v, want 0644", i.Mode(), err)
	}
	err := PublishFile(dir, "x.tar", func(w io.Writer) error { return errors.Join(text("half")(w), errBroken) })
	if !errors.Is(err, errBroken) {
		t.Errorf("PublishFile = %v, want the writer's error", err)
	}
	if diff := cmp.Diff([]string{"x.tar"}, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "x.tar")); string(got) != "new" {
		t.Errorf("a failed PublishFile changed the file to %q", got)
	}
	for _, name := range []string{"none/x.tar", "../x.tar", ""} {
		if err := PublishFile(dir, name, text("")); err == nil {
			t.Errorf("PublishFile took the name %q", name)
		}
	}
	if err := PublishFile(filepath.Join(dir, "none"), "x.tar", text("")); err == nil {
		t.Error("PublishFile into a missing folder succeeded")
	}
}

// A folder that is named "." is no reason to use the system's temporary one,
// which may lie on another file system.
func TestPublishHere(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "none"))
	}
	for _, dir := range []string{".", ""} {
		if err := PublishFile(dir, "x.tar", text("file"+dir)); err != nil {
			t.Errorf("PublishFile(%q): %v", dir, err)
		}
		if got, err := os.ReadFile("x.tar"); err != nil || string(got) != "file"+dir {
			t.Errorf("PublishFile(%q) made %q, %v", dir, got, err)
		}
	}
	p := site{Store: open(t, ".")}
	put(t, p, "y.tar", "object")
	wantObject(t, p, "y.tar", "object")
	if diff := cmp.Diff([]string{"x.tar", "y.tar"}, tree(t, ".")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestUnlessUnsupported(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "sync", Path: "folder", Err: err} }
	for _, err := range []error{syscall.EINVAL, syscall.ENOTSUP, errors.ErrUnsupported} {
		if got := unlessUnsupported(path(err)); got != nil {
			t.Errorf("%v is %v, want no error", err, got)
		}
	}
	for _, err := range []error{syscall.EIO, syscall.ENOSPC} {
		if got := unlessUnsupported(path(err)); !errors.Is(got, err) {
			t.Errorf("%v is %v", err, got)
		}
	}
	if err := unlessUnsupported(nil); err != nil {
		t.Error(err)
	}
}

// A killed process leaves the old object or the new one, never half of either.
func TestPublishKilled(t *testing.T) {
	const variable, condition = "CHROMABEAM_TEST_PUBLISH", "CHROMABEAM_TEST_ABSENT"
	const name = "train-000000.tar"
	if uri := os.Getenv(variable); uri != "" {
		c := Anything()
		if os.Getenv(condition) != "" {
			c = Absent()
		}
		_, err := open(t, uri).Publish(t.Context(), name, c, text("new"))
		t.Fatalf("survived its failpoint: %v", err)
	}
	kill := func(t *testing.T, uri, point string, env ...string) {
		t.Helper()
		cmd := exec.Command(os.Args[0], "-test.run=^TestPublishKilled$")
		cmd.Env = append(append(os.Environ(), env...), variable+"="+uri, failpoint.Variable+"=prepare.shard."+point)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("ended with %v, want a killed process:\n%s", err, out)
		}
	}
	for _, tt := range []struct{ point, before, env, want string }{
		{"written", "old", "", "old"}, {"synced", "old", "", "old"}, {"renamed", "old", "", "new"},
		{"written", "", condition + "=1", ""}, {"synced", "", condition + "=1", ""}, {"renamed", "", condition + "=1", "new"},
	} {
		t.Run("folder "+tt.point+" "+tt.before, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			want := []string{"mine.tmp"}
			if tt.before != "" {
				put(t, s, name, tt.before)
			}
			if tt.want != "" {
				want = append(want, name)
			}
			if err := os.WriteFile(filepath.Join(dir, "mine.tmp"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			kill(t, dir, tt.point, tt.env)
			list, err := s.List(t.Context(), "")
			if err != nil || len(list) != len(want) {
				t.Errorf("before cleaning: List = %v, %v", list, err)
			}
			if err := CleanTemp(t.Context(), s, "", func(n string) bool { return n == name }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if tt.want != "" {
				wantObject(t, s, name, tt.want)
			}
		})
	}
	for point, want := range map[string]string{"written": "old", "renamed": "new"} {
		t.Run("bucket "+point, func(t *testing.T) {
			server := gcstest.Start(t) // the child finds it through the environment
			server.Put("bucket", "set/"+name, []byte("old"))
			kill(t, "gs://bucket/set", point)
			if got, _ := server.Get("bucket", "set/"+name); string(got) != want {
				t.Errorf("the object holds %q, want %q", got, want)
			}
			if diff := cmp.Diff([]string{"set/" + name}, server.List("bucket", "")); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
}

// CleanTemp takes what Publish may have left and nothing that only resembles it.
func TestCleanTemp(t *testing.T) {
	dir := t.TempDir()
	names := []string{"ours.12.tmp", "ours", "ours.tmp", "ours.x.tmp", "ours.12.tmp.bak", "my-ours.12.tmp", "ours.1.12.tmp", "sub/ours.3.tmp"}
	s := open(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "ours.77.tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours := func(name string) bool { return name == "ours" }
	if err := CleanTemp(t.Context(), s, "", ours); err != nil {
		t.Fatal(err)
	}
	want := []string{"my-ours.12.tmp", "ours", "ours.1.12.tmp", "ours.12.tmp.bak", "ours.tmp", "ours.x.tmp", "sub/ours.3.tmp"}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, folder := range []string{"sub", "none"} {
		if err := CleanTemp(t.Context(), s, folder, ours); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want[:6], tree(t, dir)); diff != "" {
		t.Errorf("files after cleaning sub (-want +got):\n%s", diff)
	}
}

// Where a file system has no links, Absent still replaces nothing.
func TestAbsentWithoutLinks(t *testing.T) {
	dir := t.TempDir()
	temp, target := filepath.Join(dir, "x.1.tmp"), filepath.Join(dir, "x")
	tests := []struct {
		data     string
		moved    bool
		conflict bool
	}{{"old", true, false}, {"new", false, true}, {"old", false, false}}
	for _, tt := range tests {
		if err := os.WriteFile(temp, []byte(tt.data), 0o600); err != nil {
			t.Fatal(err)
		}
		moved, err := look(temp, target, Absent())
		if moved != tt.moved || errors.Is(err, ErrConflict) != tt.conflict || err != nil && !tt.conflict {
			t.Errorf("%q: moved = %v, %v, want %v and a conflict: %v", tt.data, moved, err, tt.moved, tt.conflict)
		}
		if got, _ := os.ReadFile(target); string(got) != "old" {
			t.Errorf("%q: the file holds %q", tt.data, got)
		}
	}
}

func TestLock(t *testing.T) {
	const variable = "CHROMABEAM_TEST_LOCK"
	if dir := os.Getenv(variable); dir != "" {
		release, err := Lock(t.Context(), open(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := filepath.Join(t.TempDir(), "set")
	other := func() (string, error) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLock$")
		cmd.Env = append(os.Environ(), variable+"="+dir)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	s := open(t, dir)
	release, err := Lock(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := other(); err == nil || !strings.Contains(out, ErrLocked.Error()) {
		t.Errorf("another process: %v, want that it is refused:\n%s", err, out)
	}
	if _, err := Lock(t.Context(), open(t, dir)); !errors.Is(err, ErrLocked) {
		t.Errorf("the same process again: %v, want ErrLocked", err)
	}
	put(t, s, "x", "the lock's owner writes")
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if out, err := other(); err != nil {
		t.Errorf("another process after the release: %v\n%s", err, out)
	}
	gone, err := Lock(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveAll(t.Context(), ".chromabeam"); err != nil {
		t.Fatal(err)
	}
	release, err = Lock(t.Context(), s)
	if err != nil {
		t.Fatalf("after the lock's file was removed: %v", err)
	}
	if out, err := other(); err == nil || !strings.Contains(out, ErrLocked.Error()) {
		t.Errorf("another process: %v, want that the new file is locked:\n%s", err, out)
	}
	if err := errors.Join(gone(), release()); err != nil {
		t.Error(err)
	}
	bucket, err := Lock(t.Context(), open(t, "gs://bucket/set"))
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket(); err != nil {
		t.Error(err)
	}
}

// TestMark: an object in a bucket tells who has published it, a file does not.
func TestMark(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("marked")
	for _, tt := range []struct{ uri, want string }{{"gs://marked/a", "mine"}, {t.TempDir(), ""}} {
		st, err := Open(tt.uri)
		if err != nil {
			t.Fatal(err)
		}
		published, err := st.Publish(t.Context(), "x", Absent().Marked("mine"), func(w io.Writer) error {
			_, err := io.WriteString(w, "x")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if mark, info, err := Mark(t.Context(), st, "x"); err != nil || mark != tt.want || info != published {
			t.Errorf("%s: Mark = %q, %+v, %v, want %q, %+v", tt.uri, mark, info, err, tt.want, published)
		}
		if _, _, err := Mark(t.Context(), st, "y"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: Mark of what is not there: %v", tt.uri, err)
		}
	}
}
