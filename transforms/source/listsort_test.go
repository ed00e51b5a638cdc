// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestComparePaths(t *testing.T) {
	t.Parallel()
	want := []string{"", "/", "/a", "/a/", "/a//b", "/a/b", "/a/b/c", "/a/b!", "/a!", "/a-b", "/a.png", "/ab", "/a\xff", "gs://b", "gs://b/a", "gs://b!"}
	for i := range want {
		for j := range want {
			got := comparePaths(want[i], want[j])
			if got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("comparePaths(%q, %q) = %d", want[i], want[j], got)
			}
		}
	}
}

func TestSorter(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	random := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{0, 1, 10, 5000} {
		for _, limit := range []int{1, 1000, 100_000, 1 << 30} {
			var all []entry
			s := &sorter{limit: limit}
			for range size {
				e := entry{path: strings.Repeat("/x", random.IntN(3)) + fmt.Sprint(random.IntN(size)), kind: entryKind(random.IntN(3))}
				if e.kind != entryPlain {
					e.sub = string([]byte{byte(random.IntN(256)), byte(random.IntN(2))})
				}
				all = append(all, e)
				if err := s.add(e); err != nil {
					t.Fatal(err)
				}
			}
			if (s.file != nil) != (size > 0 && limit < size*64) {
				t.Errorf("%d entries at a limit of %d: a file is used: %v", size, limit, s.file != nil)
			}
			var got []entry
			if err := s.merge(func(e entry) error { got = append(got, e); return nil }); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(all, compareEntries)
			if want := slices.Compact(all); !slices.Equal(got, want) {
				t.Errorf("%d entries at a limit of %d come out as %d, want %d", size, limit, len(got), len(want))
			}
			if err := s.close(); err != nil {
				t.Error(err)
			}
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("the folder for temporary files holds %v (%v)", left, err)
	}
}

func TestSorterStops(t *testing.T) {
	s := &sorter{limit: 1}
	for _, path := range []string{"b", "a"} {
		if err := s.add(entry{path: path}); err != nil {
			t.Fatal(err)
		}
	}
	defer s.close()
	enough := errors.New("enough")
	if err := s.merge(func(entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("merge = %v, want the error of yield", err)
	}
	if err := s.file.Truncate(3); err != nil {
		t.Fatal(err)
	}
	if err := s.merge(func(entry) error { return nil }); err == nil {
		t.Error("a file that was cut is merged")
	}
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	if err := (&sorter{limit: 1}).add(entry{path: "a"}); err == nil {
		t.Error("sorting works without a place for the file")
	}
}
