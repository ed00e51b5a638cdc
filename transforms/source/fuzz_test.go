// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs"
)

// readAll opens a file of these bytes and reads all that it lists. Whatever the
// bytes are, there is a request error, or a picture or picture error for each.
func readAll(t *testing.T, name string, data []byte) {
	t.Helper()
	s, err := Open(t.Context(), writeFile(t, filepath.Join(t.TempDir(), name), data))
	if err != nil {
		if !fault.IsRequest(err) {
			t.Errorf("Open = %v, want a request error", err)
		}
		return
	}
	defer s.Close()
	list := refs(t, s)
	inOrder(t, list)
	for _, r := range list {
		body, err := s.Read(t.Context(), r, limit)
		if _, ok := errors.AsType[*fault.PictureError](err); (err != nil && !ok) || len(body) > limit {
			t.Errorf("Read(%q) = %d bytes, %v", r.Member, len(body), err)
		}
		if err == nil && int64(len(body)) != r.Size {
			t.Errorf("Read(%q) = %d bytes, listed with %d", r.Member, len(body), r.Size)
		}
	}
}

func tarSeeds(f *testing.F) [][]byte {
	f.Helper()
	good := tarBytes(f, tarEntry{name: "a.png", body: "aaaa"}, tarEntry{name: "b.png", body: strings.Repeat("b", 700)})
	long := tarBytes(f, tarEntry{name: strings.Repeat("l", 120) + ".png", body: "gnu", header: tar.Header{Format: tar.FormatGNU}},
		tarEntry{name: "\u00e9.png", body: "pax", header: tar.Header{Format: tar.FormatPAX}})
	odd := tarBytes(f, tarEntry{name: "h.png", header: tar.Header{Typeflag: tar.TypeLink, Linkname: "a.png"}}, tarEntry{name: "../x.png", body: "x"})
	return [][]byte{good, good[:900], good[:1537], long, odd}
}

func FuzzTar(f *testing.F) {
	for _, data := range tarSeeds(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, "a.tar", data) })
}

// FuzzTarGz takes packed bytes, or bytes that it packs, to get behind the
// checksum.
func FuzzTarGz(f *testing.F) {
	for _, data := range tarSeeds(f) {
		packed := gzipBytes(f, data)
		f.Add(packed, false)
		f.Add(packed[:len(packed)-9], false)
		f.Add(data, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, pack bool) {
		if pack {
			data = gzipBytes(t, data)
		}
		readAll(t, "a.tgz", data)
	})
}

// FuzzList keeps to a small folder: what names anything outside is only parsed.
func FuzzList(f *testing.F) {
	f.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1") // nothing leaves the machine
	f.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	f.Add("photos\n# comment\none.png\r\n*.png\nphotos/**/{1,2}.png\n", false)
	f.Add("a.zip\na.tar\nbroken.zip\ngone\n#hash.png", false)
	f.Add(`"one.png"`+"\n"+`{"uri":"a.zip","member":"2.png"}`+"\n"+`{"uri":"photos","member":"sub/3.png"}`, true)
	f.Add(`{"uri":"a.zip"}`+"\n\"[\"", true)
	f.Add(`"\ud83d\ude00\\ud800"`+"\n"+`{"URI":1,"uri":"\u006fne.png"}`+"\n"+`"\udc00"`, true)
	f.Add("album.txt\nalbum.jsonl/2.png\nlist.txt", false)
	dir := tree(f)
	f.Fuzz(func(t *testing.T, text string, lines bool) {
		if strings.Contains(text, "gs:") {
			return // a request would only be refused
		}
		name := fmt.Sprintf("list.%s", map[bool]string{false: "txt", true: "jsonl"}[lines])
		path := writeFile(t, filepath.Join(t.TempDir(), name), []byte(text))
		l := &list{uri: path, root: folderPrefix(dir)}
		l.opened = newKeeper(keptOpen, l.open)
		defer l.Close()
		outside := false
		err := l.entries(t.Context(), func(e entry) error {
			outside = outside || gcs.IsURL(e.path) || e.path != dir && !strings.HasPrefix(e.path, l.root)
			return nil
		})
		if err != nil && !fault.IsRequest(err) {
			t.Errorf("reading the lines = %v, want a request error", err)
		}
		if err != nil || outside {
			return
		}
		first := shown(t, l)
		diff(t, "the second listing", first, shown(t, l))
	})
}
