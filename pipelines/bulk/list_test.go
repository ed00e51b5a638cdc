// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/source"
)

// TestKeyOf pins the keys that ledgers hold: they must stay.
func TestKeyOf(t *testing.T) {
	t.Parallel()
	const plain = "5d1c49d21da07da7a7d6a51c465afa02"
	refs := map[string]source.Ref{
		"unnamed": {Member: []byte("b/a.png"), Offset: 7}, "input": {URI: "in.zip", Member: []byte("b/a.png"), Offset: 7},
	}
	for name, r := range refs {
		if got := keyOf(r, "in.zip"); got != plain {
			t.Errorf("%s: key %s, want %s", name, got, plain)
		}
	}
	seen := map[string]string{plain: "none"}
	for _, uri := range []string{"photos", "photos-2", "a.zip", "/"} {
		key := keyOf(source.Ref{URI: uri, Member: []byte("b/a.png"), Offset: 7}, "list.txt")
		if other, found := seen[key]; found {
			t.Errorf("entries %q and %q have one key", uri, other)
		}
		seen[key] = uri
	}
}

func TestNameOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ uri, member, want string }{
		{"", "a.png", "a.png"},
		{"list.txt", "b/a.png", "b/a.png"},
		{"photos", "b/a.png", "b/a.png in photos"},
		{"photos/*.png", "a.png", "a.png in photos/*.png"},
		{"/", "data/a.png", "/data/a.png"},
		{"gs://bucket", "data/a.png", "gs://bucket/data/a.png"},
		{"gs://bucket/a.zip", "a.png", "a.png in gs://bucket/a.zip"},
		{"old/gone.tar", "gone.tar", "old/gone.tar"},
	} {
		if got := nameOf(source.Ref{URI: tt.uri, Member: []byte(tt.member)}, "list.txt"); got != tt.want {
			t.Errorf("nameOf(%q, %q) = %q, want %q", tt.uri, tt.member, got, tt.want)
		}
	}
}

func tarBytes(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o644, Typeflag: tar.TypeReg})
		_, err2 := w.Write(files[name])
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTars colours the same pictures from a tar and a tar.gz, and the whole
// pictures of one that is cut off.
func TestTars(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"a.png": pngBytes(t, gray(16, 16, 1)), "b/c.jpg": jpegBytes(t, gray(20, 11, 2)), "z.png": pngBytes(t, gray(17, 16, 3)),
	}
	o := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	mustRun(t, o)
	want := sums(t, o.Output)
	packed := tarBytes(t, files)
	// z.png is the last member: 1,024 zero bytes follow it and its padding.
	cut := packed[:len(packed)-1024-512]
	dir := writeFolder(t, map[string][]byte{"in.tar": packed, "in.tgz": gzipped(t, packed), "cut.tar": cut})
	for _, name := range []string{"in.tar", "in.tgz", "cut.tar"} {
		o.Input, o.Output = filepath.Join(dir, name), filepath.Join(t.TempDir(), "out")
		whole := counts{3, 3, 0, 0}
		if name == "cut.tar" {
			whole = counts{3, 2, 0, 1}
		}
		wantCounts(t, mustRun(t, o), whole)
		got := sums(t, o.Output)
		for n, s := range got {
			if s != want[n] {
				t.Errorf("%s: %s has other bytes than from a folder", name, n)
			}
		}
		whole.Skipped = whole.Colored
		wantCounts(t, mustRun(t, o), whole)
	}
}

