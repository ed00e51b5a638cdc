// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// upload puts a folder's files into a bucket and returns the data set's URI.
func upload(t *testing.T, s *gcstest.Server, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		s.Put("bucket", "sets/a #1/"+e.Name(), data)
	}
	return "gs://bucket/sets/a #1"
}

// A data set in a bucket is the same as in a folder, also while requests fail.
func TestRemote(t *testing.T) {
	dir := t.TempDir()
	info := dataset(t, dir, 120)
	shards := 0
	for _, s := range info.Splits {
		shards += len(s.Shards)
	}
	for _, rate := range []float64{0, 0.1} {
		s := gcstest.Start(t)
		s.SetFaults(1, rate)
		uri := upload(t, s, dir)
		d, err := Open(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		local, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		samples := 0
		for _, split := range []string{Train, Val, Test} {
			got, err := d.Split(split)
			if err != nil {
				t.Fatal(err)
			}
			want, err := local.Split(split)
			if err != nil {
				t.Fatal(err)
			}
			if n := s.Requests()["read"]; split == Train && rate == 0 && n != 1+len(info.Splits[0].Shards) {
				t.Errorf("indexing took %d reads, want one for the description and one a shard", n)
			}
			if got.Len() != want.Len() {
				t.Fatalf("%s: Len = %d, want %d", split, got.Len(), want.Len())
			}
			for i := range want.Len() {
				a, errA := want.Sample(i)
				b, errB := got.Sample(i)
				if errA != nil || errB != nil {
					t.Fatal(errA, errB)
				}
				if diff := cmp.Diff(a, b); diff != "" {
					t.Errorf("%s: Sample(%d) (-local +remote):\n%s", split, i, diff)
				}
				samples++
			}
		}
		if n := s.Requests()["read"]; rate == 0 && n != 1+shards+samples {
			t.Errorf("%d reads, want one for the description, one a shard and one a sample: %d", n, 1+shards+samples)
		}
		if err := errors.Join(d.Close(), local.Close()); err != nil {
			t.Error(err)
		}
		r, err := Verify(t.Context(), in(t, uri))
		if err != nil || !r.OK() || r.Samples != 120 {
			t.Errorf("Verify = %d samples, %v, %v", r.Samples, r.Problems, err)
		}
	}
}

func TestRemoteBad(t *testing.T) {
	dir := t.TempDir()
	dataset(t, dir, 60)
	s := gcstest.Start(t)
	uri := upload(t, s, dir)
	if _, err := Open(t.Context(), uri+"/none"); !fault.IsRequest(err) {
		t.Errorf("Open of nothing = %v, want a request error", err)
	}
	if _, err := Open(t.Context(), "s3://bucket/set"); !fault.IsRequest(err) {
		t.Errorf("Open of s3:// = %v, want a request error", err)
	}
	d, err := Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	train, err := d.Split(Train)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	e, err := Open(ctx, uri)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := e.Split(Train); !errors.Is(err, context.Canceled) {
		t.Errorf("Split under a cancelled context = %v", err)
	}
	first := "sets/a #1/" + Name(Train, 0)
	data, _ := s.Get("bucket", first)
	s.Put("bucket", first, data)
	if _, err := train.Sample(0); err == nil || !strings.Contains(err.Error(), train.Key(0)) {
		t.Errorf("a sample of a replaced shard: %v, want an error that names it", err)
	}
	s.Put("bucket", first, data[:len(data)/2])
	s.Put("bucket", "sets/a #1/train-000077.tar", nil)
	s.Delete("bucket", "sets/a #1/"+Name(Val, 0))
	r, err := Verify(t.Context(), in(t, uri))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, p := range r.Problems {
		all.WriteString(p.String() + "\n")
	}
	for _, want := range []string{
		Name(Train, 0) + ": its SHA-256 is", Name(Val, 0) + ": it is missing", "train-000077.tar: " + InfoName + " does not list it",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("problems lack %q:\n%s", want, &all)
		}
	}
	if _, err := ReadStats(t.Context(), in(t, uri), Name(Test, 9)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing stats: %v", err)
	}
}

// reads counts the reads of a file in memory.
type reads struct {
	*bytes.Reader

	n, bytes int
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	r.n++
	r.bytes += len(b)
	return r.Reader.ReadAt(b, off)
}

