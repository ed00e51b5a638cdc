// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// sizes are those of an upload in one request, of an empty one, of the largest
// in one request, and of two in several.
var sizes = []int{0, 10, 300_000, chunkSize, chunkSize + 1, large}

func TestWriteSizes(t *testing.T) {
	s := gcstest.Start(t)
	s.CreateBucket(bucket)
	for _, size := range sizes {
		data := randomBytes(size)
		name := fmt.Sprint(size)
		o, err := Write(t.Context(), bucket, name, Absent(), put(data))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, ok := s.Get(bucket, name)
		if !ok || !bytes.Equal(got, data) || o.Size != int64(size) || o.Generation != s.Generation(bucket, name) || o.Name != name {
			t.Errorf("%d bytes: the server has %d, %t; Write = %+v", size, len(got), ok, o)
		}
	}
	if r := s.Requests(); r["start"] != 2 || r["write"] != 4 {
		t.Errorf("requests: %v, want 2 uploads in several and 4 in one", r)
	}
}

// smallChunks returns a connection whose uploads take several requests from
// 256 KiB on, the service's smallest.
func smallChunks(t *testing.T) connection {
	t.Helper()
	c, err := connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.policy.chunk = 256 << 10
	return c
}

// streamed is more than two requests' worth of bytes for smallChunks.
const streamed = 600_000

func TestConditions(t *testing.T) {
	for _, size := range []int{1_000, streamed} {
		ours, theirs := randomBytes(size), randomBytes(size-1)
		tests := []struct {
			name  string
			there []byte // nil: nothing
			cond  func(generation int64) Condition
			want  error
			// wantBytes are those there in the end, wantNew whether they were written.
			wantBytes []byte
			wantNew   bool
		}{
			{"anything, nothing there", nil, func(int64) Condition { return Anything() }, nil, ours, true},
			{"anything, other", theirs, func(int64) Condition { return Anything() }, nil, ours, true},
			{"absent, nothing there", nil, func(int64) Condition { return Absent() }, nil, ours, true},
			{"absent, other", theirs, func(int64) Condition { return Absent() }, ErrConflict, theirs, false},
			{"absent, the same", ours, func(int64) Condition { return Absent() }, nil, ours, false},
			{"generation, unchanged", theirs, Generation, nil, ours, true},
			{"generation, other", theirs, func(g int64) Condition { return Generation(g - 1) }, ErrConflict, theirs, false},
			{"generation, other but the same bytes", ours, func(g int64) Condition { return Generation(g - 1) }, nil, ours, false},
			{"generation, nothing there", nil, func(int64) Condition { return Generation(5) }, ErrConflict, nil, false},
			{"generation 0, nothing there", nil, func(int64) Condition { return Generation(0) }, nil, ours, true},
			{"generation 0, other", theirs, func(int64) Condition { return Generation(0) }, ErrConflict, theirs, false},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, %d bytes", tt.name, size), func(t *testing.T) {
				s := gcstest.Start(t)
				s.CreateBucket(bucket)
				before := int64(0)
				if tt.there != nil {
					before = s.Put(bucket, "x", tt.there)
				}
				o, err := smallChunks(t).write(t.Context(), bucket, "x", tt.cond(before), put(ours))
				if !errors.Is(err, tt.want) {
					t.Fatalf("Write = %v, want %v", err, tt.want)
				}
				if got, _ := s.Get(bucket, "x"); !bytes.Equal(got, tt.wantBytes) {
					t.Errorf("%d bytes there, want %d", len(got), len(tt.wantBytes))
				}
				after := s.Generation(bucket, "x")
				if (after != before) != tt.wantNew {
					t.Errorf("generation %d, before %d, want a new one: %t", after, before, tt.wantNew)
				}
				if err == nil && o.Generation != after {
					t.Errorf("Write = %+v, want generation %d", o, after)
				}
			})
		}
	}
}

func TestWritesUnderFaults(t *testing.T) {
	for _, kind := range gcstest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := gcstest.Start(t)
			s.CreateBucket(bucket)
			s.SetFaults(3, 0.3, kind)
			ctx := t.Context()
			for i := range 30 {
				name, data := fmt.Sprint(i), randomBytes(i*1000)
				o, err := Write(ctx, bucket, name, Absent(), put(data))
				if err != nil {
					t.Fatalf("Write(%q) = %v", name, err)
				}
				if got, ok := s.Get(bucket, name); !ok || !bytes.Equal(got, data) {
					t.Fatalf("%q: %d bytes there, %t, want %d", name, len(got), ok, len(data))
				}
				data = append(data, 'x')
				if o, err = Write(ctx, bucket, name, Generation(o.Generation), put(data)); err != nil {
					t.Fatalf("Write(%q) over the generation before = %v", name, err)
				}
				if got, _ := s.Get(bucket, name); !bytes.Equal(got, data) {
					t.Fatalf("%q: %d bytes there, want %d", name, len(got), len(data))
				}
				if i%2 == 0 {
					if err := Delete(ctx, bucket, name, o.Generation); err != nil {
						t.Fatalf("Delete(%q) = %v", name, err)
					}
				}
			}
			if s.Requests()["write/"+string(kind)] == 0 {
				t.Error("no write met the fault")
			}
			if n := len(s.List(bucket, "")); n != 15 {
				t.Errorf("%d objects are left, want 15", n)
			}
		})
	}
}

