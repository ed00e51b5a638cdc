// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// Every store passes every test. They do not run in parallel: a process knows
// one server at a time.
func TestConformance(t *testing.T) {
	places := map[string]func(*testing.T) site{"folder": localPlace, "prefix": bucketPlace, "bucket": bucketRoot}
	for name, at := range places {
		for what, test := range conformance() {
			t.Run(name+"/"+what, func(t *testing.T) { test(t, at(t)) })
		}
	}
}

// One request in ten goes wrong in one of the ways that a service goes wrong.
func TestConformanceUnderFaults(t *testing.T) {
	for what, test := range conformance() {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/%d", what, seed), func(t *testing.T) {
				s := gcstest.Start(t)
				s.CreateBucket("bucket")
				s.SetFaults(seed, 0.1)
				test(t, site{open(t, "gs://bucket"), func() []string { return s.List("bucket", "") }})
			})
		}
	}
}

func conformance() map[string]func(*testing.T, site) {
	return map[string]func(*testing.T, site){
		"publish": testPublish, "invisible": testInvisible, "conditions": testConditions, "race": testRace,
		"names": testNames, "sizes": testSizes, "list": testList, "missing": testMissing, "remove": testRemove,
		"cancel": testCancel, "random access": testRandomAccess,
	}
}

func testPublish(t *testing.T, p site) {
	var versions []string
	for _, want := range []string{"old", "new and longer", "now"} {
		i := put(t, p, "a/b/train-000000.tar", want)
		if i.Name != "a/b/train-000000.tar" || i.Size != int64(len(want)) || slices.Contains(versions, i.Version) || i.Version == "" {
			t.Errorf("published %+v after the versions %q", i, versions)
		}
		versions = append(versions, i.Version)
		if got, err := p.Stat(t.Context(), i.Name); err != nil || got != i {
			t.Errorf("Stat = %+v, %v, want %+v", got, err, i)
		}
		wantObject(t, p, i.Name, want)
		wantNames(t, p, i.Name)
	}
}

func testInvisible(t *testing.T, p site) {
	for _, before := range []string{"", "old"} {
		look := func(when string) {
			got, err := p.ReadFile(t.Context(), "x.tar")
			if before == "" && !errors.Is(err, fs.ErrNotExist) || before != "" && (err != nil || string(got) != before) {
				t.Errorf("%s: %q, %v, want %q", when, got, err, before)
			}
			list, err := p.List(t.Context(), "")
			if err != nil || len(list) != min(1, len(before)) {
				t.Errorf("%s: List = %v, %v", when, list, err)
			}
		}
		if before != "" {
			put(t, p, "x.tar", before)
		}
		_, err := p.Publish(t.Context(), "x.tar", Anything(), func(w io.Writer) error {
			// More than any buffer or single request takes.
			if _, err := w.Write(make([]byte, 20<<20)); err != nil {
				return err
			}
			look("while it was written")
			return errBroken
		})
		if !errors.Is(err, errBroken) {
			t.Errorf("Publish = %v, want the writer's error", err)
		}
		look("after the writer's error")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the writer's panic was lost")
				}
			}()
			_, _ = p.Publish(t.Context(), "x.tar", Anything(), func(w io.Writer) error {
				_ = text("half")(w)
				panic("writer")
			})
		}()
		look("after the writer's panic")
	}
	wantNames(t, p, "x.tar")
}

