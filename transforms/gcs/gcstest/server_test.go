// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	bucket = "bucket"
	name   = "folder/a #?%b.png"
)

// ask sends a request and returns the answer's status, header and body.
func ask(t *testing.T, s *Server, method, path string, header map[string]string, body string) (int, http.Header, string) {
	t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = "http://" + s.Addr() + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return -1, resp.Header, string(got)
	}
	return resp.StatusCode, resp.Header, string(got)
}

func objectPath(query string) string {
	return "/storage/v1/b/" + bucket + "/o/" + url.PathEscape(name) + "?" + query
}

func multipartUpload(t *testing.T, s *Server, condition, data string) int {
	t.Helper()
	body := "--sep\r\nContent-Type: application/json\r\n\r\n{}\r\n--sep\r\nContent-Type: image/png\r\n\r\n" + data + "\r\n--sep--\r\n"
	code, _, _ := ask(t, s, http.MethodPost,
		"/upload/storage/v1/b/"+bucket+"/o?uploadType=multipart&name="+url.QueryEscape(name)+condition,
		map[string]string{"Content-Type": "multipart/related; boundary=sep"}, body)
	return code
}

// resumableUpload sends every piece twice, as a client does after lost answers.
func resumableUpload(t *testing.T, s *Server, condition, data string) int {
	t.Helper()
	code, header, body := ask(t, s, http.MethodPost,
		"/upload/storage/v1/b/"+bucket+"/o?uploadType=resumable&name="+url.QueryEscape(name)+condition,
		map[string]string{"X-Upload-Content-Type": "image/png", "Content-Type": "application/json"}, "{}")
	if code != http.StatusOK {
		t.Fatalf("starting an upload: %d %s", code, body)
	}
	half := len(data) / 2
	pieces := []struct{ span, data string }{
		{fmt.Sprintf("bytes 0-%d/*", half-1), data[:half]},
		{fmt.Sprintf("bytes %d-%d/%d", half, len(data)-1, len(data)), data[half:]},
	}
	for i, p := range pieces {
		for range 2 {
			code, header, _ := ask(t, s, http.MethodPost, header.Get("Location"),
				map[string]string{"Content-Range": p.span, "X-Guploader-No-308": "yes"}, p.data)
			if more := header.Get("X-Http-Status-Code-Override") == "308"; more != (i == 0) {
				t.Fatalf("piece %d: status %d, more wanted: %t", i, code, more)
			}
			if i == 1 {
				defer func(first int) {
					if first != code {
						t.Errorf("the last piece was answered %d, then %d", first, code)
					}
				}(code)
			}
		}
	}
	code, _, _ = ask(t, s, http.MethodPost, header.Get("Location"),
		map[string]string{"Content-Range": fmt.Sprintf("bytes */%d", len(data)), "X-Guploader-No-308": "yes"}, "")
	return code
}

func TestWriteConditions(t *testing.T) {
	uploads := map[string]func(*testing.T, *Server, string, string) int{"multipart": multipartUpload, "resumable": resumableUpload}
	for kind, upload := range uploads {
		tests := []struct {
			name      string
			there     bool
			condition func(generation int64) string
			want      int
		}{
			{"none, missing", false, func(int64) string { return "" }, 200},
			{"none, there", true, func(int64) string { return "" }, 200},
			{"0, missing", false, func(int64) string { return "&ifGenerationMatch=0" }, 200},
			{"0, there", true, func(int64) string { return "&ifGenerationMatch=0" }, 412},
			{"n, missing", false, func(int64) string { return "&ifGenerationMatch=7" }, 412},
			{"n, there", true, func(g int64) string { return fmt.Sprint("&ifGenerationMatch=", g) }, 200},
			{"other, there", true, func(g int64) string { return fmt.Sprint("&ifGenerationMatch=", g-1) }, 412},
		}
		for _, tt := range tests {
			t.Run(kind+" "+tt.name, func(t *testing.T) {
				s := StartEnvless(t)
				s.CreateBucket(bucket)
				var before int64
				want := ""
				if tt.there {
					want = "old"
					before = s.Put(bucket, name, []byte(want))
				}
				if got := upload(t, s, tt.condition(before), "new bytes"); got != tt.want {
					t.Errorf("status %d, want %d", got, tt.want)
				}
				if tt.want == http.StatusOK {
					want = "new bytes"
				}
				if got, _ := s.Get(bucket, name); string(got) != want {
					t.Errorf("%q is there, want %q", got, want)
				}
				if after := s.Generation(bucket, name); (after != before) != (tt.want == http.StatusOK) {
					t.Errorf("generation %d, before %d", after, before)
				}
			})
		}
	}
}

