// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestRetries orders faults that pass, and wants the whole archive, what was
// asked for on the way, and the pauses.
func TestRetries(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	next := pokemonArchive(t, 2) // the same size
	n := len(data)
	at := func(i int) string { return fmt.Sprintf("storage %d", i) }
	tests := []struct {
		name    string
		api     []answer
		storage []answer
		set     func(s *servers)
		want    []byte
		asked   []string
		waits   []float64
	}{
		{name: "503 from the API", api: []answer{refuse(503, ""), refuse(500, "")},
			asked: []string{"api", "api", "api", "storage"}, waits: []float64{1.25, 2.5}},
		{name: "429 in seconds", api: []answer{later(429, "7")}, asked: []string{"api", "api", "storage"}, waits: []float64{7}},
		{name: "429 as a date", api: []answer{later(429, noon.Add(90*time.Second).Format(http.TimeFormat))},
			asked: []string{"api", "api", "storage"}, waits: []float64{90}},
		{name: "429 with nonsense", api: []answer{later(429, "soon")}, asked: []string{"api", "api", "storage"}, waits: []float64{1.25}},
		{name: "503 from the storage", storage: []answer{later(503, "3")},
			asked: []string{"api", "storage", "api", "storage"}, waits: []float64{3}},
		{name: "cut before the first byte", storage: []answer{cut(0)}, asked: []string{"api", "storage", "storage"}, waits: []float64{1.25}},
		{name: "cut after the first byte", storage: []answer{cut(1)}, asked: []string{"api", "storage", at(1)}, waits: []float64{1.25}},
		{name: "cut in the middle", storage: []answer{cut(n / 2)}, asked: []string{"api", "storage", at(n / 2)}, waits: []float64{1.25}},
		{name: "cut before the last byte", storage: []answer{cut(n - 1)}, asked: []string{"api", "storage", at(n - 1)}, waits: []float64{1.25}},
		{name: "cut again and again", storage: []answer{cut(1000), cut(1000), cut(1000), cut(0), cut(1000)},
			asked: []string{"api", "storage", at(1000), at(2000), at(3000), at(3000), at(4000)},
			// Pauses grow while nothing comes.
			waits: []float64{1.25, 1.25, 1.25, 2.5, 1.25}},
		{name: "cut and 503 on going on", storage: []answer{cut(1000), refuse(503, "")},
			asked: []string{"api", "storage", at(1000), at(1000)}, waits: []float64{1.25, 2.5}},
		// A new address is asked for at once.
		{name: "signature expires", storage: []answer{cut(1000), change(func(s *servers) { s.signature = 2 })},
			asked: []string{"api", "storage", at(1000), "api", at(1000)}, waits: []float64{1.25}},
		{name: "storage refuses the first address", storage: []answer{refuse(403, "")},
			asked: []string{"api", "storage", "api", "storage"}, waits: []float64{1.25}},
		{name: "object replaced", storage: []answer{cut(1000), change(func(s *servers) { s.data, s.etag = next, `"two"` })},
			want: next, asked: []string{"api", "storage", at(1000)}, waits: []float64{1.25}},
		{name: "server without ranges", set: func(s *servers) { s.noRanges = true }, storage: []answer{cut(n / 2), cut(n / 3)},
			asked: []string{"api", "storage", at(n / 2), at(n / 3)}, waits: []float64{1.25, 2.5}},
		// Nothing says that the rest would be of the same object.
		{name: "server without validators", set: func(s *servers) { s.noETag = true }, storage: []answer{cut(n / 2)},
			asked: []string{"api", "storage", "storage"}, waits: []float64{1.25}},
		{name: "weak validator", set: func(s *servers) { s.etag = `W/"one"` }, storage: []answer{cut(n / 2)},
			asked: []string{"api", "storage", "storage"}, waits: []float64{1.25}},
		{name: "another range", storage: []answer{cut(1000), plain(206, "abc", "Content-Range", fmt.Sprintf("bytes 0-2/%d", n))},
			asked: []string{"api", "storage", at(1000), "storage"}, waits: []float64{1.25, 2.5}},
		{name: "a range of another size", storage: []answer{cut(1000), plain(206, "abc", "Content-Range", "bytes 1000-1002/1003", "ETag", `"one"`)},
			asked: []string{"api", "storage", at(1000), "storage"}, waits: []float64{1.25, 2.5}},
		{name: "a range of another version", storage: []answer{cut(1000),
			plain(206, "abc", "Content-Range", fmt.Sprintf("bytes 1000-%d/%d", n-1, n), "ETag", `"two"`)},
			asked: []string{"api", "storage", at(1000), "storage"}, waits: []float64{1.25, 2.5}},
		{name: "a part nobody asked for", storage: []answer{plain(206, "abc", "Content-Range", fmt.Sprintf("bytes 0-2/%d", n))},
			asked: []string{"api", "storage", "storage"}, waits: []float64{1.25}},
		{name: "more than there is", storage: []answer{cut(n - 10), plain(206, strings.Repeat("x", 20),
			"Content-Range", fmt.Sprintf("bytes %d-%d/%d", n-10, n-1, n), "ETag", `"one"`)},
			asked: []string{"api", "storage", at(n - 10), "storage"}, waits: []float64{1.25, 2.5}},
		{name: "416", storage: []answer{cut(1000), plain(416, "")},
			asked: []string{"api", "storage", at(1000), "storage"}, waits: []float64{1.25, 2.5}},
		// Two attempts bring all of it and one more byte is never there.
		{name: "more promised than sent", storage: []answer{plain(200, "short", "Content-Length", "9", "ETag", `"one"`)},
			asked: []string{"api", "storage", at(5), "storage"}, waits: []float64{1.25, 2.5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServers(t, data)
			s.apiAnswers, s.storageAnswers = tt.api, tt.storage
			if tt.set != nil {
				tt.set(s)
			}
			c := newClientOf(t, s)
			got, err := c.fetch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == nil {
				want = data
			}
			c.whole(t, want)
			if got.Bytes != int64(len(want)) || got.Resumed != 0 {
				t.Errorf("result %+v", got)
			}
			if diff := cmp.Diff(tt.asked, c.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.waits, c.waits); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
			if len(c.notices) < len(tt.waits) || strings.Contains(strings.Join(c.notices, ""), "signature=") {
				t.Errorf("notices %q", c.notices)
			}
		})
	}
}

