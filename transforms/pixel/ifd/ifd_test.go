// SPDX-License-Identifier: Apache-2.0

package ifd

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a little-endian structure with one directory of three entries and
// values behind it.
func sample() []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00\x04\x00")
	entry := func(tag, kind uint16, count, value uint32) {
		b = le.AppendUint16(le.AppendUint16(b, tag), kind)
		b = le.AppendUint32(le.AppendUint32(b, count), value)
	}
	entry(256, Short, 2, 7|9<<16)
	entry(257, Long, 2, 62)
	entry(258, ASCII, 100, 60) // beyond the end
	entry(259, 77, 1, 5)       // of an unknown type
	b = le.AppendUint32(b, 0x1234)
	return le.AppendUint32(le.AppendUint32(b, 1<<20), 3)
}

func TestDir(t *testing.T) {
	t.Parallel()
	f, ok := Open(sample())
	if !ok {
		t.Fatal("not opened")
	}
	d, ok := f.Dir(f.First)
	if !ok || d.Next != 0x1234 || len(d.Entries) != 4 {
		t.Fatalf("directory %+v, %v", d, ok)
	}
	var got [][]uint32
	for _, e := range d.Entries {
		var values []uint32
		for i := range e.Len() + 1 {
			if v, ok := e.Uint(i); ok {
				values = append(values, v)
			}
		}
		got = append(got, values)
	}
	if diff := cmp.Diff([][]uint32{{7, 9}, {1 << 20, 3}, nil, nil}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if v := d.Uint(257, 5); v != 1<<20 {
		t.Errorf("value %d", v)
	}
	if a, b, c := d.Uint(1, 5), d.Uint(258, 6), d.Uint(259, 7); a != 5 || b != 6 || c != 7 {
		t.Errorf("defaults %d, %d, %d", a, b, c)
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{nil, []byte("II*\x00"), []byte("II+\x00\x08\x00\x00\x00"), []byte("MM*\x00\x00\x00\x00\x08")} {
		if _, ok := Open(data); ok {
			t.Errorf("%q was opened", data)
		}
	}
	whole := sample()
	for n := 8; n < len(whole); n++ {
		f, ok := Open(whole[:n])
		if !ok {
			t.Fatalf("%d bytes were not opened", n)
		}
		d, ok := f.Dir(f.First)
		if want := n >= 58; ok != want {
			t.Errorf("directory in %d bytes: %v", n, ok)
		}
		if ok && (d.Next != 0) != (n >= 62) {
			t.Errorf("next directory in %d bytes: %d", n, d.Next)
		}
	}
	f, _ := Open(whole)
	for _, at := range []uint32{0, uint32(len(whole)) - 1, 1<<32 - 1} {
		if _, ok := f.Dir(at); ok {
			t.Errorf("there is a directory at %d", at)
		}
	}
}

func FuzzDir(f *testing.F) {
	f.Add(sample())
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := Open(data)
		if !ok {
			return
		}
		d, _ := s.Dir(s.First)
		for _, e := range d.Entries {
			if e.Value != nil && e.Where+len(e.Value) > len(data) {
				t.Errorf("a value lies outside")
			}
			for i := range min(e.Len(), 9) {
				if _, ok := e.Uint(i); !ok {
					t.Errorf("value %d of %d is missing", i, e.Len())
				}
			}
		}
	})
}