func TestResumableChecksum(t *testing.T) {
	s := StartEnvless(t)
	s.CreateBucket(bucket)
	for _, tt := range []struct {
		data string
		want int
	}{{"other", http.StatusBadRequest}, {"bytes", http.StatusOK}} {
		_, header, _ := ask(t, s, http.MethodPost, "/upload/storage/v1/b/"+bucket+"/o?uploadType=resumable&name=x", nil, "{}")
		code, _, _ := ask(t, s, http.MethodPost, header.Get("Location"),
			map[string]string{"Content-Range": "bytes 0-4/5", "X-Goog-Hash": "crc32c=" + encodedCRC([]byte("bytes"))}, tt.data)
		if code != tt.want {
			t.Errorf("%q: status %d, want %d", tt.data, code, tt.want)
		}
	}
	if code, _, _ := ask(t, s, http.MethodPost, "/upload/storage/v1/b/"+bucket+"/o?upload_id=none", nil, ""); code != http.StatusNotFound {
		t.Errorf("a session that never was: status %d", code)
	}
}

func TestReadGenerations(t *testing.T) {
	s := StartEnvless(t)
	old := s.Put(bucket, name, []byte("old bytes"))
	now := s.Put(bucket, name, []byte("new bytes"))
	if now <= old {
		t.Fatalf("generation %d after %d", now, old)
	}
	part := map[string]string{"Range": "bytes=4-8"}
	tests := []struct {
		query    string
		header   map[string]string
		want     int
		wantBody string
	}{
		{"alt=media", nil, 200, "new bytes"},
		{fmt.Sprint("alt=media&generation=", now), nil, 200, "new bytes"},
		{fmt.Sprint("alt=media&generation=", old), nil, 404, ""},
		{"alt=media", part, 206, "bytes"},
		{fmt.Sprint("alt=media&generation=", now), part, 206, "bytes"},
		{fmt.Sprint("alt=media&generation=", old), part, 404, ""},
		{fmt.Sprint("generation=", old), nil, 404, ""},
		{fmt.Sprint("generation=", now), nil, 200, ""},
	}
	for _, tt := range tests {
		code, _, body := ask(t, s, http.MethodGet, objectPath(tt.query), tt.header, "")
		if code != tt.want || tt.wantBody != "" && body != tt.wantBody {
			t.Errorf("%s %v: %d %q, want %d %q", tt.query, tt.header, code, body, tt.want, tt.wantBody)
		}
	}
}

