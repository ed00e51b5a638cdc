// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
	"github.com/chromabeam/chromabeam/transforms/store"
)

// TestMerge joins archives of both kinds whose members interleave, with bodies
// below and above a piece, and leaves some out.
func TestMerge(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{}
	m := &merge{}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	for a, k := range []kind{zipArchive, tarArchive, zipArchive, tarArchive} {
		var members []packed
		name := fmt.Sprintf("%d.bin", a)
		_, err := st.Publish(t.Context(), name, store.Absent(), func(w io.Writer) error {
			p := newPacker(k, w)
			for i := range 40 {
				data := bytes.Repeat([]byte{byte(a), byte(i)}, i*i*i)
				m, err := pack(p, fmt.Sprintf("dir/%03d%s-%d.png", i, strings.Repeat("ü", i), a), data)
				if err != nil {
					return err
				}
				if i%3 != a%3 {
					members = append(members, m)
					want[m.Name] = data
				}
			}
			return p.finish()
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := st.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.add(f, 1<<10, sliced(members), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for {
		next, body, err := m.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, next.Size)
		if _, err := io.ReadFull(body, data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, want[next.Name]) {
			t.Errorf("%s has other bytes", next.Name)
		}
		names = append(names, next.Name)
	}
	if len(names) != len(want) || !slices.IsSorted(names) {
		t.Errorf("%d members, want %d, sorted: %q", len(names), len(want), names)
	}
}

// TestFewRequests runs a job in a bucket again that has nothing to do: the number
// of requests does not follow that of the pictures.
func TestFewRequests(t *testing.T) {
	server := gcstest.Start(t)
	server.CreateBucket("out")
	const n = 300
	picture := pngBytes(t, gray(3, 3, 1))
	for i := range n {
		server.Put("input", fmt.Sprintf("p/%03d.png", i), picture)
	}
	for _, suffix := range []string{"", ".zip"} {
		o := tiny(t, "gs://input/p", "gs://out/set"+suffix)
		wantCounts(t, runAny(t, o), counts{n, n, 0, 0})
		before := total(server)
		wantCounts(t, runAny(t, o), counts{n, n, n, 0})
		if requests := total(server) - before; requests > 2*maxPairs+60 { // a picture's two thumbnails are read for the page
			t.Errorf("%s: %d requests for nothing: %v", o.Output, requests, server.Requests())
		}
	}
}

func total(server *gcstest.Server) int {
	sum := 0
	for name, n := range server.Requests() {
		if !strings.Contains(name, "/") {
			sum += n
		}
	}
	return sum
}

// TestArchiveShrinksAndGrows takes pictures out of the input of an archive and
// puts them back: the ledger knows them still, the archive in between does not.
func TestArchiveShrinksAndGrows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"out.zip", "out.tar"} {
		files := some(t)
		o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), name))
		n := int64(len(files))
		wantCounts(t, mustRun(t, o), counts{n, n, 0, 0})
		want := fileSum(t, o.Output)
		away := filepath.Join(t.TempDir(), "a.png")
		if err := os.Rename(filepath.Join(o.Input, "a.png"), away); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, mustRun(t, o), counts{n - 1, n - 1, n - 1, 0})
		if fileSum(t, o.Output) == want {
			t.Errorf("%s still holds a picture that is gone from the input", name)
		}
		if err := os.Rename(away, filepath.Join(o.Input, "a.png")); err != nil {
			t.Fatal(err)
		}
		mustRun(t, o)
		if fileSum(t, o.Output) != want {
			t.Errorf("%s differs from one made at once", name)
		}
		// One that is moved elsewhere with its records is known by its bytes.
		moved := o
		moved.Output = filepath.Join(t.TempDir(), name)
		for _, suffix := range []string{"", ".report"} {
			if err := os.Rename(o.Output+suffix, moved.Output+suffix); err != nil {
				t.Fatal(err)
			}
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(moved.Output, old, old); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, mustRun(t, moved), counts{n, n, n, 0})
		// One with other bytes of the same number is made anew.
		data := []byte(readRaw(t, filepath.Dir(moved.Output), name))
		data[len(data)/2] ^= 1
		if err := os.WriteFile(moved.Output, data, 0o644); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, mustRun(t, moved), counts{n, n, 0, 0})
		if fileSum(t, moved.Output) != want {
			t.Errorf("%s differs after it was damaged", name)
		}
	}
}
