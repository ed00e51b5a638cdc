// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

const bucket = "pictures"

// large is more than one request's worth of bytes.
const large = 2*chunkSize + 12345

func randomBytes(n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	if _, err := r.Read(data); err != nil {
		panic(err)
	}
	return data
}

// put returns a writer function for data, in pieces.
func put(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		for piece := range slices.Chunk(data, 100_000) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
}

// ListDir sees a folder's own objects, in pages of their number.
func TestListDir(t *testing.T) {
	s := gcstest.StartSynthetic(t, "many", 10_000,
		func(i int) string { return fmt.Sprintf("a/%d/%04d.png", i/5_000, i) }, func(int) []byte { return nil })
	for _, name := range []string{"a/", "a/x", "a/x/deep", "a/y", "a0", "b/z", "top"} {
		s.Put(bucket, name, nil)
	}
	for i := range 20 {
		s.Put(bucket, fmt.Sprintf("a/deep/%04d", i), nil)
	}
	tests := []struct {
		bucket, prefix string
		want           []string
	}{
		{bucket, "a/", []string{"a/", "a/x", "a/y"}},
		{bucket, "", []string{"a0", "top"}},
		{bucket, "none/", nil},
		{"many", "a/", nil},
	}
	for _, tt := range tests {
		before := s.Requests()["list"]
		var got []string
		err := ListDir(t.Context(), tt.bucket, tt.prefix, func(o Object) error { got = append(got, o.Name); return nil })
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ListDir(%q, %q) (-want +got):\n%s", tt.bucket, tt.prefix, diff)
		}
		if n := s.Requests()["list"] - before; n != 1 {
			t.Errorf("ListDir(%q, %q) took %d pages, want 1", tt.bucket, tt.prefix, n)
		}
	}
	var got []string
	if err := ListDir(t.Context(), "many", "a/1/", func(o Object) error { got = append(got, o.Name); return nil }); err != nil || len(got) != 5_000 {
		t.Errorf("ListDir = %d names, %v, want 5000", len(got), err)
	}
}

var nastyNames = []string{
	"plain.png",
	"folder/plain.png",
	"a#b.png",
	"a?b=c&d.png",
	"100%.png",
	"a%20b%2Fc.png",
	"a b  c.png",
	" leading and trailing ",
	"line\nbreak\r\n.png",
	"tab\t.png",
	"äöü 日本語 🙂.png", //nolint:gosmopolitan // names may be in any script
	"e\u0301 decomposed.png",
	"plus+and;semicolon,comma.png",
	`back\slash"quote'.png`,
	"a//b.png",
	"/leading/slash.png",
	"trailing/slash/",
	"a/./b/../c.png",
	"o/acl",
	"[brackets]*{braces}.png",
	"gs://other/name",
}

func TestNames(t *testing.T) {
	s := gcstest.Start(t)
	s.CreateBucket(bucket)
	ctx := t.Context()
	for i, name := range nastyNames {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			data := fmt.Appendf(nil, "content %d of %q", i, name)
			o, err := Write(ctx, bucket, name, Absent(), put(data))
			if err != nil {
				t.Fatal(err)
			}
			if there, ok := s.Get(bucket, name); !ok || !bytes.Equal(there, data) {
				t.Fatalf("the server has %q, %t under that name", there, ok)
			}
			stat, err := Stat(ctx, bucket, name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(o, stat); diff != "" {
				t.Errorf("Write and Stat differ (-write +stat):\n%s", diff)
			}
			got, err := ReadAll(ctx, bucket, name, o.Generation, 0)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("ReadAll = %q, %v", got, err)
			}
			got, err = ReadRange(ctx, bucket, name, o.Generation, 3, 5)
			if err != nil || !bytes.Equal(got, data[3:8]) {
				t.Errorf("ReadRange = %q, %v", got, err)
			}
			got, err = readStream(ctx, name, 0)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("NewReader = %q, %v", got, err)
			}
			var listed []Object
			if err := List(ctx, bucket, name, func(o Object) error { listed = append(listed, o); return nil }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Object{o}, listed); diff != "" {
				t.Errorf("List differs (-want +got):\n%s", diff)
			}
			if err := Delete(ctx, bucket, name, o.Generation); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Get(bucket, name); ok {
				t.Error("still there after Delete")
			}
		})
	}
	if left := s.List(bucket, ""); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

