// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

func TestReadRange(t *testing.T) {
	s := gcstest.Start(t)
	data := randomBytes(10_000)
	g := s.Put(bucket, "x", data)
	s.Put(bucket, "empty", nil)
	tests := []struct {
		name           string
		offset, length int64
		want           []byte
		wantErr        error
	}{
		{"x", 0, 10_000, data, nil},
		{"x", 0, 1, data[:1], nil},
		{"x", 9_999, 1, data[9_999:], nil},
		{"x", 5_000, 2_000, data[5_000:7_000], nil},
		{"x", 5, 0, []byte{}, nil},
		{"x", 9_000, 1_001, nil, io.ErrUnexpectedEOF},
		{"x", 10_000, 1, nil, io.ErrUnexpectedEOF},
		{"x", 20_000, 10, nil, io.ErrUnexpectedEOF},
		{"empty", 0, 1, nil, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		for _, generation := range []int64{0, g} {
			if tt.name == "empty" && generation != 0 {
				continue
			}
			got, err := ReadRange(t.Context(), bucket, tt.name, generation, tt.offset, tt.length)
			if !bytes.Equal(got, tt.want) || !errors.Is(err, tt.wantErr) {
				t.Errorf("ReadRange(%q, %d, %d, %d) = %d bytes, %v, want %d bytes, %v",
					tt.name, generation, tt.offset, tt.length, len(got), err, len(tt.want), tt.wantErr)
			}
		}
	}
	for _, r := range [][2]int64{{-1, 1}, {0, -1}} {
		if _, err := ReadRange(t.Context(), bucket, "x", 0, r[0], r[1]); err == nil {
			t.Errorf("ReadRange(%v) worked", r)
		}
	}
}

func TestReaderAt(t *testing.T) {
	s := gcstest.Start(t)
	data := randomBytes(3_000)
	s.Put(bucket, "x", data)
	o, err := Stat(t.Context(), bucket, "x")
	if err != nil {
		t.Fatal(err)
	}
	before := s.BytesRead()
	r := OpenAt(t.Context(), bucket, o)
	if r.Size() != 3_000 {
		t.Errorf("Size = %d", r.Size())
	}
	if err := iotest.TestReader(io.NewSectionReader(r, 0, r.Size()), data); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		off     int64
		length  int
		want    []byte
		wantErr error
	}{
		{0, 3_000, data, nil},
		{2_990, 10, data[2_990:], nil},
		{2_990, 20, data[2_990:], io.EOF},
		{3_000, 1, nil, io.EOF},
		{9_000, 1, nil, io.EOF},
		{3_000, 0, nil, nil},
	} {
		p := make([]byte, tt.length)
		n, err := r.ReadAt(p, tt.off)
		if !bytes.Equal(p[:n], tt.want) || err != tt.wantErr { //nolint:errorlint // io.ReaderAt promises io.EOF itself.
			t.Errorf("ReadAt(%d, %d) = %d, %v, want %d, %v", tt.length, tt.off, n, err, len(tt.want), tt.wantErr)
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset worked")
	}
	if s.BytesRead() == before {
		t.Error("no bytes were counted")
	}
	before = s.BytesRead()
	if _, err := r.ReadAt(make([]byte, 100), 50); err != nil || s.BytesRead()-before != 100 {
		t.Errorf("100 bytes took %d, %v", s.BytesRead()-before, err)
	}
}

// What io.Copy finds beside Read would pass by checksum and errors.
func TestNewReaderHidesTheClient(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", randomBytes(10))
	r, err := NewReader(t.Context(), bucket, "x", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.(io.WriterTo); ok {
		t.Error("the reader is an io.WriterTo")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadAllLimits(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", make([]byte, 100))
	for _, tt := range []struct {
		limit int64
		want  error
	}{{0, nil}, {-1, nil}, {100, nil}, {99, ErrTooLarge}, {1, ErrTooLarge}} {
		got, err := ReadAll(t.Context(), bucket, "x", 0, tt.limit)
		if !errors.Is(err, tt.want) || (err == nil) != (len(got) == 100) {
			t.Errorf("limit %d: %d bytes, %v, want %v", tt.limit, len(got), err, tt.want)
		}
	}
}

func TestPinnedGeneration(t *testing.T) {
	ctx := t.Context()
	tests := []struct {
		name         string
		change       func(s *gcstest.Server)
		want         error
		wantNotExist bool
	}{
		{"unchanged", func(*gcstest.Server) {}, nil, false},
		{"replaced", func(s *gcstest.Server) { s.Put(bucket, "x", []byte("other")) }, ErrChanged, false},
		{"replaced by the same bytes", func(s *gcstest.Server) { s.Put(bucket, "x", []byte("bytes")) }, ErrChanged, false},
		{"deleted", func(s *gcstest.Server) { s.Delete(bucket, "x") }, ErrChanged, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := gcstest.Start(t)
			s.Put(bucket, "x", []byte("bytes"))
			// The change happens between the listing and the read.
			s.Inject(gcstest.Fault{Op: gcstest.OpList, Then: func() { tt.change(s) }})
			var o Object
			if err := List(ctx, bucket, "", func(l Object) error { o = l; return nil }); err != nil {
				t.Fatal(err)
			}
			_, allErr := ReadAll(ctx, bucket, "x", o.Generation, 0)
			_, rangeErr := ReadRange(ctx, bucket, "x", o.Generation, 1, 2)
			_, atErr := OpenAt(ctx, bucket, o).ReadAt(make([]byte, 2), 1)
			_, streamErr := readStream(ctx, "x", o.Generation)
			for name, err := range map[string]error{"ReadAll": allErr, "ReadRange": rangeErr, "ReadAt": atErr, "NewReader": streamErr} {
				if !errors.Is(err, tt.want) || errors.Is(err, fs.ErrNotExist) != tt.wantNotExist {
					t.Errorf("%s = %v, want %v, missing %t", name, err, tt.want, tt.wantNotExist)
				}
			}
		})
	}
}

// A stream that breaks goes on where it was, though the object was replaced
// meanwhile: on the generation it began with, or not at all.
func TestStreamNeverMixes(t *testing.T) {
	s := gcstest.Start(t)
	data := randomBytes(1 << 20)
	s.Put(bucket, "x", data)
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Truncated, Then: func() { s.Put(bucket, "x", randomBytes(1<<20+1)) }})
	got, err := readStream(t.Context(), "x", 0)
	if !errors.Is(err, ErrChanged) {
		t.Errorf("%d bytes, %v, of an object that is gone: want ErrChanged", len(got), err)
	}
	if !bytes.HasPrefix(data, got) {
		t.Error("the bytes are not those of the generation that was opened")
	}
}

// ReadAll of the live object takes the new one where it is replaced meanwhile.
func TestReadAllReplaced(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", randomBytes(100_000))
	want := randomBytes(90_000)
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Truncated, Then: func() { s.Put(bucket, "x", want) }})
	if got, err := ReadAll(t.Context(), bucket, "x", 0, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("ReadAll = %d bytes, %v, want the new %d", len(got), err, len(want))
	}
}