func TestDeleteConditions(t *testing.T) {
	for _, tt := range []struct {
		name      string
		condition func(g int64) string
		want      int
		wantGone  bool
	}{
		{"none", func(int64) string { return "" }, 200, true},
		{"its generation", func(g int64) string { return fmt.Sprint("ifGenerationMatch=", g) }, 200, true},
		{"another", func(g int64) string { return fmt.Sprint("ifGenerationMatch=", g+1) }, 412, false},
	} {
		s := StartEnvless(t)
		g := s.Put(bucket, name, []byte("x"))
		code, _, _ := ask(t, s, http.MethodDelete, objectPath(tt.condition(g)), nil, "")
		if _, ok := s.Get(bucket, name); code != tt.want || ok == tt.wantGone {
			t.Errorf("%s: status %d, still there: %t", tt.name, code, ok)
		}
		s.Delete(bucket, name)
		if code, _, _ := ask(t, s, http.MethodDelete, objectPath(tt.condition(g)), nil, ""); code != http.StatusNotFound {
			t.Errorf("%s: status %d of a missing object", tt.name, code)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		kind      Kind
		want      int // 0: the connection broke, -1: the body did
		wantWrite int
		wantThere bool
	}{
		{Unavailable, 503, 503, false},
		{TooMany, 429, 429, false},
		{Denied, 403, 403, false},
		{Reset, 0, 0, false},
		{Truncated, -1, -1, true},
		{Slow, 200, 200, true},
		{Unmet, 412, 412, false},
		{LostAnswer, 0, 0, true},
	}
	for _, tt := range tests {
		s := StartEnvless(t)
		s.Put(bucket, name, []byte("old bytes"))
		s.Inject(Fault{Op: OpRead, Object: name, Kind: tt.kind}, Fault{Op: OpWrite, Object: name, Kind: tt.kind})
		// http.Client repeats a read whose kept connection breaks; there is none yet.
		if code, _, _ := ask(t, s, http.MethodGet, objectPath("alt=media"), nil, ""); code != tt.want {
			t.Errorf("%s: read answered %d, want %d", tt.kind, code, tt.want)
		}
		if code := multipartUpload(t, s, "", "new bytes"); code != tt.wantWrite {
			t.Errorf("%s: write answered %d, want %d", tt.kind, code, tt.wantWrite)
		}
		if got, _ := s.Get(bucket, name); (string(got) == "new bytes") != tt.wantThere {
			t.Errorf("%s: %q is there", tt.kind, got)
		}
		// Both faults are used up.
		if code, _, body := ask(t, s, http.MethodGet, objectPath("alt=media"), nil, ""); code != http.StatusOK || len(body) != 9 {
			t.Errorf("%s: then %d, %q", tt.kind, code, body)
		}
		if got := s.Requests()["read/"+string(tt.kind)]; got != 1 {
			t.Errorf("%s: counted %d times", tt.kind, got)
		}
	}
}

func TestFaultsAreAimed(t *testing.T) {
	s := StartEnvless(t)
	s.Put(bucket, name, []byte("old"))
	s.Put("other", "x", nil)
	s.Inject(
		Fault{Op: OpStat, Bucket: bucket, Kind: TooMany, Skip: 1, Times: 2},
		Fault{Op: OpList, Then: func() { s.Delete(bucket, name) }},
	)
	stat := func(path string) int { code, _, _ := ask(t, s, http.MethodGet, path, nil, ""); return code }
	got := []int{
		stat("/storage/v1/b/other/o/x"), stat(objectPath("")), stat(objectPath("alt=media")), stat(objectPath("")),
		stat(objectPath("")), stat(objectPath("")),
	}
	if diff := cmp.Diff([]int{200, 200, 200, 429, 429, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	_, _, body := ask(t, s, http.MethodGet, "/storage/v1/b/"+bucket+"/o", nil, "")
	if !strings.Contains(body, "folder/a ") {
		t.Errorf("the listing is %s, want it from before the removal", body)
	}
	if left := s.List(bucket, ""); len(left) != 0 {
		t.Errorf("%q is left", left)
	}
}

func TestFaultsAreRepeatable(t *testing.T) {
	draw := func(seed uint64) []Kind {
		var f Server
		f.counts = map[string]int{}
		f.SetFaults(seed, 0.3)
		var list []Kind
		for range 1000 {
			kind, _ := f.draw(call{op: OpRead})
			list = append(list, kind)
		}
		return list
	}
	first := draw(1)
	if diff := cmp.Diff(first, draw(1)); diff != "" {
		t.Errorf("one seed, two sequences:\n%s", diff)
	}
	if cmp.Equal(first, draw(2)) {
		t.Error("two seeds, one sequence")
	}
	n := 0
	for _, k := range first {
		if k == Unmet {
			t.Error("a read drew a fault of writes")
		}
		if k != "" {
			n++
		}
	}
	if n < 250 || n > 350 {
		t.Errorf("%d of 1000 at a rate of 0.3", n)
	}
}

func TestSynthetic(t *testing.T) {
	const n = 1_000_000
	nameOf := func(i int) string { return fmt.Sprintf("%03d/%07d.png", i/10_000, i) }
	body := func(i int) []byte { return fmt.Appendf(nil, "picture %d", i) }
	s := StartEnvless(t)
	s.Mount("many", NewSynthetic("many", n, nameOf, body))

	type page struct {
		Items []item `json:"items"`
		Next  string `json:"nextPageToken"` //nolint:tagliatelle // The service's name.
	}
	list := func(query string) (p page) {
		code, _, text := ask(t, s, http.MethodGet, "/storage/v1/b/many/o?"+query, nil, "")
		if err := json.Unmarshal([]byte(text), &p); err != nil || code != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", query, code, text, err)
		}
		return p
	}
	if p := list(""); len(p.Items) != maxPage || p.Items[0].Name != nameOf(0) || p.Next == "" {
		t.Errorf("the first page has %d objects from %q, next %q", len(p.Items), p.Items[0].Name, p.Next)
	}
	// The last folder, page by page.
	var got []string
	for token := ""; ; {
		p := list("prefix=099/&maxResults=700&pageToken=" + token)
		for _, o := range p.Items {
			got = append(got, o.Name)
		}
		if token = p.Next; token == "" {
			break
		}
	}
	if len(got) != 10_000 || got[0] != nameOf(990_000) || got[9_999] != nameOf(n-1) {
		t.Errorf("%d names, want 10000", len(got))
	}
	if p := list("prefix=nothing"); len(p.Items) != 0 || p.Next != "" {
		t.Errorf("an unused prefix gives %+v", p)
	}

	path := "/storage/v1/b/many/o/" + url.PathEscape(nameOf(123_456))
	for _, tt := range []struct {
		path   string
		header map[string]string
		want   int
		body   string
	}{
		{path + "?alt=media", nil, 200, "picture 123456"},
		{path + "?alt=media", map[string]string{"Range": "bytes=8-9"}, 206, "12"},
		{fmt.Sprint(path, "?alt=media&generation=", firstGeneration+123_456), nil, 200, "picture 123456"},
		{path + "?alt=media&generation=1", nil, 404, ""},
		{path + "x?alt=media", nil, 404, ""},
		{"/storage/v1/b/many/o/zzz?alt=media", nil, 404, ""},
	} {
		code, _, body := ask(t, s, http.MethodGet, tt.path, tt.header, "")
		if code != tt.want || tt.body != "" && body != tt.body {
			t.Errorf("%s %v: %d %q, want %d %q", tt.path, tt.header, code, body, tt.want, tt.body)
		}
	}
	if code, _, _ := ask(t, s, http.MethodDelete, path, nil, ""); code != http.StatusMethodNotAllowed {
		t.Errorf("a removal is answered %d", code)
	}
}

func TestPages(t *testing.T) {
	s := StartEnvless(t)
	for i := range 5 {
		s.Put(bucket, fmt.Sprint("n", i), bytes.Repeat([]byte{'x'}, i))
	}
	_, _, body := ask(t, s, http.MethodGet, "/storage/v1/b/"+bucket+"/o?maxResults=2", nil, "")
	if !strings.Contains(body, "nextPageToken") || strings.Contains(body, `"n2"`) && strings.Contains(body, `"n3"`) {
		t.Errorf("no page of two: %s", body)
	}
	if diff := cmp.Diff([]string{"n0", "n1", "n2", "n3", "n4"}, s.List(bucket, "n")); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}