func testConditions(t *testing.T, p site) {
	first, err := p.Publish(t.Context(), "x", Absent(), text("one"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Publish(t.Context(), "x", Absent(), text("one"))
	if err != nil || again != first {
		t.Errorf("the same bytes again: %+v, %v, want %+v", again, err, first)
	}
	for _, other := range []string{"two", "", "one and more"} {
		if _, err := p.Publish(t.Context(), "x", Absent(), text(other)); !errors.Is(err, ErrConflict) {
			t.Errorf("Absent over another object: %v, want a conflict", err)
		}
	}
	second, err := p.Publish(t.Context(), "x", Unchanged(first), text("two"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Publish(t.Context(), "x", Unchanged(first), text("three")); !errors.Is(err, ErrConflict) {
		t.Errorf("Unchanged over a newer version: %v, want a conflict", err)
	}
	if got, err := p.Publish(t.Context(), "x", Unchanged(first), text("two")); err != nil || got != second {
		t.Errorf("the same bytes over a newer version: %+v, %v, want %+v", got, err, second)
	}
	wantObject(t, p, "x", "two")
	if err := p.Remove(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Publish(t.Context(), "x", Unchanged(second), text("three")); !errors.Is(err, ErrConflict) {
		t.Errorf("Unchanged without an object: %v, want a conflict", err)
	}
	wantNames(t, p)
	if _, err := p.Publish(t.Context(), "x", Absent(), text("")); err != nil {
		t.Errorf("Absent after a removal: %v", err)
	}
	wantNames(t, p, "x")
}

func testRace(t *testing.T, p site) {
	const writers = 8
	publish := func(c Condition, data func(i int) string) (conflicts int) {
		var wg sync.WaitGroup
		results := make([]error, writers)
		for i := range writers {
			wg.Go(func() { _, results[i] = p.Publish(t.Context(), "x", c, text(data(i))) })
		}
		wg.Wait()
		for _, err := range results {
			if errors.Is(err, ErrConflict) {
				conflicts++
			} else if err != nil {
				t.Error(err)
			}
		}
		return conflicts
	}
	own := func(i int) string { return fmt.Sprintf("writer %d", i) }
	if n := publish(Absent(), own); n != writers-1 {
		t.Errorf("Absent: %d of %d writers lost, want all but one", n, writers)
	}
	i, err := p.Stat(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if n := publish(Unchanged(i), func(i int) string { return own(i + writers) }); n != writers-1 {
		t.Errorf("Unchanged: %d of %d writers lost, want all but one", n, writers)
	}
	if err := p.Remove(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if n := publish(Absent(), func(int) string { return "agreed" }); n != 0 {
		t.Errorf("%d writers of the same bytes lost", n)
	}
	wantObject(t, p, "x", "agreed")
	if n := publish(Anything(), own); n != 0 {
		t.Errorf("Anything: %d writers lost", n)
	}
	got, err := p.ReadFile(t.Context(), "x")
	if err != nil || !strings.HasPrefix(string(got), "writer ") || len(got) != len("writer 0") {
		t.Errorf("the object is %q, %v, want one writer's", got, err)
	}
	wantNames(t, p, "x")
}

func testNames(t *testing.T, p site) {
	good := []string{
		"#a", "a b", "a%20b", "a?b", "ü", "a+b", "a&b=c", "..a", "a..", "...", ".hidden", "a.tmp", "a:b", "[a]*", `a"b'`,
		"日本語", //nolint:gosmopolitan // names may be in any script
		"dir/#?%/x y.tar", "%2e%2e/x", strings.Repeat("n", 200),
	}
	for _, name := range good {
		put(t, p, name, name)
	}
	for _, name := range good {
		wantObject(t, p, name, name)
	}
	slices.Sort(good)
	wantNames(t, p, good...)
	bad := []string{"", ".", "..", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a/.", "\xff", "a\x00b", "a.12.tmp", "a/b.3.tmp"}
	for _, name := range bad {
		_, err := p.Publish(t.Context(), name, Anything(), text("x"))
		_, errStat := p.Stat(t.Context(), name)
		_, errRead := p.ReadFile(t.Context(), name)
		_, errOpen := p.Open(t.Context(), name)
		_, errStream := p.Stream(t.Context(), name)
		errs := []error{err, errStat, errRead, errOpen, errStream, p.Remove(t.Context(), name), p.RemoveAll(t.Context(), name)}
		if name != "" {
			_, errList := p.List(t.Context(), name)
			errs = append(errs, errList)
		}
		for i, err := range errs {
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q, call %d: %v, want that the name is refused", name, i, err)
			}
		}
	}
	wantNames(t, p, good...)
}

func testSizes(t *testing.T, p site) {
	pattern := make([]byte, 20<<20+7)
	for i := range pattern {
		pattern[i] = byte(i * i >> 8)
	}
	for _, size := range []int{0, 1, 1<<16 + 1, len(pattern)} {
		want := pattern[:size]
		i, err := p.Publish(t.Context(), "x", Anything(), func(w io.Writer) error {
			for part := range slices.Chunk(want, 999_983) {
				if _, err := w.Write(part); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || i.Size != int64(size) {
			t.Fatalf("%d bytes: %+v, %v", size, i, err)
		}
		if got, err := p.ReadFile(t.Context(), "x"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: ReadFile differs, %v", size, err)
		}
		f, err := p.Stream(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: Stream differs, %v", size, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func testList(t *testing.T, p site) {
	list := func(dir string) (names []string) {
		t.Helper()
		infos, err := p.List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			if got, err := p.Stat(t.Context(), i.Name); err != nil || got != i {
				t.Errorf("listed %+v, Stat says %+v, %v", i, got, err)
			}
			names = append(names, i.Name)
		}
		return names
	}
	if got := list(""); got != nil {
		t.Errorf("an empty store lists %q", got)
	}
	for _, name := range []string{"b", "a", "a-b", "sub/y", "sub/x", "sub/deep/z", "sub2/w", ".chromabeam/lock"} {
		put(t, p, name, name)
	}
	for dir, want := range map[string][]string{
		"": {"a", "a-b", "b"}, "sub": {"sub/x", "sub/y"}, "sub/deep": {"sub/deep/z"}, ".chromabeam": {".chromabeam/lock"},
		"none": nil, "su": nil, "a": nil,
	} {
		if diff := cmp.Diff(want, list(dir)); diff != "" {
			t.Errorf("List(%q) (-want +got):\n%s", dir, diff)
		}
	}
}

func testMissing(t *testing.T, p site) {
	put(t, p, "folder/x", "x")
	for _, name := range []string{"none", "none/x", "folder", "folder/x/y"} {
		_, errStat := p.Stat(t.Context(), name)
		_, errRead := p.ReadFile(t.Context(), name)
		_, errOpen := p.Open(t.Context(), name)
		_, errStream := p.Stream(t.Context(), name)
		for i, err := range []error{errStat, errRead, errOpen, errStream} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q, call %d: %v, want fs.ErrNotExist", name, i, err)
			}
		}
	}
}

func testRemove(t *testing.T, p site) {
	for _, name := range []string{"a", "b", "c", "sub/x", "sub/deep/y", "sub2/z"} {
		put(t, p, name, name)
	}
	if err := p.Remove(t.Context(), "a", "none", "none/x", "sub", "a/x", "b"); err != nil {
		t.Error(err)
	}
	wantNames(t, p, "c", "sub/deep/y", "sub/x", "sub2/z")
	for _, dir := range []string{"sub", "sub", "none", "none/x", "c"} {
		if err := p.RemoveAll(t.Context(), dir); err != nil {
			t.Error(err)
		}
	}
	wantNames(t, p, "c", "sub2/z")
}

func testCancel(t *testing.T, p site) {
	put(t, p, "x", "old")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.Publish(ctx, "x", Anything(), func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		cancel()
		// A writer that notices nothing.
		_, _ = w.Write(make([]byte, 1<<10))
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Publish = %v, want context.Canceled", err)
	}
	_, errPublish := p.Publish(ctx, "y", Anything(), text("y"))
	_, errList := p.List(ctx, "")
	_, errStat := p.Stat(ctx, "x")
	_, errRead := p.ReadFile(ctx, "x")
	_, errStream := p.Stream(ctx, "x")
	for i, err := range []error{errPublish, errList, errStat, errRead, errStream, p.Remove(ctx, "x"), p.RemoveAll(ctx, "x")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v, want context.Canceled", i, err)
		}
	}
	wantNames(t, p, "x")
	wantObject(t, p, "x", "old")
	ctx, cancel = context.WithCancel(t.Context())
	put(t, p, "long", strings.Repeat("x", 8<<20))
	f, err := p.Stream(ctx, "long")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := io.ReadFull(f, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, f); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on = %v, want context.Canceled", err)
	}
}

func testRandomAccess(t *testing.T, p site) {
	put(t, p, "sub/x", "0123456789")
	f, err := p.Open(t.Context(), "sub/x")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if f.Size() != 10 || f.Name() != "sub/x" {
		t.Errorf("Size = %d, Name = %q, want 10 and sub/x", f.Size(), f.Name())
	}
	tests := []struct {
		at   int64
		n    int
		want string
		end  bool
	}{{0, 3, "012", false}, {4, 2, "45", false}, {8, 5, "89", true}, {10, 1, "", true}, {99, 1, "", true}}
	for _, tt := range tests {
		b := make([]byte, tt.n)
		n, err := f.ReadAt(b, tt.at)
		if string(b[:n]) != tt.want || errors.Is(err, io.EOF) != tt.end || err != nil && !tt.end {
			t.Errorf("ReadAt(%d bytes, %d) = %q, %v, want %q", tt.n, tt.at, b[:n], err, tt.want)
		}
	}
	put(t, p, "sub/x", "abcdefghijk")
	b := make([]byte, 2)
	if n, err := f.ReadAt(b, 0); err == nil && string(b[:n]) != "01" {
		t.Errorf("after a replacement the open file gives %q", b[:n])
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for uri, want := range map[string]string{
		dir: dir, dir + "/": dir, "x/../y": "y", ".": ".",
		"gs://bucket": "gs://bucket", "gs://bucket/": "gs://bucket", "gs://bucket/a b/#?%/": "gs://bucket/a b/#?%",
	} {
		s := open(t, uri)
		if got := filepath.ToSlash(s.URI()); got != filepath.ToSlash(want) {
			t.Errorf("Open(%q) is at %q, want %q", uri, got, want)
		}
		local, ok := s.Local()
		if remote := strings.HasPrefix(uri, "gs://"); ok == remote || remote && local != "" || !remote && local != s.URI() {
			t.Errorf("Open(%q).Local() = %q, %v", uri, local, ok)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("opening left %v, %v", entries, err)
	}
}