// damaging serves an object whose first answers have another byte than the
// checksum says.
func damaging(bad int) http.Handler {
	const crc = "crc32c=" + "yZRlqg==" // of "hello world"
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Goog-Hash", crc)
		w.Header().Set("X-Goog-Generation", "1")
		body := "hello world"
		if bad--; bad >= 0 {
			body = "jello world"
		}
		_, _ = io.WriteString(w, body)
	})
}

func TestChecksum(t *testing.T) {
	s := gcstest.Start(t)
	s.Mount("twice", damaging(2))
	s.Mount("always", damaging(1000))
	if got, err := ReadAll(t.Context(), "twice", "x", 0, 0); err != nil || string(got) != "hello world" {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
	if n := s.Requests()["read"]; n != 3 {
		t.Errorf("%d reads, want 3", n)
	}
	if got, err := ReadAll(t.Context(), "always", "x", 0, 0); !errors.Is(err, errDamaged) || !Transient(err) || got != nil {
		t.Errorf("ReadAll = %q, %v, want %v", got, err, errDamaged)
	}
	r, err := NewReader(t.Context(), "always", "x", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); !errors.Is(err, errDamaged) || !Transient(err) {
		t.Errorf("reading the stream: %v, want %v", err, errDamaged)
	}
}

// The service decompresses what is stored with content encoding gzip, and takes
// no ranges of it.
func TestContentEncoding(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "hello world")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := gcstest.Start(t)
	s.Mount("packed", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==") // of the stored bytes
		w.Header().Set("X-Goog-Generation", "1")
		w.Header().Set("X-Goog-Stored-Content-Encoding", "gzip")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
			return
		}
		_, _ = io.WriteString(w, "hello world")
	}))
	for _, limit := range []int64{0, 11} {
		if got, err := ReadAll(t.Context(), "packed", "x", 0, limit); err != nil || string(got) != "hello world" {
			t.Errorf("ReadAll = %q, %v", got, err)
		}
	}
	if _, err := ReadAll(t.Context(), "packed", "x", 0, 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("ReadAll = %v, want ErrTooLarge", err)
	}
	if got, err := ReadRange(t.Context(), "packed", "x", 0, 6, 5); !errors.Is(err, ErrEncoded) {
		t.Errorf("ReadRange = %q, %v, want %v", got, err, ErrEncoded)
	}
}