// TestList colours a list of two folders, a zip and pictures by themselves,
// whose order by entry is not that of the names.
func TestList(t *testing.T) {
	t.Parallel()
	one, two, three := pngBytes(t, gray(16, 16, 1)), pngBytes(t, gray(15, 16, 2)), pngBytes(t, gray(14, 16, 3))
	dir := writeFolder(t, map[string][]byte{
		"b/same.png": one, "b/zebra.png": two, "c/also.png": three, "c/same.png": two, "single.png": one,
		"broken.zip": []byte("PK\x03\x04 and no more"), "notes.doc": []byte("text"),
	})
	if err := os.Rename(writeZip(t, []member{{"in/d.png", three}, {"same.png", three}}), filepath.Join(dir, "a.zip")); err != nil {
		t.Fatal(err)
	}
	o := tiny(t, filepath.Join(dir, "list.txt"), filepath.Join(t.TempDir(), "out"))
	lines := func(list string) {
		if err := os.WriteFile(o.Input, []byte(list), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Of same.png the zip's is used: entries are sorted by path.
	lines("c\nb\na.zip\nsingle.png\nbroken.zip\nnotes.doc\ngone.tar\n")
	wantCounts(t, mustRun(t, o), counts{10, 5, 0, 5})
	got := sums(t, o.Output)
	names := []string{"also.png", "in/d.png", "same.png", "single.png", "zebra.png"}
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, names) {
		t.Fatalf("output holds %q, want %q", have, names)
	}
	if got["same.png"] != got["also.png"] || got["same.png"] == got["single.png"] {
		t.Error("same.png is not the zip's")
	}
	rejects := readText(t, o.Output, "rejects.jsonl")
	for _, want := range []string{
		`"source":"same.png in b"`, `\"a.zip\" and \"b\" both hold a picture of this name`, `\"a.zip\" and \"c\" both hold`,
		`"source":"broken.zip"`, `"source":"gone.tar"`, "this entry of the list cannot be opened",
		`"source":"notes.doc"`, "no picture's extension",
	} {
		if !strings.Contains(rejects, want) {
			t.Errorf("rejects lack %s:\n%s", want, rejects)
		}
	}
	wantCounts(t, mustRun(t, o), counts{10, 5, 5, 5})

	// The same pictures into a zip, by the other runner.
	z := o
	z.Output, z.Runner = filepath.Join(t.TempDir(), "out.zip"), "prism"
	wantCounts(t, mustRun(t, z), counts{10, 5, 0, 5})
	if !maps.Equal(zipSums(t, z.Output), got) {
		t.Error("the zip holds other pictures")
	}

	// Without the zip, the next entry's picture takes the name: the file there
	// is the job's, yet of another picture, so that it must be allowed.
	lines("b\nc\n")
	if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), "same.png") {
		t.Errorf("error %v, want a request error about same.png", err)
	}
	o.Overwrite = true
	wantCounts(t, mustRun(t, o), counts{4, 3, 2, 1})
	if again := sums(t, o.Output); again["same.png"] != got["single.png"] {
		t.Error("same.png is not that of the folder b")
	}
}

// TestPattern colours what a pattern matches, into a folder beside it.
func TestPattern(t *testing.T) {
	t.Parallel()
	dir := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(16, 16, 1)), "b.gif": gifBytes(t, gray(16, 16, 2)), "c.png": pngBytes(t, gray(9, 9, 3))})
	o := tiny(t, filepath.Join(dir, "*.png"), filepath.Join(dir, "out"))
	wantCounts(t, mustRun(t, o), counts{2, 2, 0, 0})
	wantCounts(t, mustRun(t, o), counts{2, 2, 2, 0})
}

// TestFence refuses outputs that would become input, and inputs that could be
// overwritten, before anything is written.
func TestFence(t *testing.T) {
	t.Parallel()
	dir := writeFolder(t, map[string][]byte{"photos/a.png": pngBytes(t, gray(9, 9, 1)), "photos/sub/b.png": pngBytes(t, gray(9, 9, 2)), "c.png": pngBytes(t, gray(9, 9, 3))})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "photos"), link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	const outside, within = "output must not lie inside", "input must not lie inside"
	for _, tt := range []struct {
		name, input string
		lines       string
		output      string
		want        string // "" for no error
	}{
		{"folder", "1.txt", "photos\n", "photos/out", outside},
		{"folder that is the output", "1.txt", "photos\n", "photos", within},
		{"zip in the folder", "1.txt", "photos\n", "photos/out.zip", outside},
		{"folder by a link", "1.txt", "LINK\n", "photos/out", outside},
		{"folder in the output", "1.txt", "../NAME/photos/sub\n", "photos", within},
		{"picture in the output", "1.txt", "c.png\nphotos/a.png\n", "photos", within},
		{"absolute", "1.txt", "DIR/photos/a.png\n", "photos", within},
		{"pattern into all folders", "photos/**/*.png", "", "photos/out", outside},
		{"pattern of the list", "1.txt", "photos/**\n", "photos/out", outside},
		{"pattern into the output", "*/*.png", "", "photos", within},
		{"beside", "1.txt", "photos\nc.png\n", "out", ""},
		{"pattern beside", "photos/*.png", "", "photos/sub2", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tiny(t, filepath.Join(dir, filepath.FromSlash(tt.input)), filepath.Join(dir, filepath.FromSlash(tt.output)))
			if tt.lines != "" {
				text := strings.NewReplacer("DIR", dir, "NAME", filepath.Base(dir), "LINK", link).Replace(tt.lines)
				if err := os.WriteFile(o.Input, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := sums(t, dir)
			_, err := Run(t.Context(), o)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				if err := os.RemoveAll(o.Output); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a request error with %q", err, tt.want)
			}
			if _, err := os.Lstat(filepath.Join(o.Output, stateName)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused job left its records: %v", cmp.Or(err, errors.New("they are there")))
			}
			if !maps.Equal(before, sums(t, dir)) {
				t.Error("a refused job changed files")
			}
		})
	}
}
