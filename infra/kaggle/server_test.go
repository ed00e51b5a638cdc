// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// secret is the token that nobody but the API may see.
const secret = "KGAT_hush"

// archive is a zip file with members of noise under the given names, and a
// folder.
func archive(t testing.TB, seed uint64, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("pokemon/"); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		noise := make([]byte, 200_000)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		if _, err := w.Write(noise); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pokemonArchive(t testing.TB, seed uint64) []byte {
	t.Helper()
	return archive(t, seed, "pokemon/pokemon/1.png", "pokemon_jpg/pokemon_jpg/1.jpg")
}

// answer is one answer of a server, in place of its usual one.
type answer func(s *servers, w http.ResponseWriter, r *http.Request)

// servers are the API and, at another address, the storage, with faults to
// order.
type servers struct {
	t            testing.TB
	api, storage *httptest.Server

	mu sync.Mutex
	// data is the archive, etag its version.
	data []byte
	etag string
	// signature is the one valid at the storage now; every redirect carries it.
	signature int
	// noHash leaves out the digests, noRanges ignores ranges, noETag gives neither
	// ETag nor date.
	noHash, noRanges, noETag bool
	// sum, if not empty, is served instead of the archive's MD5.
	sum string
	// apiAnswers and storageAnswers come before the usual ones, one a request;
	// nil is the usual one. The last one of the always ones is for all the rest.
	apiAnswers, storageAnswers []answer
	apiAlways, storageAlways   answer
	// asked are the requests: "api", "storage" or "storage FROM".
	asked []string
}

func newServers(t testing.TB, data []byte) *servers {
	t.Helper()
	s := &servers{t: t, data: data, etag: `"one"`, signature: 1}
	s.api = httptest.NewServer(http.HandlerFunc(s.serveAPI))
	s.storage = httptest.NewServer(http.HandlerFunc(s.serveStorage))
	t.Cleanup(s.api.Close)
	t.Cleanup(s.storage.Close)
	return s
}

func take(queue *[]answer, always answer) answer {
	if len(*queue) == 0 {
		return always
	}
	a := (*queue)[0]
	*queue = (*queue)[1:]
	return a
}

func (s *servers) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, "api")
	user, key, basic := r.BasicAuth()
	if r.Header.Get("Authorization") != "Bearer "+secret && (!basic || user != "ash" || key != secret) {
		refuse(http.StatusUnauthorized, "Unauthenticated")(s, w, r)
		return
	}
	if a := take(&s.apiAnswers, s.apiAlways); a != nil {
		a(s, w, r)
		return
	}
	if r.URL.Path != "/api/v1/datasets/download/kvpratama/pokemon-images-dataset" {
		refuse(http.StatusNotFound, "Not found")(s, w, r)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("%s/kaggle-data-sets/1/2/bundle/archive.zip?signature=%d", s.storage.URL, s.signature), http.StatusFound)
}

func (s *servers) serveStorage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSpace("storage "+strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")))
	// Whatever the header or the encoding: the storage learns nothing.
	hidden := []string{secret, base64.StdEncoding.EncodeToString([]byte("ash:" + secret))}
	for name, values := range r.Header {
		for _, h := range hidden {
			if name == "Authorization" || strings.Contains(strings.Join(values, " "), h) || strings.Contains(r.URL.String(), h) {
				s.t.Errorf("the storage was sent the credentials in %s", name)
			}
		}
	}
	if a := take(&s.storageAnswers, s.storageAlways); a != nil {
		a(s, w, r)
		return
	}
	s.serve(w, r, len(s.data))
}