func TestEndlessTruncation(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "one", []byte("1"))
	// Half of one byte is none: no attempt makes progress.
	s.SetFaults(1, 1, gcstest.Truncated)
	if _, err := ReadAll(t.Context(), bucket, "one", 0, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ReadAll = %v, want io.ErrUnexpectedEOF", err)
	}
	if n := s.Requests()["read"]; n > 11 {
		t.Errorf("%d requests, want about 10", n)
	}
}

func TestReadsUnderFaults(t *testing.T) {
	for _, kind := range gcstest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := gcstest.Start(t)
			want := map[string][]byte{}
			for i := range 20 {
				name := fmt.Sprintf("%02d", i)
				want[name] = randomBytes(i * 5_000)
				s.Put(bucket, name, want[name])
			}
			s.SetFaults(7, 0.3, kind)
			ctx := t.Context()
			seen := 0
			err := List(ctx, bucket, "", func(o Object) error {
				seen++
				data := want[o.Name]
				if got, err := ReadAll(ctx, bucket, o.Name, o.Generation, 0); err != nil || !bytes.Equal(got, data) {
					return fmt.Errorf("ReadAll(%q) = %d bytes: %w", o.Name, len(got), err)
				}
				if got, err := readStream(ctx, o.Name, o.Generation); err != nil || !bytes.Equal(got, data) {
					return fmt.Errorf("NewReader(%q) = %d bytes: %w", o.Name, len(got), err)
				}
				half := o.Size / 2
				if got, err := ReadRange(ctx, bucket, o.Name, 0, half, o.Size-half); err != nil || !bytes.Equal(got, data[half:]) {
					return fmt.Errorf("ReadRange(%q) = %d bytes: %w", o.Name, len(got), err)
				}
				_, err := Stat(ctx, bucket, o.Name)
				return err
			})
			if err != nil || seen != 20 {
				t.Errorf("after %d objects: %v", seen, err)
			}
			if kind != gcstest.Unmet && s.Requests()["read/"+string(kind)] == 0 {
				t.Error("no read met the fault")
			}
		})
	}
}

func TestReadCancelled(t *testing.T) {
	s := gcstest.Start(t)
	s.Put(bucket, "x", randomBytes(1000))
	ctx, cancel := context.WithCancel(t.Context())
	// The answer that comes after the cancellation would ask for another attempt.
	s.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Unavailable, Times: 100, Then: cancel})
	if _, err := ReadAll(ctx, bucket, "x", 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAll = %v, want context.Canceled", err)
	}
	if n := s.Requests()["read"]; n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}