// TestGivesUp orders faults that stay.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	tests := []struct {
		name  string
		order func(s *servers)
		want  string
		asked int
		kept  bool
	}{
		{"503", func(s *servers) { s.apiAlways = refuse(503, "down") }, `503 Service Unavailable ("down")`, maxIdle, false},
		{"cut at one place", func(s *servers) { s.noRanges, s.storageAlways = true, cut(1000) }, "unexpected EOF", 2 + maxIdle, true},
		{"no byte after some", func(s *servers) {
			s.storageAnswers, s.storageAlways = []answer{cut(1000)}, refuse(503, "")
		}, "at 1000 bytes, which the same command goes on from", 2 + maxIdle, true},
		{"byte by byte", func(s *servers) { s.storageAlways = cut(1) }, "giving up after 100 attempts, at 100 bytes", 1 + maxAttempts, true},
		{"refused addresses", func(s *servers) { s.storageAlways = refuse(403, "") }, "403", 2 * (maxRefused + 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServers(t, data)
			tt.order(s)
			c := newClientOf(t, s)
			_, err := c.fetch(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.IsRequest(err) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if list := c.requests(); len(list) != tt.asked {
				t.Errorf("%d requests, want %d: %q", len(list), tt.asked, list)
			}
			want := []string(nil)
			if tt.kept {
				want = []string{"pokemon.zip.part", "pokemon.zip.part.json"}
			}
			if diff := cmp.Diff(want, c.files(t)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStalled fetches from a server that goes silent in the middle.
func TestStalled(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	s := newServers(t, data)
	s.storageAnswers = []answer{func(s *servers, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2000")
		w.Header().Set("ETag", s.etag)
		_, _ = w.Write(data[:1000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}}
	c := newClientOf(t, s)
	c.stall = 100 * time.Millisecond
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, data)
	if !strings.Contains(strings.Join(c.notices, "\n"), errStalled.Error()) {
		t.Errorf("notices %q", c.notices)
	}
}

func TestRedirected(t *testing.T) {
	t.Parallel()
	tests := []struct{ from, location, want string }{
		{"https://a/x/y", "https://b/z?s=1", "https://b/z?s=1"},
		{"https://a/x/y", "/z", "https://a/z"},
		{"http://a/x", "http://b/z", "http://b/z"},
		{"http://a/x", "https://b/z", "https://b/z"},
		{"https://a/x", "http://b/z", ""},
		{"https://a/x", "ftp://b/z", ""},
		{"https://a/x", "https:///z", ""},
		{"https://a/x", "https://b/%zz", ""},
	}
	for _, tt := range tests {
		from, err := url.Parse(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := redirected(from, tt.location)
		if (err != nil) != (tt.want == "") || err == nil && got.String() != tt.want {
			t.Errorf("%s to %s: %v, %v; want %q", tt.from, tt.location, got, err, tt.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value string
		want  time.Duration
	}{
		{"", 0}, {"0", 0}, {"120", 2 * time.Minute}, {"-1", 0}, {"1.5", 0}, {"99999999999999999999", 0},
		{noon.Add(time.Hour).Format(http.TimeFormat), time.Hour}, {noon.Add(-time.Hour).Format(http.TimeFormat), 0},
	}
	for _, tt := range tests {
		if got := retryAfter(tt.value, noon); got != tt.want {
			t.Errorf("retryAfter(%q) = %s, want %s", tt.value, got, tt.want)
		}
	}
}

// TestLostStorage loses the storage in the middle, which passes, where losing it
// at first would not be waited for.
func TestLostStorage(t *testing.T) {
	t.Parallel()
	s := newServers(t, pokemonArchive(t, 1))
	s.storageAnswers = []answer{cut(1000)}
	c := newClientOf(t, s)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	refused := false
	c.options.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Range") != "" && !refused {
			refused = true
			r.URL.Host = strings.Replace(r.URL.Host, "127.0.0.1", "127.0.0.1.invalid", 1)
			return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("no such host")}
		}
		return transport.RoundTrip(r)
	})
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, s.data)
	if !refused || len(c.waits) != 2 {
		t.Errorf("refused %v, pauses %v", refused, c.waits)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