// serve is the storage's usual answer, broken off after n bytes of the body.
func (s *servers) serve(w http.ResponseWriter, r *http.Request, n int) {
	if r.URL.Query().Get("signature") != strconv.Itoa(s.signature) {
		http.Error(w, "<Error><Code>ExpiredToken</Code></Error>", http.StatusForbidden)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	if !s.noETag {
		h.Set("ETag", s.etag)
	}
	if !s.noHash {
		md := md5.Sum(s.data)
		sum := base64.StdEncoding.EncodeToString(md[:])
		if s.sum != "" {
			sum = s.sum
		}
		crc := binary.BigEndian.AppendUint32(nil, crc32.Checksum(s.data, crc32.MakeTable(crc32.Castagnoli)))
		h.Add("X-Goog-Hash", "crc32c="+base64.StdEncoding.EncodeToString(crc))
		h.Add("X-Goog-Hash", "md5="+sum)
	}
	body, code := s.data, http.StatusOK
	from, ranged := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if ranged && !s.noRanges && r.Header.Get("If-Range") == s.etag {
		first, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
		if err != nil || first >= len(body) {
			http.Error(w, "no such range", http.StatusRequestedRangeNotSatisfiable)
			return
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, len(body)-1, len(body)))
		body, code = body[first:], http.StatusPartialContent
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if n < len(body) {
		_, _ = w.Write(body[:n])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// cut breaks the usual answer off after n bytes.
func cut(n int) answer {
	return func(s *servers, w http.ResponseWriter, r *http.Request) { s.serve(w, r, n) }
}

// change has an effect before the usual answer.
func change(f func(s *servers)) answer {
	return func(s *servers, w http.ResponseWriter, r *http.Request) {
		f(s)
		s.serve(w, r, len(s.data))
	}
}

// refuse answers as Kaggle's API does.
func refuse(code int, text string) answer {
	return func(_ *servers, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"code":%d,"message":%q}`, code, text)
	}
}

// later answers 429 or 503 with a Retry-After.
func later(code int, after string) answer {
	return func(s *servers, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", after)
		refuse(code, "Slow down")(s, w, r)
	}
}

// plain answers with headers, given as pairs, and a body.
func plain(code int, body string, headers ...string) answer {
	return func(_ *servers, w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// requests returns and forgets what was asked.
func (s *servers) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.asked
	s.asked = nil
	return list
}

// set changes the servers between requests.
func (s *servers) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// noon is the tests' time.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// client is one who fetches from the servers.
type client struct {
	*servers
	options Options
	env     map[string]string
	// waits are the pauses it made, in seconds, and notices its notices.
	waits   []float64
	notices []string
	stall   time.Duration
}

func newClientOf(t testing.TB, s *servers) *client {
	t.Helper()
	d, err := Lookup("pokemon")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	c := &client{servers: s, env: map[string]string{"KAGGLE_API_TOKEN": secret}, stall: time.Minute}
	c.options = Options{
		Dataset: d, Output: filepath.Join(t.TempDir(), "sub", "pokemon.zip"), BaseURL: s.api.URL,
		Environment: Environment{
			Getenv: func(name string) string { return c.env[name] },
			Home:   func() (string, error) { return home, nil },
		},
		Notice: func(text string) { c.notices = append(c.notices, text) },
	}
	return c
}

func (c *client) fetch(ctx context.Context) (Fetched, error) {
	f, err := newFetcher(c.options)
	if err != nil {
		return Fetched{}, err
	}
	f.now = func() time.Time { return noon }
	f.random = func() float64 { return 0.5 }
	f.stall = c.stall
	f.sleep = func(_ context.Context, d time.Duration) error {
		c.waits = append(c.waits, d.Seconds())
		return nil
	}
	return f.fetch(ctx, c.options)
}

// whole wants the output to be the archive, and nothing beside it.
func (c *client) whole(t testing.TB, want []byte) {
	t.Helper()
	got, err := os.ReadFile(c.options.Output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the output has %d bytes that are not the archive's %d", len(got), len(want))
	}
	if list := c.files(t); !slices.Equal(list, []string{"pokemon.zip"}) {
		t.Errorf("the output's folder holds %q", list)
	}
}

// files lists the output's folder.
func (c *client) files(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(c.options.Output))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
