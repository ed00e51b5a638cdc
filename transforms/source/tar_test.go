// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

func TestTarMembers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 300)
	data := tarBytes(t,
		tarEntry{name: "pax_global_header", header: tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}},
		tarEntry{name: "dir.png/", header: tar.Header{Typeflag: tar.TypeDir}},
		tarEntry{name: "good.png", body: long},
		tarEntry{name: "ustar.png", body: "ustar", header: tar.Header{Format: tar.FormatUSTAR}},
		tarEntry{name: "pax.png", body: "pax", header: tar.Header{PAXRecords: map[string]string{"CHROMABEAM.note": long}}},
		tarEntry{name: "gnu/" + long[:300] + ".png", body: "gnu", header: tar.Header{Format: tar.FormatGNU}},
		tarEntry{name: "readme.txt", body: "no picture"},
		tarEntry{name: ".hidden.png", body: "x"},
		tarEntry{name: "empty.png"},
		tarEntry{name: "twice.png", body: "first"},
		tarEntry{name: "twice.png", body: "second"},
		tarEntry{name: "../up.png", body: "x"},
		tarEntry{name: "/root.png", body: "x"},
		tarEntry{name: "hard.png", header: tar.Header{Typeflag: tar.TypeLink, Linkname: "good.png"}},
		tarEntry{name: "soft.png", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "good.png"}},
		tarEntry{name: "pipe.png", header: tar.Header{Typeflag: tar.TypeFifo}},
		tarEntry{name: "large.png", body: strings.Repeat("l", limit+1)},
		tarEntry{name: "z.png", body: "last"},
	)
	unsafe := []string{"error: unsafe member name, it leads out of the archive"}
	link := []string{"error: link to another member of the archive"}
	want := map[string][]string{
		"good.png": {long}, "ustar.png": {"ustar"}, "pax.png": {"pax"}, "gnu/" + long[:300] + ".png": {"gnu"}, "empty.png": {""},
		"twice.png": {"first", "second"}, "../up.png": unsafe, "/root.png": unsafe, "hard.png": link, "soft.png": link,
		"pipe.png": {"error: not a regular file"}, "large.png": {"error: file has 1048577 bytes, the limit is 1048576"}, "z.png": {"last"},
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"a.tar": data, "a.tgz": gzipBytes(t, data)} {
		s := open(t, writeFile(t, filepath.Join(dir, name), data))
		diff(t, name, want, contents(t, s))
		inOrder(t, refs(t, s))
		for _, r := range []Ref{
			{Member: []byte("good.png"), Offset: 1 << 50, Size: 5}, {Member: []byte("good.png"), Offset: -1, Size: 5},
			{Member: []byte("good.png"), Offset: 512, Size: -5}, {Member: []byte("good.png"), Offset: 512, Size: 5, Version: "00000000"},
		} {
			if got := content(t, s, r); !strings.Contains(got, "changed since it was listed") {
				t.Errorf("reading %+v = %q", r, got)
			}
		}
	}
}

// TestTarSparse holds GNU's two forms of sparse members, as GNU tar writes them.
func TestTarSparse(t *testing.T) {
	t.Parallel()
	pax := tarBytes(t, tarEntry{name: "GNUSparseFile.0/s.png", body: "1\n0\n5\n" + strings.Repeat("\x00", 506) + "hello"},
		tarEntry{name: "z.png", body: "z"})
	record := func(key, value string) string {
		n := len(key) + len(value) + 3
		n += len(fmt.Sprint(n + len(fmt.Sprint(n))))
		return fmt.Sprintf("%d %s=%s\n", n, key, value)
	}
	records := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", "s.png") +
		record("GNU.sparse.realsize", "5")
	// The standard library writes no sparse members, so the header's header is
	// made from another member's.
	extended := tarBytes(t, tarEntry{name: "PaxHeaders/s.png", body: records})[:1024]
	extended[156] = tar.TypeXHeader
	checksum(extended)
	old := tarBytes(t, tarEntry{name: "old.png", header: tar.Header{Format: tar.FormatGNU}}, tarEntry{name: "z.png", body: "z"})
	old[156] = tar.TypeGNUSparse
	copy(old[483:], "00000000005\x00")
	checksum(old)
	for name, want := range map[string]map[string][]string{
		writeFile(t, filepath.Join(t.TempDir(), "a.tar"), append(extended, pax...)): {"s.png": {"error: sparse member, which is not supported"}, "z.png": {"z"}},
		writeFile(t, filepath.Join(t.TempDir(), "a.tar"), old):                      {"old.png": {"error: sparse member, which is not supported"}, "z.png": {"z"}},
	} {
		diff(t, name, want, contents(t, open(t, name)))
	}
}

