// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// Server is a storage service on 127.0.0.1. Its methods may be called from
// several goroutines at once, also while requests are answered.
type Server struct {
	fake  *fakestorage.Server
	inner http.Handler
	http  *httptest.Server

	// writing makes a condition's check and the write that follows one step.
	writing sync.Mutex

	mu       sync.Mutex
	faults   faults
	counts   map[string]int
	sent     int64
	sessions map[string]*session
	mounts   map[string]http.Handler
	lastGen  int64
}

// New starts a server without buckets. The caller closes it.
func New() (*Server, error) {
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	if err != nil {
		return nil, fmt.Errorf("starting the fake storage: %w", err)
	}
	s := &Server{
		fake: fake, inner: fake.HTTPHandler(), counts: map[string]int{},
		sessions: map[string]*session{}, mounts: map[string]http.Handler{},
	}
	s.http = httptest.NewServer(s)
	return s, nil
}

// Close stops the server and ends its connections.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
	s.fake.Stop()
}

// Start starts a server for one test and sets STORAGE_EMULATOR_HOST to it.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := StartEnvless(tb)
	tb.Setenv("STORAGE_EMULATOR_HOST", s.Addr())
	return s
}

// StartEnvless starts a server for one test and leaves the environment alone.
func StartEnvless(tb testing.TB) *Server {
	tb.Helper()
	s, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// StartSynthetic starts a server for one test with a bucket of [NewSynthetic],
// and sets STORAGE_EMULATOR_HOST to it.
func StartSynthetic(tb testing.TB, bucket string, n int, nameOf func(i int) string, body func(i int) []byte) *Server {
	tb.Helper()
	s := Start(tb)
	s.Mount(bucket, NewSynthetic(bucket, n, nameOf, body))
	return s
}

// Mount lets another handler answer every request on a bucket. Faults still
// apply, conditions and resumable uploads are the handler's own affair.
func (s *Server) Mount(bucket string, h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mounts[bucket] = h
}

// Addr returns host and port, a value for STORAGE_EMULATOR_HOST.
func (s *Server) Addr() string { return strings.TrimPrefix(s.http.URL, "http://") }

// CreateBucket makes an empty bucket; one that exists stays as it is.
func (s *Server) CreateBucket(name string) {
	s.fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: name})
}

// Put writes an object and its bucket, without faults, and returns its
// generation.
func (s *Server) Put(bucket, name string, data []byte) int64 {
	s.writing.Lock()
	defer s.writing.Unlock()
	o := fakestorage.Object{
		ObjectAttrs: fakestorage.ObjectAttrs{BucketName: bucket, Name: name, Generation: s.nextGeneration()},
		Content:     append([]byte{}, data...),
	}
	s.fake.CreateObject(o)
	return o.Generation
}

// nextGeneration is in microseconds, as those of the fake, and never repeats.
func (s *Server) nextGeneration() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastGen = max(s.lastGen+1, time.Now().UnixMicro())
	return s.lastGen
}

// Get returns an object's bytes, and whether it is there.
func (s *Server) Get(bucket, name string) ([]byte, bool) {
	o, err := s.fake.GetObject(bucket, name)
	return o.Content, err == nil
}

// Generation returns an object's live generation, or 0 where it is missing.
func (s *Server) Generation(bucket, name string) int64 {
	o, err := s.fake.GetObject(bucket, name)
	if err != nil {
		return 0
	}
	return o.Generation
}

// List returns the names that begin with prefix, sorted.
func (s *Server) List(bucket, prefix string) []string {
	page, err := s.fake.ListObjectsWithOptionsPaginated(bucket, fakestorage.ListOptions{Prefix: prefix})
	if err != nil {
		return nil
	}
	names := make([]string, len(page.Objects))
	for i, o := range page.Objects {
		names[i] = o.Name
	}
	return names
}

// Delete removes an object; one that is missing is no error.
func (s *Server) Delete(bucket, name string) {
	s.writing.Lock()
	defer s.writing.Unlock()
	// The only error is that there is none.
	_ = s.fake.Backend().DeleteObject(bucket, name)
}

// Requests returns the number of requests by operation ("read") and of those
// answered with a fault by operation and kind ("read/503").
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// BytesRead returns how many bytes of objects were sent in answers to reads.
func (s *Server) BytesRead() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}