func TestReadAhead(t *testing.T) {
	t.Parallel()
	data := make([]byte, 5<<20+3)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	want := bytes.NewReader(data)
	got := newReadAhead(bytes.NewReader(data), int64(len(data)))
	for i := range 2000 {
		whence := random.IntN(3)
		offset := random.Int64N(int64(len(data)) + 10)
		switch whence {
		case io.SeekCurrent:
			offset = random.Int64N(1<<17) - 1<<15
		case io.SeekEnd:
			offset = -offset
		}
		x, errX := want.Seek(offset, whence)
		y, errY := got.Seek(offset, whence)
		if (errX == nil) != (errY == nil) || x != y {
			t.Fatalf("%d: Seek(%d, %d) = %d, %v, want %d, %v", i, offset, whence, y, errY, x, errX)
		}
		a, b := make([]byte, random.IntN(3000)), make([]byte, 3000)
		n, errX := io.ReadFull(want, a)
		m, errY := io.ReadFull(got, b[:len(a)])
		if !errors.Is(errY, errX) || !bytes.Equal(a[:n], b[:m]) {
			t.Fatalf("%d: read %d bytes, %v, want %d, %v", i, m, errY, n, errX)
		}
	}
	short := newReadAhead(bytes.NewReader(data[:100]), 200)
	if _, err := io.ReadAll(short); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading a file that became shorter = %v", err)
	}
}

// What indexing costs: few requests where samples are small, few bytes where
// they are large.
func TestIndexCost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		samples, picture  int
		mostReads, mostOf int // reads, and percent of the shard's bytes
	}{
		{"64 pixels", 1000, 6 << 10, 20, 100},
		{"256 pixels", 100, 100 << 10, 30, 100},
		{"2048 pixels", 6, 4 << 20, 18, 5},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		w := NewWriter(&b)
		var last Sample
		for i := range tt.samples {
			last = Sample{Key: fmt.Sprintf("%064d", i), Color: make([]byte, tt.picture), Gray: make([]byte, tt.picture/2)}
			if err := w.Add(last); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := &reads{Reader: bytes.NewReader(b.Bytes())}
		entries, err := index(newReadAhead(r, int64(b.Len())))
		if err != nil || len(entries) != tt.samples {
			t.Fatalf("%s: %d samples, %v", tt.name, len(entries), err)
		}
		t.Logf("%s: %d reads of %.1f MiB in %.1f MiB", tt.name, r.n, float64(r.bytes)/(1<<20), float64(b.Len())/(1<<20))
		if r.n > tt.mostReads || r.bytes > b.Len()*tt.mostOf/100 {
			t.Errorf("%s: %d reads of %d bytes, want at most %d reads and %d%% of %d bytes",
				tt.name, r.n, r.bytes, tt.mostReads, tt.mostOf, b.Len())
		}
		r.n = 0
		got, err := entries[len(entries)-1].read(r)
		if err != nil || r.n != 1 {
			t.Errorf("%s: a sample took %d reads, %v, want 1", tt.name, r.n, err)
		}
		// cmp.Diff takes half a minute for the bytes of large pictures.
		if !reflect.DeepEqual(got, last) {
			t.Errorf("%s: the last sample came back changed", tt.name)
		}
	}
}

// Members of a foreign tar may lie in any order and far from each other.
func TestEntryRead(t *testing.T) {
	t.Parallel()
	pad := rawMember{name: "a.txt", data: strings.Repeat("x", 3*gap)}
	data := rawTar(t, rawMember{name: "a.json", data: `{"size":3}`}, pad, rawMember{name: "a.gray.png", data: ""},
		rawMember{name: "a.color.png", data: "color"}, pad)
	entries, err := index(bytes.NewReader(data))
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	r := &reads{Reader: bytes.NewReader(data)}
	got, err := entries[0].read(r)
	if err != nil {
		t.Fatal(err)
	}
	want := Sample{Key: "a", Gray: []byte{}, Color: []byte("color"), Meta: Meta{Size: 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
	if r.n != 2 || r.bytes > 2*gap {
		t.Errorf("%d reads of %d bytes, want 2 that leave the padding out", r.n, r.bytes)
	}
}
