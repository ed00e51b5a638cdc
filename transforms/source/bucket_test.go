// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

func TestBucketPrefix(t *testing.T) {
	server := gcstest.Start(t)
	for name, body := range files {
		server.Put("pics", "photos/"+name, []byte(body))
	}
	for _, name := range []string{
		"photos/", "photos/a/", "photos/dir.png/", "photos", "photosmore/x.png", "photos.png", "other/x.png", "album.png/x.png",
	} {
		server.Put("pics", name, []byte("x"))
	}
	server.Delete("pics", "photos")
	tests := map[string][]string{
		"gs://pics/photos": fileNames, "gs://pics/photos/": fileNames,
		"gs://pics/photos/a": {"b.gif", "b.png", "b/c.webp"}, "gs://pics/album.png": {"x.png"},
		"gs://pics/photos/*.png": {"a.png"}, "gs://pics/photos/**/*.{png,gif}": {"a.png", "a/b.gif", "a/b.png"},
		"gs://pics/photo?/a/[a-b].png": {"photos/a/b.png"}, "gs://pics/**/x.png": {"album.png/x.png", "other/x.png", "photosmore/x.png"},
		"gs://pics/photos*": {"photos.png"}, "gs://pics/none*": nil,
	}
	for uri, want := range tests {
		s := open(t, uri)
		list := refs(t, s)
		diff(t, uri, want, names(list))
		inOrder(t, list)
		for _, r := range list {
			if got := content(t, s, r); int64(len(got)) != r.Size || r.URI != uri {
				t.Errorf("reading %+v of %q = %q", r, uri, got)
			}
		}
	}
	diff(t, "the bucket", len(fileNames)+5-1, len(refs(t, open(t, "gs://pics"))))
}

func TestBucketLiteral(t *testing.T) {
	server := gcstest.Start(t)
	server.Put("pics", "[a]/x.png", []byte("literal"))
	server.Put("pics", "a/x.png", []byte("pattern"))
	server.Put("pics", "b*.zip", zipBytes(t, member{name: "x.png", body: "object"}))
	for uri, want := range map[string]string{"gs://pics/[a]": "literal", "gs://pics/b*.zip": "object", `gs://pics/\[a\]/*`: "literal"} {
		for name, got := range contents(t, open(t, uri)) {
			diff(t, uri+" "+name, []string{want}, got)
		}
	}
}

func TestBucketRefuses(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("pics", "a.png", []byte("x"))
	server.Put("pics", "empty.zip", nil)
	server.Put("pics", "text.zip", []byte("just a text"))
	server.Put("pics", "readme", []byte("just a text"))
	good := zipBytes(t, member{name: "a.png", body: "aaaa"})
	server.Put("pics", "cut.zip", good[:len(good)-30])
	server.Put("pics", "cut.tgz", gzipBytes(t, tarBytes(t, tarEntry{name: "a.png"}))[:4])
	for uri, want := range map[string]string{
		"gs://pics/missing": "no such object", "gs://nobucket/x": "nobucket", "gs://pics/empty.zip": "empty", "gs://pics/text.zip": "does not start as",
		"gs://pics/cut.zip": "damaged or cut off", "gs://pics/cut.tgz": "damaged or cut off", "gs://pics/readme": "does not start as",
		"gs://pics/a.png": "does not start as", "gs://": "bucket", "gs://UPPER/x": "bucket", "gs://pics/[a": "malformed", "gs://pics/missing.zip": "no such object",
	} {
		if _, err := Open(t.Context(), uri); !fault.IsRequest(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want a request error with %q", uri, err, want)
		}
	}
	server.Inject(gcstest.Fault{Kind: gcstest.Denied})
	if _, err := Open(t.Context(), "gs://pics/a.zip"); !fault.IsRequest(err) {
		t.Errorf("Open without access = %v, want a request error", err)
	}
	server.Inject(gcstest.Fault{Kind: gcstest.Unavailable})
	if _, err := Open(t.Context(), "gs://pics/a.zip"); err == nil || fault.IsRequest(err) {
		t.Errorf("Open without an answer = %v, want an error that is no request's", err)
	}
}

func TestBucketReads(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "2")
	server := gcstest.Start(t)
	for _, name := range []string{"good", "replaced", "deleted", "large", "unlucky", "denied", "lucky"} {
		server.Put("pics", "in/"+name+".png", []byte(name))
	}
	server.Put("pics", "in/large.png", make([]byte, limit+1))
	s := open(t, "gs://pics/in")
	list := refs(t, s)
	server.Put("pics", "in/replaced.png", []byte("other"))
	server.Delete("pics", "in/deleted.png")
	server.Inject(
		gcstest.Fault{Op: gcstest.OpRead, Object: "in/unlucky.png", Kind: gcstest.Unavailable, Times: 2},
		gcstest.Fault{Op: gcstest.OpRead, Object: "in/denied.png", Kind: gcstest.Denied},
		gcstest.Fault{Op: gcstest.OpRead, Object: "in/lucky.png", Kind: gcstest.TooMany},
	)
	got := map[string]string{}
	for _, r := range list {
		got[r.Name()] = content(t, s, r)
	}
	diff(t, "contents", map[string]string{
		"good.png": "good", "replaced.png": "transient: changed or deleted since it was listed", "deleted.png": "transient: changed or deleted since it was listed",
		"large.png": "error: file has 1048577 bytes, the limit is 1048576", "unlucky.png": "transient: unreadable object",
		"denied.png": "transient: unreadable object", "lucky.png": "lucky",
	}, got)
	for _, r := range []Ref{{Member: []byte("good.png"), Version: "x"}, {Member: []byte("none.png")}} {
		if got := content(t, s, r); !strings.HasPrefix(got, "error: ") {
			t.Errorf("reading %+v = %q", r, got)
		}
	}
	if got := content(t, s, Ref{Member: []byte("good.png")}); got != "good" {
		t.Errorf("reading without a version = %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(ctx, list[0], limit); !errors.Is(err, context.Canceled) {
		t.Errorf("Read with a cancelled context = %v", err)
	}
	if err := s.List(ctx, func(Ref) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("List with a cancelled context = %v", err)
	}
	enough := errors.New("enough")
	if err := s.List(t.Context(), func(Ref) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("List = %v, want the error of yield", err)
	}
}

