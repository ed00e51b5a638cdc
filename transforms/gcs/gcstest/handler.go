// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
)

// Op is what a request does.
type Op string

// The operations. A resumable upload is one OpStart and several OpChunk.
const (
	OpList   Op = "list"
	OpStat   Op = "stat"
	OpRead   Op = "read"
	OpWrite  Op = "write"
	OpStart  Op = "start"
	OpChunk  Op = "chunk"
	OpDelete Op = "delete"
	OpOther  Op = "other"
)

func (o Op) writes() bool { return o == OpWrite || o == OpStart || o == OpChunk }

// call is a request, understood.
type call struct {
	op             Op
	bucket, object string
}

func callOf(r *http.Request) call {
	q := r.URL.Query()
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/upload/storage/v1/b/"); ok {
		bucket, _, _ := strings.Cut(rest, "/")
		c := call{op: OpWrite, bucket: bucket, object: q.Get("name")}
		switch {
		case q.Has("upload_id"):
			c.op = OpChunk
		case q.Get("uploadType") == "resumable":
			c.op = OpStart
		}
		return c
	}
	rest, ok := strings.CutPrefix(path, "/storage/v1/b/")
	if !ok {
		return call{op: OpOther}
	}
	bucket, rest, _ := strings.Cut(rest, "/")
	c := call{op: OpOther, bucket: bucket}
	if rest == "o" && r.Method == http.MethodGet {
		c.op = OpList
		return c
	}
	escaped, ok := strings.CutPrefix(rest, "o/")
	if !ok {
		return c
	}
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return c
	}
	c.object = name
	switch {
	case r.Method == http.MethodDelete:
		c.op = OpDelete
	case r.Method == http.MethodGet && q.Get("alt") == "media":
		c.op = OpRead
	case r.Method == http.MethodGet:
		c.op = OpStat
	}
	return c
}

// ServeHTTP answers a request, or spoils the answer as the faults say.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := callOf(r)
	kind, after := s.draw(c)
	if kind == "" && after == nil {
		s.answer(w, r, c)
		return
	}
	s.spoil(w, r, c, kind, after)
}

// answer answers as the service would.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c call) {
	s.mu.Lock()
	mounted := s.mounts[c.bucket]
	s.mu.Unlock()
	if c.op == OpRead {
		w = &countingWriter{ResponseWriter: w, s: s}
	}
	switch {
	case mounted != nil:
		mounted.ServeHTTP(w, r)
	case c.op == OpStart:
		s.startUpload(w, r, c)
	case c.op == OpChunk:
		s.takeChunk(w, r)
	case c.op == OpWrite:
		s.writing.Lock()
		defer s.writing.Unlock()
		s.inner.ServeHTTP(w, r)
	case c.op == OpDelete:
		s.remove(w, r, c)
	case c.op == OpList:
		q := r.URL.Query()
		if n, err := strconv.Atoi(q.Get("maxResults")); err != nil || n < 1 || n > maxPage {
			q.Set("maxResults", strconv.Itoa(maxPage))
		}
		r.URL.RawQuery = q.Encode()
		s.inner.ServeHTTP(w, r)
	default:
		s.inner.ServeHTTP(w, r)
	}
}

// maxPage is the service's own limit for a page of a listing.
const maxPage = 1000

// remove adds the condition that the fake does not look at.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, c call) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if want := r.URL.Query().Get("ifGenerationMatch"); want != "" {
		there := s.Generation(c.bucket, c.object)
		if there != 0 && want != strconv.FormatInt(there, 10) {
			refuse(w, http.StatusPreconditionFailed)
			return
		}
	}
	s.inner.ServeHTTP(w, r)
}

// record returns the answer without sending it.
func (s *Server) record(r *http.Request, c call) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.answer(rec, r, c)
	return rec
}

// send sends a recorded answer.
func send(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	// A client that is gone needs no answer.
	_, _ = w.Write(rec.Body.Bytes())
}

// refuse answers with an error in the service's form.
func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": map[string]any{"code": code, "message": http.StatusText(code)},
	})
}

// drain reads what the client still sends, so that it sees the answer and not a
// broken pipe.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// countingWriter counts the bytes of objects that are sent.
type countingWriter struct {
	http.ResponseWriter
	s *Server
}

// Write counts before it sends: a client that has got all of an answer may ask
// for the count at once.
func (w *countingWriter) Write(p []byte) (int, error) {
	w.count(len(p))
	n, err := w.ResponseWriter.Write(p)
	w.count(n - len(p))
	return n, err
}

func (w *countingWriter) count(n int) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.sent += int64(n)
}
