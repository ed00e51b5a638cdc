// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	jsonType = "application/vnd.pypi.simple.v1+json"
	htmlType = "text/html; charset=utf-8"
)

func TestFindLink(t *testing.T) {
	t.Parallel()
	const file = "a_b-1.0-py3-none-any.whl"
	tests := []struct {
		name, page, contentType string
		want                    string // empty: not listed
	}{
		{"html", `<a href="https://h/x/a_b-1.0-py3-none-any.whl#sha256=00">a_b</a>`, htmlType, "https://h/x/" + file},
		{"html, relative", `<a data-x="1" href='../../x/a_b-1.0-py3-none-any.whl'>a_b</a>`, htmlType, "../../x/" + file},
		{"html, escaped", `<a href="/x/a_b-1.0-py3-none-any.whl?a=1&amp;b=2">a_b</a>`, htmlType, "/x/" + file + "?a=1&b=2"},
		{"html, another file", `<a href="/x/a_b-1.1-py3-none-any.whl">a_b</a>`, htmlType, ""},
		{"html, another scheme", `<a href="file:///x/a_b-1.0-py3-none-any.whl">a_b</a>`, htmlType, ""},
		{"json", `{"files": [{"url": "/y"}, {"url": "https://h/x/a_b-1.0-py3-none-any.whl"}]}`, jsonType, "https://h/x/" + file},
		{"json, damaged", `{"files": [`, jsonType, ""},
		{"nothing", "", htmlType, ""},
		{"no type", `<a href="/x/a_b-1.0-py3-none-any.whl">`, "", "/x/" + file},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := findLink([]byte(tt.page), tt.contentType, file)
			if tt.want == "" {
				if err == nil {
					t.Errorf("findLink = %q, want an error", got)
				}
				return
			}
			if err != nil || got.String() != tt.want {
				t.Errorf("findLink = %v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestFetchThroughIndex(t *testing.T) {
	t.Parallel()
	data := archive(t, nil)
	files := newServer(t, data)
	w := pin(data)
	index := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "me" || password != "secret" {
			http.Error(rw, "who are you?", http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/simple/some-plugin/" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", htmlType)
		_, _ = rw.Write([]byte(`<a href="` + files.URL + `/anywhere/` + w.File + `#sha256=` + w.SHA256 + `">x</a>`))
	}))
	t.Cleanup(index.Close)

	f := files.fetcher(t)
	f.Index = strings.Replace(index.URL, "http://", "http://me:secret@", 1) + "/simple/"
	if _, err := f.Fetch(t.Context(), w, nil); err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	if got, want := files.seen(), "/anywhere/"+w.File; len(got) != 1 || got[0] != want {
		t.Errorf("requests %q, want %q", got, want)
	}

	w.Project, w.File = "other", "other-1.0-py3-none-any.whl"
	_, err := f.Fetch(t.Context(), w, nil)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("Fetch of what the index lacks: %v, want a 404", err)
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("the message tells the password: %v", err)
	}
}

func FuzzFindLink(f *testing.F) {
	f.Add([]byte(`<a href="https://h/x/a.whl#sha256=00">a</a>`), true)
	f.Add([]byte(`{"files": [{"url": "https://h/x/a.whl"}]}`), false)
	f.Fuzz(func(t *testing.T, page []byte, asHTML bool) {
		contentType := jsonType
		if asHTML {
			contentType = htmlType
		}
		link, err := findLink(page, contentType, "a.whl")
		if err != nil {
			return
		}
		base := &url.URL{Scheme: "https", Host: "h", Path: "/simple/a/"}
		if s := base.ResolveReference(link).Scheme; s != "https" && s != "http" {
			t.Errorf("findLink leads to scheme %q", s)
		}
	})
}
