// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// archive returns a zip file that holds the given members and enough noise to
// take several reads.
func archive(t testing.TB, members map[string]string, order ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range order {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[name])); err != nil {
			t.Fatal(err)
		}
	}
	w, err := z.Create("noise.bin")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	if _, err := w.Write(noise); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pin(data []byte) Wheel {
	sum := sha256.Sum256(data)
	return Wheel{
		Project: "some-plugin", Version: "1.0", File: "some_plugin-1.0-py3-none-any.whl", Path: "aa/bb/cc",
		Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// server is a file host and a simple index with faults to order.
type server struct {
	*httptest.Server

	mu sync.Mutex
	// data is what the file's address answers.
	data []byte
	// cuts are the numbers of bytes after which the next answers break off.
	cuts []int
	// status, if not 0, is the answer to everything.
	status int
	// noRanges makes the server ignore ranges, wrongRange answer another one.
	noRanges, wrongRange bool
	// hang makes the server stop in the middle of an answer.
	hang bool
	// requests are the "PATH RANGE" of every request.
	requests []string
}

func newServer(t testing.TB, data []byte) *server {
	t.Helper()
	s := &server{data: data}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	if s.status != 0 {
		http.Error(w, "ordered fault", s.status)
		return
	}
	body, code := s.data, http.StatusOK
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !s.noRanges {
		n, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
		if err != nil || n >= len(body) {
			http.Error(w, "no such range", http.StatusRequestedRangeNotSatisfiable)
			return
		}
		if s.wrongRange {
			n = 0
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", n, len(body)-1, len(body)))
		body, code = body[n:], http.StatusPartialContent
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if s.hang {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	if len(s.cuts) > 0 {
		n := s.cuts[0]
		s.cuts = s.cuts[1:]
		_, _ = w.Write(body[:min(n, len(body))])
		// Less than Content-Length: net/http closes the connection.
		return
	}
	_, _ = w.Write(body)
}

func (s *server) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func (s *server) fetcher(t testing.TB) *Fetcher {
	t.Helper()
	return &Fetcher{
		Client: s.Client(), Host: s.URL, Dir: t.TempDir(), Stall: 10 * time.Second,
		Pause: func(context.Context, int) error { return nil },
	}
}
