// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWriterReader(t *testing.T) {
	t.Parallel()
	want := samples(t, 30)
	var b bytes.Buffer
	stats := writeTar(t, &b, want)
	sum := sha256.Sum256(b.Bytes())
	if diff := cmp.Diff(Stats{Samples: 30, Bytes: int64(b.Len()), SHA256: hex.EncodeToString(sum[:])}, stats); diff != "" {
		t.Errorf("Close (-want +got):\n%s", diff)
	}
	if again := tarBytes(t, samples(t, 30)); !bytes.Equal(again, b.Bytes()) {
		t.Error("the same samples gave other bytes")
	}
	r := NewReader(&b)
	var got []Sample
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Next (-want +got):\n%s", diff)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end = %v, want io.EOF", err)
	}
}

func TestWriterHeaders(t *testing.T) {
	t.Parallel()
	data := tarBytes(t, samples(t, 2))
	if magic := string(data[257:265]); magic != "ustar\x0000" {
		t.Errorf("magic = %q, want plain USTAR", magic)
	}
	r := tar.NewReader(bytes.NewReader(data))
	var names []string
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		got := tar.Header{Typeflag: h.Typeflag, Mode: h.Mode, Uid: h.Uid, Gid: h.Gid, Uname: h.Uname, Gname: h.Gname, ModTime: h.ModTime, Format: h.Format}
		want := tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", h.Name, diff)
		}
	}
	list := samples(t, 2)
	want := []string{
		list[0].Key + ".color.png", list[0].Key + ".gray.png", list[0].Key + ".json",
		list[1].Key + ".color.png", list[1].Key + ".gray.png", list[1].Key + ".json",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		keys []string
		want string
	}{
		{"order", []string{"b", "a"}, "keys must ascend"},
		{"twice", []string{"a", "a"}, "keys must ascend"},
		{"dot", []string{"a.b"}, "without dots"},
		{"slash", []string{"a/b"}, "without dots and slashes"},
		{"empty", []string{""}, "key must have 1 to 90 bytes, got 0"},
		{"long", []string{strings.Repeat("a", 91)}, "key must have 1 to 90 bytes, got 91"},
	}
	for _, tt := range tests {
		w := NewWriter(io.Discard)
		var err error
		for _, k := range tt.keys {
			s := sample(t, 0)
			s.Key = k
			err = w.Add(s)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Add = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestWriterDestination(t *testing.T) {
	t.Parallel()
	w := NewWriter(brokenWriter{})
	if err := w.Add(sample(t, 0)); !errors.Is(err, errBroken) {
		t.Errorf("Add = %v, want the destination's error", err)
	}
	if _, err := w.Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close = %v, want the destination's error", err)
	}
}

var errBroken = errors.New("disk full")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func BenchmarkWriter(b *testing.B) {
	s := sample(b, 0)
	s.Gray, s.Color = make([]byte, 10<<10), make([]byte, 30<<10)
	b.SetBytes(40 << 10)
	b.ReportAllocs()
	w := NewWriter(io.Discard)
	var n uint64
	for b.Loop() {
		n++
		s.Key = string([]byte{byte('a' + n>>40&15), byte('a' + n>>36&15), byte('a' + n>>32&15), byte('a' + n>>28&15),
			byte('a' + n>>24&15), byte('a' + n>>20&15), byte('a' + n>>16&15), byte('a' + n>>12&15),
			byte('a' + n>>8&15), byte('a' + n>>4&15), byte('a' + n&15)})
		if err := w.Add(s); err != nil {
			b.Fatal(err)
		}
	}
}
