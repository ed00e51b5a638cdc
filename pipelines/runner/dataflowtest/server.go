// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	df "google.golang.org/api/dataflow/v1b3"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// Server is a Dataflow service on 127.0.0.1. Its methods may be called from
// several goroutines at once.
type Server struct {
	bucket *gcstest.Server
	http   *httptest.Server

	mu     sync.Mutex
	jobs   []*job
	calls  []string
	script *Script
	faults map[string][]int
	lost   int
	hooks  map[string]func()
}

// Start starts a server for one test. Jobs read and write in bucket's buckets.
func Start(tb testing.TB, bucket *gcstest.Server) *Server {
	tb.Helper()
	s := &Server{bucket: bucket, faults: map[string][]int{}, hooks: map[string]func(){}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	tb.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Endpoint is the value of -dataflow_endpoint.
func (s *Server) Endpoint() string { return s.http.URL + "/" }

// Play makes the jobs that are submitted from now on go through a script. With nil
// they are run.
func (s *Server) Play(script *Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}

// Fail answers the next calls of an operation with these HTTP codes: "create",
// "get", "update", "metrics", "messages" or "token".
func (s *Server) Fail(operation string, codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[operation] = append(s.faults[operation], codes...)
}

// Lose lets the next n jobs be created without an answer that says so.
func (s *Server) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = n
}

// OnCall calls do once, at the next call of an operation.
func (s *Server) OnCall(operation string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[operation] = do
}

// Wait waits until every job that is run has ended.
func (s *Server) Wait() {
	s.mu.Lock()
	jobs := slices.Clone(s.jobs)
	s.mu.Unlock()
	for _, j := range jobs {
		if j.run != nil {
			<-j.run.ended
		}
	}
}

// Calls returns the calls so far, such as "POST jobs" and "GET jobs/1/metrics".
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Jobs returns the jobs as they were submitted, with their state.
func (s *Server) Jobs() []*df.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*df.Job
	for _, j := range s.jobs {
		now := j.Job // which goes on
		list = append(list, &now)
	}
	return list
}

// Cancel ends a job, as somebody may do in the console.
func (s *Server) Cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.Id == id {
			j.cancel()
		}
	}
}
