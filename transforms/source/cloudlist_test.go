// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// shownOf writes a list and says what it holds.
func shownOf(t *testing.T, lines ...string) []string {
	t.Helper()
	path := writeFile(t, filepath.Join(t.TempDir(), "list.txt"), []byte(strings.Join(lines, "\n")))
	return sorted(shown(t, open(t, path)))
}

// TestCloudPlaceholder has empty objects that stand for folders.
func TestCloudPlaceholder(t *testing.T) {
	server := gcstest.Start(t)
	for name, body := range map[string]string{"dir": "", "dir/a.png": "a", "album.png": "", "album.png/b.png": "b", "empty.png": "", "x.txt/c.png": "c", "full": "full", "full/d.png": "d"} {
		server.Put("pics", name, []byte(body))
	}
	for uri, want := range map[string]string{"dir": "a", "album.png": "b", "x.txt": "c", "x.txt/": "c"} {
		for name, got := range contents(t, open(t, "gs://pics/"+uri)) {
			diff(t, uri+" "+name, []string{want}, got)
		}
	}
	diff(t, "a list", []string{
		"gs://pics empty.png: ", "gs://pics full: full", "gs://pics/album.png b.png: b", "gs://pics/dir a.png: a", "gs://pics/x.txt c.png: c",
	}, shownOf(t, "gs://pics/dir", "gs://pics/album.png", "gs://pics/x.txt", "gs://pics/empty.png", "gs://pics/full"))
	diff(t, "with a slash", []string{"gs://pics/x.txt/ c.png: c"}, shownOf(t, "gs://pics/x.txt/"))
}

// TestCloudSlashes has prefixes that differ in nothing but slashes.
func TestCloudSlashes(t *testing.T) {
	server := gcstest.Start(t)
	for _, name := range []string{"d/y.png", "d//x.png", "d//y.png"} {
		server.Put("pics", name, []byte(name))
	}
	diff(t, "prefix", []string{"gs://pics d/y.png: d/y.png", "gs://pics/d// x.png: d//x.png", "gs://pics/d// y.png: d//y.png"},
		shownOf(t, "gs://pics/d//", "gs://pics/d/y.png", "gs://pics/d//x.png"))
	diff(t, "both", []string{"gs://pics/d /x.png: d//x.png", "gs://pics/d /y.png: d//y.png", "gs://pics/d y.png: d/y.png"},
		shownOf(t, "gs://pics/d//", "gs://pics/d", "gs://pics/d/"))
	diff(t, "pattern", []string{"gs://pics/d//x*.png x.png: d//x.png"}, shownOf(t, "gs://pics/d//x*.png"))
	diff(t, "pattern alone", []string{"x.png", "y.png"}, names(refs(t, open(t, "gs://pics/d//*.png"))))
	server.Put("pics", "d//list.txt", []byte("?.png"))
	diff(t, "beside the list", []string{"?.png x.png: d//x.png", "?.png y.png: d//y.png"}, sorted(shown(t, open(t, "gs://pics/d//list.txt"))))
}

// TestCloudListRefusals has entries that the service refuses: each is one
// reject.
func TestCloudListRefusals(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("good", "a.png", []byte("a"))
	server.Inject(gcstest.Fault{Bucket: "denied", Kind: gcstest.Denied, Times: 1000})
	const cannot = "error: this entry of the list cannot be opened"
	diff(t, "denied", []string{
		"gs://denied *.png: transient: unreadable object", "gs://denied x.png: transient: unreadable object",
		"gs://denied/** **: " + cannot, "gs://denied/dir/ dir: " + cannot, "gs://good a.png: a",
	}, shownOf(t, "gs://denied/*.png", "gs://denied/**", "gs://denied/x.png", "gs://denied/dir/", "gs://good/a.png"))
	server.Mount("invalid", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the name is too long", http.StatusBadRequest)
	}))
	diff(t, "invalid", []string{
		"gs://good a.png: a", "gs://invalid *.png: error: the service does not take the name",
		"gs://invalid x.png: error: the service does not take the name", "gs://invalid/dir dir: " + cannot,
	}, shownOf(t, "gs://invalid/*.png", "gs://invalid/dir", "gs://invalid/x.png", "gs://good/a.png"))
}

// TestListNamesItself opens a list by a name that is also its entry's.
func TestListNamesItself(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFile(t, filepath.Join(dir, "list.txt"), []byte("list.txt"))
	diff(t, "contents", []string{"LIST list.txt: error: this entry of the list cannot be opened"}, shown(t, open(t, "list.txt")))
}
