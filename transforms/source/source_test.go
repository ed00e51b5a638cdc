// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

const limit = 1 << 20

// member is one entry of a generated zip.
type member struct {
	name, body string
	method     uint16
	flags      uint16
}

func zipBytes(t testing.TB, members ...member) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method, Flags: m.flags, NonUTF8: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(m.body)); err != nil && m.body != "" {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// encrypt sets the encryption flag of the n-th member in both headers.
func encrypt(t testing.TB, data []byte, n int) []byte {
	t.Helper()
	data = bytes.Clone(data)
	for _, h := range []struct {
		magic  string
		offset int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		at := -1
		for range n + 1 {
			next := bytes.Index(data[at+1:], []byte(h.magic))
			if next < 0 {
				t.Fatalf("no header %d", n)
			}
			at += 1 + next
		}
		data[at+h.offset] |= encryptedFlag
	}
	return data
}

func writeFile(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, uri string) Source {
	t.Helper()
	s, err := Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func refs(t testing.TB, s Source) []Ref {
	t.Helper()
	var list []Ref
	err := s.List(t.Context(), func(r Ref) error { list = append(list, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func names(list []Ref) []string {
	var names []string
	for _, r := range list {
		names = append(names, r.Name())
	}
	return names
}

// files are members for both kinds of source, with the pictures' names in the
// order of their bytes.
var files = map[string]string{
	"a.png": "1", "a/b.png": "2", "a/.hidden.png": "x", "a.txt": "x", "a-b/c.JPG": "3", "a/b/c.webp": "4",
	"__MACOSX/a.png": "x", ".git/a.png": "x", "z.TIFF": "5", "a/b.gif": "6", "b.bmp": "", "png": "x", ".png": "x",
}

var fileNames = []string{"a-b/c.JPG", "a.png", "a/b.gif", "a/b.png", "a/b/c.webp", "b.bmp", "z.TIFF"}

func TestListAndRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var members []member
	for name, body := range files { // in no order
		writeFile(t, filepath.Join(dir, "folder", name), []byte(body))
		members = append(members, member{name: name, body: body, method: zip.Deflate})
	}
	members = append(members, member{name: "a/"}, member{name: "dir.png/"})
	archive := writeFile(t, filepath.Join(dir, "pictures.zip"), zipBytes(t, members...))
	for _, uri := range []string{filepath.Join(dir, "folder"), archive} {
		t.Run(filepath.Base(uri), func(t *testing.T) {
			s := open(t, uri)
			list := refs(t, s)
			if diff := cmp.Diff(fileNames, names(list)); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			for _, r := range list {
				data, err := s.Read(t.Context(), r, limit)
				if err != nil || string(data) != files[r.Name()] || r.Size != int64(len(data)) || r.URI != uri || r.Version == "" {
					t.Errorf("reading %+v: %q, %v", r, data, err)
				}
			}
		})
	}
}

func TestListEndsEarly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a", "a.png"), nil)
	writeFile(t, filepath.Join(dir, "b.png"), nil)
	s := open(t, dir)
	stop := errors.New("enough")
	seen := 0
	if err := s.List(t.Context(), func(Ref) error { seen++; return stop }); !errors.Is(err, stop) || seen != 1 {
		t.Errorf("List = %v after %d, want the error of yield after 1", err, seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.List(ctx, func(Ref) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("List with a cancelled context = %v", err)
	}
	if _, err := s.Read(ctx, Ref{Member: []byte("b.png")}, limit); !errors.Is(err, context.Canceled) {
		t.Errorf("Read with a cancelled context = %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := zipBytes(t, member{name: "a.png", body: "aaaa"}, member{name: "b.png", body: "bbbb"})
	broken := bytes.Clone(good)
	broken[bytes.Index(broken, []byte("PK\x01\x02"))] = 'X'
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"missing.zip", nil, "no such file"},
		{"empty.zip", []byte{}, "the file is empty"},
		{"text.zip", []byte("just a text, no archive at all"), "does not start as a zip"},
		{"cut.zip", good[:len(good)-30], "central directory is damaged or cut off"},
		{"directory.zip", broken, "central directory is damaged or cut off"},
		{"encrypted.zip", encrypt(t, encrypt(t, good, 0), 1), "every picture in this zip is encrypted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, tt.name)
			if tt.data != nil {
				writeFile(t, path, tt.data)
			}
			_, err := Open(t.Context(), path)
			if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.name) {
				t.Errorf("Open = %v, want a request error naming the file and %q", err, tt.want)
			}
		})
	}
	if _, err := Open(t.Context(), ""); !fault.IsRequest(err) {
		t.Errorf("Open of nothing = %v, want a request error", err)
	}
}

func TestZipMembers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1000)
	data := zipBytes(t,
		member{name: "good.png", body: long, method: zip.Deflate},
		member{name: "../up.png", body: "x"},
		member{name: "/root.png", body: "x"},
		member{name: `..\up.png`, body: "x"},
		member{name: "C:/up.png", body: "x"},
		member{name: "a/../../up.png", body: "x"},
		member{name: "a/../fine.png", body: "fine"},
		member{name: "twice.png", body: "first"},
		member{name: "twice.png", body: "second"},
		member{name: "latin\xe9.png", body: "é"},
		member{name: "damaged.png", body: "CRC of this one will not fit"},
		member{name: "secret.png", body: "secret"},
		member{name: "method.png", body: "method"},
	)
	data = encrypt(t, data, 11)
	data[bytes.Index(data, []byte("CRC of this"))] ^= 1
	for _, magic := range []string{"PK\x03\x04", "PK\x01\x02"} { // an unknown method, in both headers
		at := bytes.LastIndex(data, []byte(magic))
		binary.LittleEndian.PutUint16(data[at+map[string]int{"PK\x03\x04": 8, "PK\x01\x02": 10}[magic]:], 97)
	}
	s := open(t, writeFile(t, filepath.Join(t.TempDir(), "a.zip"), data))
	got := map[string][]string{}
	for _, r := range refs(t, s) {
		body, err := s.Read(t.Context(), r, limit)
		text := string(body)
		if err != nil {
			var p *fault.PictureError
			if !errors.As(err, &p) || p.Transient || p.Stage != fault.StageRead {
				t.Errorf("%s: %#v is no permanent picture error of reading", r.Name(), err)
			}
			text = "error: " + p.Reason
		}
		got[r.Name()] = append(got[r.Name()], text)
	}
	unsafe := []string{"error: unsafe member name, it leads out of the archive"}
	want := map[string][]string{
		"good.png": {long}, "../up.png": unsafe, "/root.png": unsafe, `..\up.png`: unsafe, "C:/up.png": unsafe,
		"a/../../up.png": unsafe, "a/../fine.png": {"fine"}, "twice.png": {"first", "second"}, `"latin\xe9.png"`: {"é"},
		"damaged.png": {"error: damaged zip member"}, "secret.png": {"error: encrypted zip member"},
		"method.png": {"error: zip compression method 97 is not supported"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if _, err := s.Read(t.Context(), Ref{Member: []byte("gone.png"), Offset: 3}, limit); err == nil {
		t.Error("Read finds a member that is not there")
	}
	if _, err := s.Read(t.Context(), Ref{Member: []byte("good.png"), Offset: 1 << 40}, limit); err == nil {
		t.Error("Read finds a member behind the end")
	}
}

func TestReadLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	body := strings.Repeat("a", 1000)
	writeFile(t, filepath.Join(dir, "folder", "a.png"), []byte(body))
	honest := zipBytes(t, member{name: "a.png", body: body, method: zip.Deflate})
	lying := bytes.Clone(honest)
	at := bytes.Index(lying, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(lying[at+24:], 10) // promises 10 bytes
	boasting := bytes.Clone(honest)
	binary.LittleEndian.PutUint32(boasting[at+24:], 1<<30)
	tests := []struct {
		name   string
		uri    string
		limit  int64
		reason string
	}{
		{"folder", filepath.Join(dir, "folder"), 999, "file has 1000 bytes, the limit is 999"},
		{"folder fits", filepath.Join(dir, "folder"), 1000, ""},
		{"zip", writeFile(t, filepath.Join(dir, "honest.zip"), honest), 999, "file has 1000 bytes, the limit is 999"},
		{"zip fits", filepath.Join(dir, "honest.zip"), 1000, ""},
		{"zip promising less", writeFile(t, filepath.Join(dir, "lying.zip"), lying), 2000, "damaged zip member"},
		{"zip promising more", writeFile(t, filepath.Join(dir, "boasting.zip"), boasting), 2 << 30, "damaged zip member"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, tt.uri)
			data, err := s.Read(t.Context(), refs(t, s)[0], tt.limit)
			var p *fault.PictureError
			switch {
			case tt.reason == "":
				if err != nil || string(data) != body {
					t.Errorf("Read = %d bytes, %v", len(data), err)
				}
			case !errors.As(err, &p) || p.Reason != tt.reason:
				t.Errorf("Read = %v, want %q", err, tt.reason)
			}
		})
	}
}

func TestFolderLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "secret.png"), []byte("secret"))
	in := filepath.Join(dir, "in")
	writeFile(t, filepath.Join(in, "real.png"), []byte("real"))
	writeFile(t, filepath.Join(in, "sub", "a.png"), []byte("a"))
	writeFile(t, filepath.Join(dir, "outside", "b.png"), []byte("b"))
	for name, target := range map[string]string{
		"out.png": "../secret.png", "in.png": "real.png", "nothing.png": "gone.png", "folder.png": ".",
		"loop": ".", "album": "sub", "away": "../outside", // links to folders: nothing behind them is listed
	} {
		if err := os.Symlink(target, filepath.Join(in, name)); err != nil {
			t.Skipf("this system makes no symbolic links: %v", err)
		}
	}
	s := open(t, in)
	got := map[string]string{}
	for _, r := range refs(t, s) {
		data, err := s.Read(t.Context(), r, limit)
		if got[r.Name()] = string(data); err != nil {
			var p *fault.PictureError
			if !errors.As(err, &p) {
				t.Fatalf("%s: %v is no picture error", r.Name(), err)
			}
			got[r.Name()] = p.Reason
		}
	}
	want := map[string]string{
		"real.png": "real", "in.png": "real", "sub/a.png": "a",
		"out.png":     "symbolic link leads out of the input folder",
		"nothing.png": "file is gone, or a symbolic link to nothing",
		"folder.png":  "not a regular file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "a.zip"), zipBytes(t, member{name: "a.png", body: "1"}))
	first, err := Shared(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Shared(t.Context(), path)
	if err != nil || again != first {
		t.Errorf("Shared opened the archive twice (%v)", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, zipBytes(t, member{name: "a.png", body: "1"}, member{name: "b.png", body: "2"}))
	replaced, err := Shared(t.Context(), path)
	if err != nil || len(refs(t, replaced)) != 2 {
		t.Errorf("Shared did not notice that the archive was replaced (%v)", err)
	}
	release, last := Keep(path), Keep(path)
	release()
	release() // once is enough
	if kept, err := Shared(t.Context(), path); err != nil || kept != replaced {
		t.Errorf("a source that another job keeps was forgotten (%v)", err)
	}
	last()
	if anew, err := Shared(t.Context(), path); err != nil || anew == replaced {
		t.Errorf("the last job's end forgot nothing (%v)", err)
	}
	Forget(path)
	if _, err := Shared(t.Context(), path+".missing"); err == nil {
		t.Error("Shared opened a missing archive")
	}
}

func FuzzZip(f *testing.F) {
	good := zipBytes(f, member{name: "a.png", body: "aaaaaaaaaaaaaaaa", method: zip.Deflate}, member{name: "../b.png", body: "b"})
	f.Add(good)
	f.Add(encrypt(f, good, 0))
	f.Add(good[:len(good)-9])
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Open(t.Context(), writeFile(t, filepath.Join(t.TempDir(), "a.zip"), data))
		if err != nil {
			if !fault.IsRequest(err) {
				t.Errorf("Open = %v, want a request error", err)
			}
			return
		}
		defer s.Close()
		for _, r := range refs(t, s) {
			body, err := s.Read(t.Context(), r, limit)
			var p *fault.PictureError
			if (err != nil && !errors.As(err, &p)) || len(body) > limit {
				t.Errorf("Read(%q) = %d bytes, %v", r.Member, len(body), err)
			}
		}
	})
}

// BenchmarkZip reads deflated members of the size of a small picture.
func BenchmarkZip(b *testing.B) {
	var body strings.Builder
	for i := range 50_000 {
		body.WriteByte(byte(i * i >> 3))
	}
	s := open(b, writeFile(b, filepath.Join(b.TempDir(), "a.zip"), zipBytes(b, member{name: "a.png", body: body.String(), method: zip.Deflate})))
	r := refs(b, s)[0]
	b.SetBytes(r.Size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Read(b.Context(), r, limit); err != nil {
			b.Fatal(err)
		}
	}
}
