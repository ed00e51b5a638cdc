// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkTarList goes through the headers of 100,000 members.
func BenchmarkTarList(b *testing.B) {
	const count = 100_000
	body := strings.Repeat("x", 3000)
	entries := make([]tarEntry, count)
	for i := range entries {
		entries[i] = tarEntry{name: fmt.Sprintf("folder/%08d.png", i*7919%count), body: body}
	}
	path := writeFile(b, filepath.Join(b.TempDir(), "a.tar"), tarBytes(b, entries...))
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := s.List(b.Context(), func(Ref) error { n++; return nil }); err != nil || n != count {
			b.Fatal(n, err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTarRead(b *testing.B) {
	s := open(b, writeFile(b, filepath.Join(b.TempDir(), "a.tar"), tarBytes(b, tarEntry{name: "a.png", body: noise(50_000)})))
	r := refs(b, s)[0]
	b.SetBytes(r.Size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Read(b.Context(), r, limit); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListSort sorts the entries of a list that names 200,000 pictures.
func BenchmarkListSort(b *testing.B) {
	for _, limit := range []int{1 << 30, 4 << 20} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := &sorter{limit: limit}
				for i := range 200_000 {
					if err := s.add(entry{path: fmt.Sprintf("/data/pictures/%08d.png", i*7919%200_000)}); err != nil {
						b.Fatal(err)
					}
				}
				n := 0
				if err := s.merge(func(entry) error { n++; return nil }); err != nil || n != 200_000 {
					b.Fatal(n, err)
				}
				if err := s.close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListOfPictures lists 10,000 pictures that a list names one by one.
func BenchmarkListOfPictures(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	if err := os.Mkdir(filepath.Join(dir, "p"), 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range 10_000 {
		fmt.Fprintf(&text, "p/%05d.png\n", i)
		writeFile(b, filepath.Join(dir, "p", fmt.Sprintf("%05d.png", i)), []byte("x"))
	}
	s := open(b, writeFile(b, filepath.Join(dir, "list.txt"), []byte(text.String())))
	for b.Loop() {
		n := 0
		if err := s.List(b.Context(), func(Ref) error { n++; return nil }); err != nil || n != 10_000 {
			b.Fatal(n, err)
		}
	}
}