func TestStreamsUnderFaults(t *testing.T) {
	data := randomBytes(streamed)
	for _, kind := range gcstest.Kinds() {
		for _, op := range []gcstest.Op{gcstest.OpStart, gcstest.OpChunk} {
			for skip := range 3 {
				if op == gcstest.OpStart && skip > 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %d", kind, op, skip), func(t *testing.T) {
					s := gcstest.Start(t)
					s.CreateBucket(bucket)
					s.Inject(gcstest.Fault{Op: op, Kind: kind, Skip: skip, Times: 2})
					_, err := smallChunks(t).write(t.Context(), bucket, "x", Absent(), put(data))
					got, ok := s.Get(bucket, "x")
					if kind == gcstest.Unmet {
						// The bytes are gone and cannot be sent again, but nobody else wrote.
						if err == nil || errors.Is(err, ErrConflict) || ok {
							t.Errorf("Write = %v, %d bytes there", err, len(got))
						}
						return
					}
					if err != nil || !bytes.Equal(got, data) {
						t.Errorf("Write = %v, %d bytes there", err, len(got))
					}
					if n := s.Requests()[string(op)+"/"+string(kind)]; n == 0 {
						t.Error("nothing met the fault")
					}
				})
			}
		}
	}
}

func TestFailingWriterLeavesNothing(t *testing.T) {
	failed := errors.New("the disk is gone")
	for _, size := range []int{0, 10, 256 << 10, 256<<10 + 1, streamed} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s := gcstest.Start(t)
			s.CreateBucket(bucket)
			fails := func(end func() error) func(io.Writer) error {
				return func(w io.Writer) error {
					if err := put(randomBytes(size))(w); err != nil {
						return err
					}
					return end()
				}
			}
			if _, err := smallChunks(t).write(t.Context(), bucket, "x", Absent(), fails(func() error { return failed })); !errors.Is(err, failed) {
				t.Errorf("Write = %v, want %v", err, failed)
			}
			ctx, cancel := context.WithCancel(t.Context())
			_, err := smallChunks(t).write(ctx, bucket, "x", Absent(), fails(func() error { cancel(); return nil }))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Write = %v, want context.Canceled", err)
			}
			func() {
				defer func() { _ = recover() }()
				_, _ = smallChunks(t).write(t.Context(), bucket, "x", Absent(), fails(func() error { panic("a bug") }))
				t.Error("the panic was lost")
			}()
			if left := s.List(bucket, ""); len(left) != 0 {
				t.Errorf("left over: %q", left)
			}
		})
	}
}

// Several writers of one name: one wins whole, or all agree.
func TestConcurrentWriters(t *testing.T) {
	for _, same := range []bool{false, true} {
		s := gcstest.Start(t)
		s.CreateBucket(bucket)
		s.SetFaults(5, 0.2)
		errs := make([]error, 8)
		contents := make([][]byte, len(errs))
		var wg sync.WaitGroup
		for i := range errs {
			contents[i] = bytes.Repeat([]byte{'a'}, 5000)
			if !same {
				contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 5000)
			}
			wg.Go(func() { _, errs[i] = Write(t.Context(), bucket, "x", Absent(), put(contents[i])) })
		}
		wg.Wait()
		got, _ := s.Get(bucket, "x")
		for i, err := range errs {
			switch equal := bytes.Equal(got, contents[i]); {
			case equal && err != nil:
				t.Errorf("writer %d of the bytes that are there: %v", i, err)
			case !equal && !errors.Is(err, ErrConflict):
				t.Errorf("writer %d of other bytes: %v, want ErrConflict", i, err)
			}
		}
	}
}

func TestDelete(t *testing.T) {
	tests := []struct {
		name       string
		generation func(g int64) int64
		want       error
		wantLeft   []string
	}{
		{"whatever is there", func(int64) int64 { return 0 }, nil, []string{}},
		{"that generation", func(g int64) int64 { return g }, nil, []string{}},
		{"another generation", func(g int64) int64 { return g - 1 }, ErrConflict, []string{"x"}},
	}
	for _, tt := range tests {
		s := gcstest.Start(t)
		g := s.Put(bucket, "x", []byte("x"))
		if err := Delete(t.Context(), bucket, "x", tt.generation(g)); !errors.Is(err, tt.want) {
			t.Errorf("%s: Delete = %v, want %v", tt.name, err, tt.want)
		}
		if diff := cmp.Diff(tt.wantLeft, s.List(bucket, "")); diff != "" {
			t.Errorf("%s: left (-want +got):\n%s", tt.name, diff)
		}
		s.Delete(bucket, "x")
		if err := Delete(t.Context(), bucket, "x", tt.generation(g)); err != nil {
			t.Errorf("%s: Delete of a missing object = %v", tt.name, err)
		}
	}
}