func readStream(ctx context.Context, name string, generation int64) ([]byte, error) {
	r, err := NewReader(ctx, bucket, name, generation)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func TestListPages(t *testing.T) {
	s := gcstest.Start(t)
	const n = 1100
	var want []string
	for i := range n {
		name := fmt.Sprintf("in/%05d.png", i)
		want = append(want, name)
		s.Put(bucket, name, []byte(name))
	}
	s.Put(bucket, "in.png", nil)
	s.Put(bucket, "out/00000.png", nil)
	s.SetFaults(1, 0.3)
	var got []string
	err := List(t.Context(), bucket, "in/", func(o Object) error {
		got = append(got, o.Name)
		if o.Size != int64(len(o.Name)) || o.Generation == 0 || o.CRC32C == 0 || o.Updated.IsZero() {
			return fmt.Errorf("%+v lacks attributes", o)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List differs (-want +got):\n%s", diff)
	}
	if pages := s.Requests()["list"]; pages < 2 {
		t.Errorf("%d requests for 1100 objects, want pages", pages)
	}

	stop := errors.New("enough")
	seen := 0
	err = List(t.Context(), bucket, "", func(Object) error {
		if seen++; seen == 3 {
			return stop
		}
		return nil
	})
	if err != stop || seen != 3 { //nolint:errorlint // It must be the same error, not one that wraps it.
		t.Errorf("List = %v after %d objects, want %v after 3", err, seen, stop)
	}
}

func TestListMany(t *testing.T) {
	const n = 2500
	nameOf := func(i int) string { return fmt.Sprintf("%07d.png", i) }
	s := gcstest.StartSynthetic(t, bucket, n, nameOf, func(int) []byte { return []byte("data") })
	s.SetFaults(2, 0.3)
	i := 0
	err := List(t.Context(), bucket, "", func(o Object) error {
		if o.Name != nameOf(i) || o.Size != 4 || o.Generation == 0 || o.Updated.IsZero() {
			return fmt.Errorf("object %d is %+v", i, o)
		}
		i++
		return nil
	})
	if err != nil || i != n {
		t.Errorf("List = %v after %d objects, want %d", err, i, n)
	}
	if pages := s.Requests()["list"]; pages < 3 {
		t.Errorf("%d requests, want 3 pages or more", pages)
	}
	if got, err := ReadRange(t.Context(), bucket, nameOf(77), 0, 1, 2); err != nil || string(got) != "at" {
		t.Errorf("ReadRange = %q, %v", got, err)
	}
}

func TestMissing(t *testing.T) {
	s := gcstest.Start(t)
	s.CreateBucket(bucket)
	ctx := t.Context()
	for _, b := range []string{bucket, "no-such-bucket"} {
		_, statErr := Stat(ctx, b, "x")
		_, readErr := ReadAll(ctx, b, "x", 0, 0)
		_, rangeErr := ReadRange(ctx, b, "x", 0, 0, 1)
		_, streamErr := NewReader(ctx, b, "x", 0)
		for name, err := range map[string]error{"Stat": statErr, "ReadAll": readErr, "ReadRange": rangeErr, "NewReader": streamErr} {
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(fmt.Sprint(err), "gs://"+b+"/x") {
				t.Errorf("%s(%q) = %v, want fs.ErrNotExist and the name", name, b, err)
			}
		}
		if err := Delete(ctx, b, "x", 0); err != nil {
			t.Errorf("Delete(%q) = %v, want none", b, err)
		}
	}
	err := List(ctx, "no-such-bucket", "", func(Object) error { return nil })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("List = %v, want fs.ErrNotExist", err)
	}
	if _, err := Write(ctx, "no-such-bucket", "x", Anything(), put([]byte("x"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write = %v, want fs.ErrNotExist", err)
	}
}

func TestDenied(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", []byte("x"))
	ctx := t.Context()
	deny := func() { s.Inject(gcstest.Fault{Kind: gcstest.Denied}) }
	calls := map[string]func() error{
		"List":   func() error { return List(ctx, bucket, "", func(Object) error { return nil }) },
		"Stat":   func() error { _, err := Stat(ctx, bucket, "x"); return err },
		"Read":   func() error { _, err := ReadAll(ctx, bucket, "x", 0, 0); return err },
		"Write":  func() error { _, err := Write(ctx, bucket, "y", Absent(), put([]byte("y"))); return err },
		"Stream": func() error { _, err := Write(ctx, bucket, "y", Absent(), put(randomBytes(large))); return err },
		"Delete": func() error { return Delete(ctx, bucket, "x", 0) },
	}
	for name, call := range calls {
		deny()
		err := call()
		if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "gcloud auth application-default login") {
			t.Errorf("%s = %v, want ErrDenied with advice", name, err)
		}
	}
	if diff := cmp.Diff([]string{"x"}, s.List(bucket, "")); diff != "" {
		t.Errorf("objects differ (-want +got):\n%s", diff)
	}
}

func TestEmulatorWithScheme(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", []byte("data"))
	t.Setenv(emulatorHost, "http://"+s.Addr())
	if got, err := ReadAll(t.Context(), bucket, "x", 0, 0); err != nil || string(got) != "data" {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
}

func TestRetryMax(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", []byte("data"))
	for _, v := range []string{"0", "101", "many", "-1"} {
		t.Setenv(retryMax, v)
		if _, err := Stat(t.Context(), bucket, "x"); err == nil || !strings.Contains(err.Error(), "must be in [1, 100]") {
			t.Errorf("%s=%s: %v, want an error with the range", retryMax, v, err)
		}
	}
	t.Setenv(retryMax, "3")
	before := s.Requests()["stat"]
	s.Inject(gcstest.Fault{Op: gcstest.OpStat, Kind: gcstest.Unavailable, Times: 3})
	if _, err := Stat(t.Context(), bucket, "x"); err == nil {
		t.Error("three faults and three attempts, want an error")
	}
	if n := s.Requests()["stat"] - before; n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
	s.Inject(gcstest.Fault{Op: gcstest.OpStat, Kind: gcstest.Unavailable, Times: 2})
	if _, err := Stat(t.Context(), bucket, "x"); err != nil {
		t.Errorf("two faults and three attempts: %v", err)
	}
}
