// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// tree makes a folder with some of everything that a list may name.
func tree(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{
		"one.png", "photos/1.png", "photos/2.png", "photos/sub/3.png", "photos/.hidden/4.png", "photos/notes.md", "more/1.png",
		"odd", "album.txt/1.png", "album.jsonl/2.png", "# hash.png", "#hash.png", "photos-2/1.png",
	} {
		writeFile(t, filepath.Join(dir, name), []byte(name))
	}
	writeFile(t, filepath.Join(dir, "a.zip"), zipBytes(t, member{name: "1.png", body: "zip 1"}, member{name: "2.png", body: "zip 2"},
		member{name: "2.png", body: "zip 2 again"}, member{name: "x.dat", body: "zip x"}))
	writeFile(t, filepath.Join(dir, "a.tar"), tarBytes(t, tarEntry{name: "1.png", body: "tar 1"}, tarEntry{name: "2.png", body: "tar 2"},
		tarEntry{name: "x.dat", body: "tar x"}))
	writeFile(t, filepath.Join(dir, "a.tgz"), gzipBytes(t, tarBytes(t, tarEntry{name: "1.png", body: "tgz 1"})))
	writeFile(t, filepath.Join(dir, "broken.zip"), []byte("PK\x03\x04 and no more"))
	writeFile(t, filepath.Join(dir, "other.txt"), []byte("one.png\n"))
	if err := os.Symlink("photos", filepath.Join(dir, "link")); err != nil {
		t.Skipf("this system makes no symbolic links: %v", err)
	}
	if err := os.Symlink("../more", filepath.Join(dir, "photos", "away")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shown is what a test wants of a list: "URI member: content", in order.
func shown(t testing.TB, s Source) []string {
	t.Helper()
	var out []string
	seen := map[string]bool{}
	for _, r := range refs(t, s) {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Ref
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if key := fmt.Sprintf("%q %q %d", r.URI, r.Member, r.Offset); seen[key] {
			t.Errorf("%s is listed twice", key)
		} else {
			seen[key] = true
		}
		uri := r.URI
		if uri == s.URI() {
			uri = "LIST"
		}
		out = append(out, uri+" "+r.Name()+": "+content(t, s, back))
	}
	return out
}

func TestLists(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	parent, base := filepath.Dir(dir), filepath.Base(dir)
	const cannot = "error: this entry of the list cannot be opened"
	photos := []string{"photos 1.png: photos/1.png", "photos 2.png: photos/2.png", "photos sub/3.png: photos/sub/3.png"}
	zipped := []string{"a.zip 1.png: zip 1", "a.zip 2.png: zip 2", "a.zip 2.png: zip 2 again"}
	tests := []struct {
		name, text, lines string
		want              []string
	}{
		{name: "nothing", text: "\n\r\n# only a comment\n", lines: "\n  \n"},
		{name: "pictures", text: "photos/2.png\r\none.png\n./photos/../photos/1.png", lines: "\"photos/2.png\"\n {\"uri\":\"one.png\",\"caption\":[1]}\n\"photos/1.png\"",
			want: []string{"LIST one.png: one.png", "LIST photos/1.png: photos/1.png", "LIST photos/2.png: photos/2.png"}},
		{name: "twice", text: "one.png\n./one.png\none.png\n" + dir + "/one.png\n../" + base + "/one.png", want: []string{"LIST one.png: one.png"}},
		{name: "hashes", text: "#hash.png\n# hash.png\n./# hash.png", lines: `"# hash.png"` + "\n" + `"#hash.png"`,
			want: []string{"LIST # hash.png: # hash.png", "LIST #hash.png: #hash.png"}},
		{name: "mark", text: "\xef\xbb\xbfone.png", lines: "\xef\xbb\xbf\"one.png\"", want: []string{"LIST one.png: one.png"}},
		{name: "other extension", text: "odd\nphotos/notes.md\nphotos/.hidden/4.png",
			want: []string{"LIST odd: odd", "LIST photos/.hidden/4.png: photos/.hidden/4.png", "LIST photos/notes.md: photos/notes.md"}},
		{name: "escapes", lines: `"\u006fne.png"` + "\n" + `{"URI":"x","uri":"\u0023hash.png","Member":"y","other":"\ud800"}` + "\n" + `"\\\\ud800\ud83d\ude00.png"`,
			want: []string{"LIST #hash.png: #hash.png", "LIST one.png: one.png", `\\ud800😀.png \\ud800😀.png: error: this entry of the list named no picture when it was listed`}},
		{name: "folders called as lists", text: "album.txt\nalbum.jsonl/\nalbum.txt/1.png",
			want: []string{"album.jsonl 2.png: album.jsonl/2.png", "album.txt 1.png: album.txt/1.png"}},
		{name: "folder", text: "photos/", lines: `{"uri":"photos"}`, want: photos},
		{name: "folder and what is in it", text: "photos/sub/3.png\nphotos/sub\nphotos\nphotos/1.png\nphotos/*.png\nphotos/**\nphotos/sub/../2.png", want: photos},
		{name: "folder and what it leaves out", text: "photos\nphotos/.hidden\nphotos/away\nphotos/away/1.png\nphotos/gone.png",
			want: append(slices.Clone(photos), "photos/.hidden 4.png: photos/.hidden/4.png", "photos/away 1.png: more/1.png",
				"LIST photos/gone.png: error: file is gone, or a symbolic link to nothing")},
		{name: "neighbours", text: "photos-2\nphotos\nphotos.png",
			want: append(slices.Clone(photos), "photos-2 1.png: photos-2/1.png", "LIST photos.png: error: file is gone, or a symbolic link to nothing")},
		{name: "patterns", text: "photos/*.png\nphotos/1.png\nphotos/**/[13].png\nphotos/sub\n*.gif\n*.png",
			want: []string{
				"*.gif *.gif: error: this entry of the list named no picture when it was listed",
				"*.png # hash.png: # hash.png", "*.png #hash.png: #hash.png", "*.png one.png: one.png",
				"photos/**/[13].png 1.png: photos/1.png", "photos/**/[13].png sub/3.png: photos/sub/3.png", "photos/*.png 2.png: photos/2.png",
			}},
		{name: "archives", text: "a.zip\na.tar\na.tgz\na.zip",
			want: append([]string{"a.tar 1.png: tar 1", "a.tar 2.png: tar 2", "a.tgz 1.png: tgz 1"}, zipped...)},
		{name: "archives in a folder of the list", text: ".\na.tgz", want: []string{
			"LISTDIR # hash.png: # hash.png", "LISTDIR #hash.png: #hash.png", "LISTDIR album.jsonl/2.png: album.jsonl/2.png",
			"LISTDIR album.txt/1.png: album.txt/1.png", "LISTDIR more/1.png: more/1.png", "LISTDIR one.png: one.png",
			"LISTDIR photos-2/1.png: photos-2/1.png", "LISTDIR photos/1.png: photos/1.png", "LISTDIR photos/2.png: photos/2.png",
			"LISTDIR photos/sub/3.png: photos/sub/3.png", "a.tgz 1.png: tgz 1",
		}},
		{name: "members", lines: `{"uri":"a.zip","member":"2.png"}
			{"uri":"a.tar","member":"x.dat"}
			{"uri":"a.zip","member":"none.png"}
			{"uri":"a.zip","member":"x.dat"}
			{"uri":"photos","member":"sub/3.png"}
			{"uri":"none.zip","member":"1.png"}
			"photos/sub/3.png"`,
			want: []string{
				"a.tar x.dat: tar x", "a.zip 2.png: zip 2", "a.zip 2.png: zip 2 again",
				"a.zip none.png: error: this entry of the list named no picture when it was listed", "a.zip x.dat: zip x",
				"none.zip 1.png: " + cannot, "LIST photos/sub/3.png: photos/sub/3.png",
			}},
		{name: "archive and members", lines: `{"uri":"a.zip","member":"2.png"}` + "\n\"a.zip\"\n" + `{"uri":"a.zip","member":"x.dat"}`,
			want: append(slices.Clone(zipped), "a.zip x.dat: zip x")},
		{name: "missing", text: "broken.zip\ngone.png\ngone\ngone.tar\nother.txt\nlist.txt",
			want: []string{
				"broken.zip broken.zip: " + cannot, "gone gone: " + cannot, "LIST gone.png: error: file is gone, or a symbolic link to nothing",
				"gone.tar gone.tar: " + cannot, "list.txt list.txt: " + cannot, "other.txt other.txt: " + cannot,
			}},
		{name: "elsewhere", text: "../" + base + "-2/x.png\n../" + base + "-2/in\nlink",
			want: []string{
				parent + "/" + base + "-2/in y.png: y", "/ " + strings.TrimPrefix(parent, "/") + "/" + base + "-2/x.png: x",
				"link 1.png: photos/1.png", "link 2.png: photos/2.png", "link sub/3.png: photos/sub/3.png",
			}},
	}
	writeFile(t, dir+"-2/x.png", []byte("x"))
	writeFile(t, dir+"-2/in/y.png", []byte("y"))
	for _, tt := range tests {
		for i, ext := range []string{"txt", "jsonl"} {
			text := []string{tt.text, tt.lines}[i]
			if text == "" {
				continue
			}
			t.Run(tt.name+"."+ext, func(t *testing.T) {
				s := open(t, writeFile(t, filepath.Join(dir, "list."+ext), []byte(text)))
				got := shown(t, s)
				want := slices.Clone(tt.want)
				for i := range want {
					want[i] = strings.ReplaceAll(want[i], "LISTDIR", dir)
				}
				slices.Sort(want)
				diff(t, "contents", want, sorted(got))
				diff(t, "the second listing", got, shown(t, s))
			})
		}
	}
}

func TestListOrder(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	entries := []string{"one.png", "photos", "a.zip", "more/1.png", "odd", "photos-2/1.png"}
	var first []string
	for i := range entries {
		text := strings.Join(append(entries[i:len(entries):len(entries)], entries[:i]...), "\n")
		got := shown(t, open(t, writeFile(t, filepath.Join(dir, "list.txt"), []byte(text))))
		if first == nil {
			first = got
		}
		diff(t, "another order of the lines", first, got)
	}
	want := []string{
		"a.zip 1.png: zip 1", "a.zip 2.png: zip 2", "a.zip 2.png: zip 2 again", "LIST more/1.png: more/1.png", "LIST odd: odd", "LIST one.png: one.png",
		"photos 1.png: photos/1.png", "photos 2.png: photos/2.png", "photos sub/3.png: photos/sub/3.png", "LIST photos-2/1.png: photos-2/1.png",
	}
	diff(t, "order", want, first)
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tt := range map[string]struct{ text, want string }{
		"number.jsonl": {"\"a.png\"\n17\n", "line 2: it must be a string or an object"}, "broken.jsonl": {"{\"uri\"", "line 1: it must be"},
		"empty.jsonl": {"{}", "line 1: uri must be given"}, "latin.jsonl": {"\"caf\xe9.png\"", "line 1: JSON must be UTF-8"},
		"upper.jsonl": {`{"URI":"a.png"}`, "line 1: uri must be given"},
		"high.jsonl":  {`"a\ud800.png"`, "line 1: half a surrogate pair is no character; name a file that is not UTF-8 in a .txt"},
		"low.jsonl":   {`{"uri":"a.zip","member":"a\udc00\ud800"}`, "line 1: half a surrogate pair"}, "cut.jsonl": {`"\ud800"`, "line 1: half"},
		"long.txt": {"a.png\n" + strings.Repeat("x", maxLine), "line 2: it must have fewer than 65536 bytes"},
	} {
		s := open(t, writeFile(t, filepath.Join(dir, name), []byte(tt.text)))
		err := s.List(t.Context(), func(Ref) error { return nil })
		if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("List = %v, want a request error naming %s and %q", err, name, tt.want)
		}
	}
	s := open(t, writeFile(t, filepath.Join(dir, "list.txt"), []byte("a.png\nb.png")))
	enough := errors.New("enough")
	if err := s.List(t.Context(), func(Ref) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("List = %v, want the error of yield", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.List(ctx, func(Ref) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("List with a cancelled context = %v", err)
	}
	if _, err := s.Read(ctx, Ref{Member: []byte("a.png")}, limit); !errors.Is(err, context.Canceled) {
		t.Errorf("Read with a cancelled context = %v", err)
	}
}

func TestCloudLists(t *testing.T) {
	server := gcstest.Start(t)
	for _, name := range []string{"lists/one.png", "lists/photos/1.png", "lists/photos/2.png", "lists/[x].png", "other/o.png", "lists//slash.png", "album.png/a.png", "lists/odd"} {
		server.Put("pics", name, []byte(name))
	}
	server.Put("arch", "a.zip", zipBytes(t, member{name: "1.png", body: "zip"}))
	server.Put("arch", "a.tgz", gzipBytes(t, tarBytes(t, tarEntry{name: "1.png", body: "tgz"})))
	dir := t.TempDir()
	local := writeFile(t, filepath.Join(dir, "local.png"), []byte("local"))
	text := "one.png\n./one.png\n../other/o.png\nphotos\nphotos/1.png\nphotos/gone.png\n[x].png\nphotos/*.png\nphotos/[2].png\n/slash.png\n" +
		"gs://pics/album.png\ngs://arch/a.zip\ngs://arch/a.tgz\ngs://arch/none.zip\ngs://arch/none.png\ngs://nobucket/x.png\nodd\n" +
		"gs://arch/none/\ngs://pics/lists/one.png\nnone*.png\ngs://B/x\n"
	text = strings.Replace(text, "\n/slash.png\n", "\ngs://pics/lists//slash.png\n"+local+"\n", 1)
	const cannot = "error: this entry of the list cannot be opened"
	const gone = "error: there is no such object"
	const nothing = "error: this entry of the list named no picture when it was listed"
	want := []string{
		"LIST one.png: lists/one.png", "gs://pics other/o.png: other/o.png", "photos 1.png: lists/photos/1.png", "photos 2.png: lists/photos/2.png",
		"LIST photos/gone.png: " + gone, "LIST [x].png: lists/[x].png", "LIST /slash.png: lists//slash.png", "/ " + strings.TrimPrefix(local, "/") + ": local",
		"gs://pics/album.png a.png: album.png/a.png", "gs://arch/a.zip 1.png: zip", "gs://arch/a.tgz 1.png: tgz", "gs://arch/none.zip none.zip: " + cannot,
		"gs://arch none.png: " + gone, "gs://nobucket x.png: " + gone, "LIST odd: lists/odd", "gs://arch/none/ none: " + cannot,
		"none*.png none*.png: " + nothing, "gs://B/x x: " + cannot,
	}
	server.Put("pics", "lists/list.txt", []byte(text))
	s := open(t, "gs://pics/lists/list.txt")
	got := shown(t, s)
	diff(t, "contents", sorted(want), sorted(got))
	diff(t, "the second listing", got, shown(t, s))
	list := refs(t, s)
	server.Put("pics", "lists/one.png", []byte("replaced"))
	for _, r := range list {
		if r.Name() == "one.png" {
			diff(t, "replaced", "transient: changed or deleted since it was listed", content(t, s, r))
		}
	}
	server.Put("pics", "lists/list.txt", []byte("one.png"))
	if err := s.List(t.Context(), func(Ref) error { return nil }); err == nil {
		t.Error("a list that was replaced is listed")
	}
}

func TestCloudListFaults(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("pics", "a.png", []byte("a"))
	server.Put("arch", "a.zip", zipBytes(t, member{name: "1.png", body: "zip"}))
	path := writeFile(t, filepath.Join(t.TempDir(), "list.txt"), []byte("gs://pics/a.png\ngs://arch/a.zip"))
	s := open(t, path)
	for _, op := range []gcstest.Op{gcstest.OpStat, gcstest.OpRead} {
		server.Inject(gcstest.Fault{Op: op, Kind: gcstest.Unavailable})
		if err := s.List(t.Context(), func(Ref) error { return nil }); err == nil || fault.IsRequest(err) {
			t.Errorf("listing where %q has no answer = %v, want an error that is no request's", op, err)
		}
	}
	list := refs(t, s)
	fresh := open(t, path)
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Unavailable})
	diff(t, "no answer while opening", "transient: this entry of the list cannot be opened", content(t, fresh, list[0]))
	diff(t, "the next", "zip", content(t, fresh, list[0]))
}

// TestListOpensFew reads many archives through few open files, and single
// pictures through none.
func TestListOpensFew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines []string
	for i := range 3 * keptOpen {
		name := fmt.Sprintf("%03d.tar", i)
		writeFile(t, filepath.Join(dir, name), tarBytes(t, tarEntry{name: "x.png", body: name}))
		writeFile(t, filepath.Join(dir, name+".png"), []byte("p"+name))
		lines = append(lines, name, name+".png")
	}
	s := open(t, writeFile(t, filepath.Join(dir, "list.txt"), []byte(strings.Join(lines, "\n"))))
	list := refs(t, s)
	k := keeperOf(s)
	if len(k.kept) != keptOpen {
		t.Errorf("%d sources are open, want %d", len(k.kept), keptOpen)
	}
	for range 2 {
		for _, r := range list {
			want := r.URI
			if want == s.URI() {
				want = "p" + strings.TrimSuffix(r.Name(), ".png")
			}
			if got := content(t, s, r); got != want {
				t.Errorf("reading %+v = %q", r, got)
			}
		}
	}
	if len(k.kept) != keptOpen {
		t.Errorf("%d sources are open after reading, want %d", len(k.kept), keptOpen)
	}
}

func keeperOf(s Source) *keeper { return s.(*list).opened }