// TestZipRequests is about an archive of which little is fetched.
func TestZipRequests(t *testing.T) {
	server := gcstest.Start(t)
	for _, count := range []int{200, 20_000} {
		var members []member
		for i := range count {
			size := 100
			if count == 200 {
				size = 20_000
			}
			members = append(members, member{name: fmt.Sprintf("folder/%05d.png", i), body: noise(size), method: uint16(i % 2 * 8)})
		}
		data := zipBytes(t, members...)
		server.Put("zips", "a.zip", data)
		before := server.Requests()
		s := open(t, "gs://zips/a.zip")
		after := server.Requests()
		if got := after["read"] - before["read"] + after["stat"] - before["stat"]; got >= 10 {
			t.Errorf("opening a zip of %d members took %d requests, want fewer than 10", count, got)
		}
		list := refs(t, s)
		if len(list) != count {
			t.Fatalf("%d members are listed, want %d", len(list), count)
		}
		before, sent := server.Requests(), server.BytesRead()
		for _, i := range []int{0, 1, count - 1} {
			if got := content(t, s, list[i]); got != members[i].body {
				t.Errorf("%s differs", list[i].Name())
			}
		}
		if got := server.Requests()["read"] - before["read"]; got != 3 {
			t.Errorf("reading three members took %d requests, want 3", got)
		}
		if got := server.BytesRead() - sent; got > 3*int64(len(members[0].body)+1000) {
			t.Errorf("reading three members fetched %d bytes", got)
		}
	}
}

func TestZipObjectChanges(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("zips", "a.zip", zipBytes(t, member{name: "a.png", body: "1"}))
	s := open(t, "gs://zips/a.zip")
	r := refs(t, s)[0]
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Kind: gcstest.Unavailable})
	diff(t, "no answer", "transient: unreadable archive", content(t, s, r))
	diff(t, "the next", "1", content(t, s, r))
	server.Put("zips", "a.zip", zipBytes(t, member{name: "a.png", body: "2"}))
	const changed = "transient: the archive has changed since it was listed"
	diff(t, "opened before", changed, content(t, s, r))
	diff(t, "opened after", changed, content(t, open(t, "gs://zips/a.zip"), r))
	server.Delete("zips", "a.zip")
	diff(t, "deleted", changed, content(t, s, r))
}

// TestZipLongHeader has a local header that is longer than the directory lets
// expect: a second request finds the rest.
func TestZipLongHeader(t *testing.T) {
	server := gcstest.Start(t)
	data := zipBytes(t, member{name: "a.png", body: "body of a.png"})
	at := zipHeader + len("a.png")
	long := append([]byte{}, data[:at]...)
	long = append(long, make([]byte, 5000)...)
	long = append(long, data[at:]...)
	long[28], long[29] = byte(5000&255), byte(5000>>8)
	end := len(long) - 22
	offset := int(long[end+16]) + int(long[end+17])<<8 + 5000 // of the directory
	long[end+16], long[end+17] = byte(offset), byte(offset>>8)
	server.Put("zips", "a.zip", long)
	diff(t, "contents", map[string][]string{"a.png": {"body of a.png"}}, contents(t, open(t, "gs://zips/a.zip")))
}

func TestSharedCloud(t *testing.T) {
	server := gcstest.Start(t)
	server.Put("zips", "a.zip", zipBytes(t, member{name: "a.png", body: "1"}))
	first, err := Shared(t.Context(), "gs://zips/a.zip")
	if err != nil {
		t.Fatal(err)
	}
	server.Put("zips", "a.zip", zipBytes(t, member{name: "a.png", body: "2"}))
	if again, err := Shared(t.Context(), "gs://zips/a.zip"); err != nil || again != first {
		t.Errorf("Shared opened the object twice (%v)", err)
	}
	Forget("gs://zips/a.zip")
	second, err := Shared(t.Context(), "gs://zips/a.zip")
	if err != nil || second == first {
		t.Fatalf("Forget forgot nothing (%v)", err)
	}
	diff(t, "contents", map[string][]string{"a.png": {"2"}}, contents(t, second))
	Forget("gs://zips/a.zip")
}

// TestManyObjects lists more objects than a page holds.
func TestManyObjects(t *testing.T) {
	const count = 2500
	gcstest.StartSynthetic(t, "many", count, func(i int) string { return fmt.Sprintf("p/%06d.png", i) },
		func(i int) []byte { return []byte(strconv.Itoa(i)) })
	s := open(t, "gs://many/p")
	list := refs(t, s)
	if len(list) != count || list[count-1].Name() != "002499.png" || content(t, s, list[count-1]) != "2499" {
		t.Errorf("%d objects are listed, want %d", len(list), count)
	}
}
