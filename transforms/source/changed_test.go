// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// TestGoneSinceListed takes away what was listed: another try may help, unless
// it was not there in the first place.
func TestGoneSinceListed(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	if err := os.Symlink("nothing.png", filepath.Join(dir, "dangling.png")); err != nil {
		t.Fatal(err)
	}
	list := writeFile(t, filepath.Join(dir, "list.txt"), []byte("one.png\ndangling.png\na.zip\nphotos\nbroken.zip"))
	for uri, want := range map[string]map[string]string{
		list: {
			"one.png": "transient: file is gone, or a symbolic link to nothing", "dangling.png": "error: file is gone, or a symbolic link to nothing",
			"1.png": "transient: this entry of the list cannot be opened", "sub/3.png": "transient: this entry of the list cannot be opened",
			"broken.zip": "error: this entry of the list cannot be opened",
		},
		dir: {"one.png": "transient: file is gone, or a symbolic link to nothing", "dangling.png": "error: file is gone, or a symbolic link to nothing"},
	} {
		s := open(t, uri)
		var found []Ref
		for _, r := range refs(t, s) {
			if want[r.Name()] != "" {
				found = append(found, r)
			}
		}
		s = open(t, uri)
		for _, name := range []string{"one.png", "a.zip", "photos"} {
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "away-"+name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range found {
			diff(t, uri+" "+r.Name(), want[r.Name()], content(t, s, r))
		}
		for _, name := range []string{"one.png", "a.zip", "photos"} {
			if err := os.Rename(filepath.Join(dir, "away-"+name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"a.zip", "a.tar"} {
		r := Ref{Member: []byte("gone.png"), Offset: 1 << 40}
		diff(t, name, "transient: no such member: the archive has changed since it was listed", content(t, open(t, filepath.Join(dir, name)), r))
	}
}

// TestContentEncoding has an object of which no parts can be read.
func TestContentEncoding(t *testing.T) {
	server := gcstest.Start(t)
	data := zipBytes(t, member{name: "a.png", body: "a"})
	server.Put("zips", "a.zip", data)
	s := open(t, "gs://zips/a.zip")
	r := refs(t, s)[0]
	server.Mount("zips", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Goog-Generation", "1")
		w.Header().Set("X-Goog-Stored-Content-Encoding", "gzip")
		if strings.Contains(r.URL.Path, "/o/") && r.URL.Query().Get("alt") != "media" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"bucket":"zips","name":"a.zip","generation":"1","size":"%d"}`, len(data))
			return
		}
		_, _ = w.Write(data)
	}))
	diff(t, "reading a member", "error: unreadable archive", content(t, s, r))
	if _, err := Open(t.Context(), "gs://zips/a.zip"); !fault.IsRequest(err) || !strings.Contains(err.Error(), "content encoding") {
		t.Errorf("Open = %v, want a request error about the content encoding", err)
	}
}

// TestZipFind looks for every member of a large zip by name.
func TestZipFind(t *testing.T) {
	t.Parallel()
	const count = 100_000
	var members []member
	for i := range count {
		members = append(members, member{name: strconv.Itoa(i*7919%count) + ".dat"})
	}
	a := open(t, writeFile(t, filepath.Join(t.TempDir(), "a.zip"), zipBytes(t, members...))).(*archive)
	// A look at every member for each takes minutes.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i, m := range members {
		found := 0
		err := a.find(ctx, m.name, func(r Ref) error { found++; return nil })
		if err != nil || found != 1 || ctx.Err() != nil {
			t.Fatalf("finding member %d = %d members, %v, %v", i, found, err, ctx.Err())
		}
	}
}

// TestFolderChanges removes and spoils folders during the listing.
func TestFolderChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.png", "gone/x.png", "spoilt-a/x.png", "spoilt/x.png", "z.png"} {
		writeFile(t, filepath.Join(dir, "in", name), []byte(name))
	}
	s := open(t, filepath.Join(dir, "in"))
	got := map[string]string{}
	var list []Ref
	err := s.List(t.Context(), func(r Ref) error {
		if r.Name() == "a.png" {
			for _, name := range []string{"gone", "spoilt"} {
				if err := os.RemoveAll(filepath.Join(dir, "in", name)); err != nil {
					return err
				}
			}
			writeFile(t, filepath.Join(dir, "in", "spoilt"), nil)
		}
		list = append(list, r)
		got[r.Name()] = content(t, s, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, list)
	diff(t, "contents", map[string]string{
		"a.png": "a.png", "spoilt-a/x.png": "spoilt-a/x.png", "z.png": "z.png",
		"spoilt/": "transient: this folder could not be read, nothing in it was listed",
	}, got)
}
