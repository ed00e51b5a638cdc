// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// tarEntry is one member of a generated tar: a file, unless header says more.
type tarEntry struct {
	name, body string
	header     tar.Header
}

func tarBytes(t testing.TB, entries ...tarEntry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := e.header
		h.Name, h.Size = e.name, int64(len(e.body))
		if h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipBytes(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// contents reads every picture of a source: its bytes, or "error: " and the
// reason. A name that is there several times gets all of them.
func contents(t testing.TB, s Source) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for _, r := range refs(t, s) {
		got[r.Name()] = append(got[r.Name()], content(t, s, r))
	}
	return got
}

func content(t testing.TB, s Source, r Ref) string {
	t.Helper()
	data, err := s.Read(t.Context(), r, limit)
	if err == nil {
		return string(data)
	}
	p, ok := errors.AsType[*fault.PictureError](err)
	if !ok || p.Stage != fault.StageRead {
		t.Errorf("%s: %#v is no picture error of reading", r.Name(), err)
		return ""
	}
	if p.Transient {
		return "transient: " + p.Reason
	}
	return "error: " + p.Reason
}

func diff(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// inOrder reports references that are not sorted, or are there twice.
func inOrder(t testing.TB, list []Ref) {
	t.Helper()
	for i := 1; i < len(list); i++ {
		if Compare(list[i-1], list[i]) >= 0 {
			t.Errorf("%+v comes before %+v", list[i-1], list[i])
		}
	}
}

// identities are what tells pictures apart: URI, member, offset.
func identities(list []Ref) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.URI+" "+r.Name())
	}
	return out
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// nasty are names that something or other takes for more than a name.
var nasty = []string{
	"#.png", "# x.png", "a#b.png", "what?.png", "100%.png", "%41.png", "a b.png", " lead.png", "new\nline.png", "cr\r.png",
	"Zoë 写真.png", //nolint:gosmopolitan // names may be in any script
	"[a-z].png", "*.png", "{a,b}.png", `back\slash.png`, "quote\"'.png", "-dash.png", "~.png", "a+b&c=d.png", "deep/#/? %/x.png",
	strings.Repeat("long", 40) + "/" + strings.Repeat("name", 40) + ".png", "tab\t.png", "$HOME.png", "é.png", "e\u0301.png",
}

// latin is not UTF-8, which objects' names must be.
const latin = "caf\xe9.png"
