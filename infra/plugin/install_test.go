// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package plugin

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/infra/plugin/wheel"
	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// makeWheel returns a wheel's bytes and its pins.
func makeWheel(t *testing.T, project string, members ...[2]string) (wheel.Wheel, []byte) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return wheel.Wheel{
		Project: project, Version: "1", File: project + "-1.whl", Path: "x", Size: int64(b.Len()), SHA256: sum(b.String()),
	}, b.Bytes()
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

const (
	libraryPath = "some_pkg/plugin.so"
	libraryText = "the library"
)

// world is a file host with a release of two wheels.
type world struct {
	*httptest.Server

	release  release
	requests atomic.Int32
}

func newWorld(t *testing.T) *world {
	t.Helper()
	first, firstData := makeWheel(t, "first",
		[2]string{libraryPath, libraryText}, [2]string{"some_pkg/__init__.py", "python"},
		[2]string{"first-1.dist-info/licenses/LICENSE", "may be used"}, [2]string{"first-1.dist-info/RECORD", "list"})
	second, secondData := makeWheel(t, "second", [2]string{"nvidia/lib/libx.so.1", "x"}, [2]string{"nvidia/include/x.h", "header"})
	w := &world{release: release{
		kind: CPU, version: "1", wheels: []wheel.Wheel{first, second},
		library: wheel.File{Path: libraryPath, Size: int64(len(libraryText)), SHA256: sum(libraryText)},
	}}
	files := map[string][]byte{"/packages/x/" + first.File: firstData, "/packages/x/" + second.File: secondData}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(data)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *world) installer(dir string) *installer {
	return &installer{release: w.release, dir: dir, fetcher: wheel.Fetcher{
		Client: w.Client(), Host: w.URL, Dir: filepath.Join(dir, "downloads"),
		Pause: func(context.Context, int) error { return nil },
	}}
}

// tree lists a folder's files and links.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		list = append(list, rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var wantTree = []string{
	".lock", "cpu-1/installed.json", "cpu-1/licenses/first/licenses/LICENSE", "cpu-1/nvidia/lib/libx.so.1",
	"cpu-1/some_pkg/plugin.so", model.PluginFile("cpu"),
}

func TestInstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	in := w.installer(dir)
	var done, total int64
	in.progress = func(d, n int64) {
		if d < done {
			t.Errorf("progress went from %d back to %d", done, d)
		}
		done, total = d, n
	}
	got, err := in.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := w.release.wheels[0].Size + w.release.wheels[1].Size; done != want || total != want {
		t.Errorf("progress ended at %d of %d, want %d", done, total, want)
	}
	if diff := cmp.Diff(wantTree, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, model.PluginFile("cpu")))
	if err != nil || string(text) != libraryText {
		t.Errorf("the link leads to %q, %v", text, err)
	}
	want := Installed{
		Kind: CPU, Version: "1", Path: filepath.Join(dir, "cpu-1", libraryPath), Fresh: true,
		Source: "first-1.whl, second-1.whl", Bytes: int64(len(libraryText) + len("may be used") + len("x")),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Installed (-want +got):\n%s", diff)
	}

	// Again: nothing is fetched.
	before := w.requests.Load()
	got, err = w.installer(dir).install(t.Context())
	if err != nil || got.Fresh {
		t.Errorf("second install: %+v, %v", got, err)
	}
	if n := w.requests.Load() - before; n != 0 {
		t.Errorf("second install made %d requests", n)
	}

	// A file that is missing or cut brings it all again.
	for _, spoil := range []func(path string) error{os.Remove, func(path string) error { return os.Truncate(path, 0) }} {
		if err := spoil(filepath.Join(dir, "cpu-1", "nvidia", "lib", "libx.so.1")); err != nil {
			t.Fatal(err)
		}
		if got, err = w.installer(dir).install(t.Context()); err != nil || !got.Fresh {
			t.Errorf("install over a damaged one: %+v, %v", got, err)
		}
		if diff := cmp.Diff(wantTree, tree(t, dir)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
}

func TestInstallReplacesAnOlderVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	if _, err := w.installer(dir).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.release.version = "2"
	got, err := w.installer(dir).install(t.Context())
	if err != nil || !got.Fresh {
		t.Fatalf("install: %+v, %v", got, err)
	}
	target, err := os.Readlink(filepath.Join(dir, model.PluginFile("cpu")))
	if want := filepath.Join("cpu-2", libraryPath); err != nil || target != want {
		t.Errorf("the link leads to %q, %v, want %q", target, err, want)
	}
}

func TestInstallConcurrently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	var fresh atomic.Int32
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got, err := w.installer(dir).install(t.Context())
			if err != nil {
				t.Error(err)
			}
			if got.Fresh {
				fresh.Add(1)
			}
		})
	}
	group.Wait()
	if fresh.Load() != 1 || w.requests.Load() != 2 {
		t.Errorf("%d installations and %d requests, want 1 and 2", fresh.Load(), w.requests.Load())
	}
	if diff := cmp.Diff(wantTree, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestInstallFaults(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, in *installer)
		want  error
		text  string
	}{
		{"no network", func(_ *testing.T, in *installer) { in.fetcher.Host = "http://" + closed.Addr().String() },
			ErrUnreachable, "without network: bring \"first-1.whl\""},
		{"another wheel", func(_ *testing.T, in *installer) { in.wheels[0].SHA256 = sum("another") }, wheel.ErrMismatch, "-backend go"},
		{"another library", func(_ *testing.T, in *installer) { in.library.SHA256 = sum("another") }, wheel.ErrMismatch, libraryPath},
		{"not found", func(_ *testing.T, in *installer) { in.wheels[1].Path = "nowhere" }, nil, "404"},
		{"the folder is a file", func(t *testing.T, in *installer) {
			in.dir = filepath.Join(in.dir, "file")
			if err := os.WriteFile(in.dir, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, nil, "making the plugin folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			dir := t.TempDir()
			in := w.installer(dir)
			tt.spoil(t, in)
			_, err := in.install(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.text) || (tt.want != nil && !errors.Is(err, tt.want)) {
				t.Fatalf("install: %v, want %v with %q", err, tt.want, tt.text)
			}
			for _, name := range tree(t, dir) {
				if strings.HasSuffix(name, ".so") || strings.HasPrefix(name, ".unpacking") {
					t.Errorf("install left %s", name)
				}
			}
			// Nothing of it stands in the way of a good one.
			if _, err := newWorld(t).installer(dir).install(t.Context()); err != nil {
				t.Errorf("install after the fault: %v", err)
			}
		})
	}
}

func TestInstallOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	in := w.installer(dir)
	for _, wh := range w.release.wheels {
		if _, err := in.fetcher.Fetch(t.Context(), wh, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if _, err := in.install(t.Context()); err != nil {
		t.Errorf("install from brought files: %v", err)
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	_, err := Install(t.Context(), Options{Kind: "tpu", Dir: t.TempDir()})
	if !fault.IsRequest(err) || !strings.Contains(err.Error(), `got "tpu"`) {
		t.Errorf("Install of kind tpu: %v, want a request error naming it", err)
	}
}
