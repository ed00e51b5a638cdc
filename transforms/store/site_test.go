// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// site is a store and a look at what really lies there, without the store.
type site struct {
	Store

	raw func() []string
}

func localPlace(t *testing.T) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "not yet", "there")
	return site{open(t, dir), func() []string { return tree(t, dir) }}
}

func bucketPlace(t *testing.T) site {
	t.Helper()
	s := gcstest.Start(t)
	// Neighbours that share the prefix but not the folder.
	s.Put("bucket", "data/set-2/train-000000.tar", []byte("other"))
	s.Put("bucket", "data", []byte("other"))
	return site{open(t, "gs://bucket/data/set/"), func() []string {
		var names []string
		for _, n := range s.List("bucket", "data/set/") {
			names = append(names, strings.TrimPrefix(n, "data/set/"))
		}
		if n := len(s.List("bucket", "")); n != len(names)+2 {
			t.Errorf("the bucket holds %d objects, want the store's %d and 2 others", n, len(names))
		}
		return names
	}}
}

func bucketRoot(t *testing.T) site {
	t.Helper()
	s := gcstest.Start(t)
	s.CreateBucket("bucket")
	return site{open(t, "gs://bucket"), func() []string { return s.List("bucket", "") }}
}

func open(tb testing.TB, uri string) Store {
	tb.Helper()
	s, err := Open(uri)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// tree returns all files below dir, those that a store hides among them.
func tree(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func put(t *testing.T, s Store, name, data string) Info {
	t.Helper()
	i, err := s.Publish(t.Context(), name, Anything(), text(data))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func wantObject(t *testing.T, s Store, name, want string) {
	t.Helper()
	if got, err := s.ReadFile(t.Context(), name); err != nil || string(got) != want {
		t.Errorf("%q holds %.40q, %v, want %.40q", name, got, err, want)
	}
}

func wantNames(t *testing.T, p site, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, p.raw(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

var errBroken = errors.New("disk full")