// checksum puts the first header's right.
func checksum(data []byte) {
	sum := 0
	copy(data[148:156], "        ")
	for _, b := range data[:tarBlock] {
		sum += int(b)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// TestTarCut cuts an archive at every block and a few bytes more.
func TestTarCut(t *testing.T) {
	t.Parallel()
	bodies := []string{strings.Repeat("a", 1300), strings.Repeat("b", 512), "c", strings.Repeat("d", 3000)}
	var entries []tarEntry
	for i, body := range bodies {
		entries = append(entries, tarEntry{name: fmt.Sprintf("%d.png", i), body: body})
	}
	data := tarBytes(t, entries...)
	whole := contents(t, open(t, writeFile(t, filepath.Join(t.TempDir(), "a.tar"), data)))
	dir := t.TempDir()
	for block := tarBlock; block <= len(data); block += tarBlock {
		for _, length := range []int{block, block + 1, block + 200, block + 511} {
			if length > len(data) {
				continue
			}
			path := writeFile(t, filepath.Join(dir, fmt.Sprint(length)+".tar"), data[:length])
			got := contents(t, open(t, path))
			cut := 0
			for name, bodies := range got {
				switch {
				case slices.Equal(bodies, whole[name]):
				case strings.HasPrefix(bodies[0], "error: truncated") || strings.HasPrefix(bodies[0], "error: the archive is cut off or damaged at byte"):
					cut++
				default:
					t.Errorf("cut at %d, %s is %.40q", length, name, bodies)
				}
			}
			// Without the mark of the end more may be lost, wherever the cut is.
			if ends := endOf(data, length); (cut == 0) != ends {
				t.Errorf("cut at %d: %d members are reported as cut, and the end is marked: %v", length, cut, ends)
			}
			if want := wholeBefore(data, length); len(got)-cut != want {
				t.Errorf("cut at %d, %d members are whole, want %d", length, len(got)-cut, want)
			}
		}
	}
}

// walk calls f with each member's header and end, without padding.
func walk(data []byte, f func(header, end, padded int)) {
	for at := 0; at+tarBlock <= len(data) && data[at] != 0; {
		var size int
		fmt.Sscanf(string(data[at+124:at+135]), "%o", &size)
		end := at + tarBlock + size
		padded := (end + tarBlock - 1) / tarBlock * tarBlock
		f(at, end, padded)
		at = padded
	}
}

func wholeBefore(data []byte, length int) (n int) {
	walk(data, func(_, end, _ int) {
		if end <= length {
			n++
		}
	})
	return n
}

// endOf reports whether a block of the end's mark is there, or all of it.
func endOf(data []byte, length int) bool {
	last := 0
	walk(data, func(_, _, padded int) { last = padded })
	return length > last && (length-last)%tarBlock == 0
}

func TestTarGarbage(t *testing.T) {
	t.Parallel()
	data := tarBytes(t, tarEntry{name: "a.png", body: "a"}, tarEntry{name: "b.png", body: "b"}, tarEntry{name: "c.png", body: "c"})
	data[1024+3] ^= 1 // in the name of b.png: its header has no right checksum
	path := writeFile(t, filepath.Join(t.TempDir(), "pictures.tar"), data)
	got := contents(t, open(t, path))
	lost := "error: the archive is cut off or damaged at byte 1536, what follows is lost"
	diff(t, "contents", map[string][]string{"a.png": {"a"}, "pictures.tar": {lost}}, got)
}

func TestTarChanges(t *testing.T) {
	server := gcstest.Start(t)
	first := tarBytes(t, tarEntry{name: "a.png", body: "1"}, tarEntry{name: "b.png", body: "2"})
	second := tarBytes(t, tarEntry{name: "c.png", body: "3"}, tarEntry{name: "d.png", body: "4"})
	const changed = "transient: the archive has changed since it was listed"
	path := writeFile(t, filepath.Join(t.TempDir(), "a.tar"), first)
	list := refs(t, open(t, path))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, second)
	if got := content(t, open(t, path), list[0]); got != changed {
		t.Errorf("reading what was listed in another archive = %q", got)
	}
	server.Put("tars", "a.tar", first)
	s := open(t, "gs://tars/a.tar")
	list = refs(t, s)
	server.Put("tars", "a.tar", second)
	for _, s := range []Source{s, open(t, "gs://tars/a.tar")} {
		if got := content(t, s, list[0]); got != changed {
			t.Errorf("reading a replaced object = %q", got)
		}
	}
}

// TestTarRequests counts what a listing of an object takes: all of it in large
// pieces where members are small, little of it where they are large.
func TestTarRequests(t *testing.T) {
	server := gcstest.Start(t)
	tests := []struct {
		name              string
		members, size     int
		requests, perCent int
	}{{"small", 2000, 2000, 8, 101}, {"large", 10, 1 << 20, 14, 10}}
	for _, tt := range tests {
		var entries []tarEntry
		for i := range tt.members {
			entries = append(entries, tarEntry{name: fmt.Sprintf("%04d.png", i), body: strings.Repeat("x", tt.size)})
		}
		data := tarBytes(t, entries...)
		server.Put("tars", tt.name+".tar", data)
		before, sent := server.Requests()["read"], server.BytesRead()
		s := open(t, "gs://tars/"+tt.name+".tar")
		list := refs(t, s)
		requests, bytes := server.Requests()["read"]-before, server.BytesRead()-sent
		if len(list) != tt.members || requests > tt.requests || bytes*100 > int64(tt.perCent*len(data)) {
			t.Errorf("%s: listing %d members took %d requests for %d of %d bytes", tt.name, len(list), requests, bytes, len(data))
		}
		before = server.Requests()["read"]
		content(t, s, list[len(list)-1])
		if got := server.Requests()["read"] - before; got != 1 {
			t.Errorf("%s: reading a member took %d requests, want 1", tt.name, got)
		}
	}
}

func TestTarListFault(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("tars", "a.tar", tarBytes(t, tarEntry{name: "a.png", body: "1"}))
	s := open(t, "gs://tars/a.tar")
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Unavailable})
	err := s.List(t.Context(), func(Ref) error { return nil })
	if err == nil || fault.IsRequest(err) || !strings.Contains(err.Error(), "gs://tars/a.tar") {
		t.Errorf("listing without an answer = %v, want an error that is no request's and names the archive", err)
	}
	if got := contents(t, s); len(got) != 1 {
		t.Errorf("the next listing finds %v", got)
	}
	if !bytes.Equal([]byte("1"), []byte(contents(t, s)["a.png"][0])) {
		t.Error("the picture differs")
	}
}
