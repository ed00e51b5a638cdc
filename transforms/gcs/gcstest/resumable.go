// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// session is a resumable upload. Chunks may come twice, as a client sends them
// after a lost answer; the service ignores bytes that it has.
type session struct {
	bucket string
	query  url.Values // of the request that started it, with its conditions
	meta   []byte
	kind   string // content type

	mu   sync.Mutex
	data []byte
	done *httptest.ResponseRecorder // the last answer, repeated to every later chunk
}

func (s *Server) startUpload(w http.ResponseWriter, r *http.Request, c call) {
	meta, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	id := strconv.Itoa(len(s.sessions))
	s.sessions[id] = &session{
		bucket: c.bucket, query: r.URL.Query(), meta: meta, kind: r.Header.Get("X-Upload-Content-Type"),
	}
	s.mu.Unlock()
	q := url.Values{"uploadType": {"resumable"}, "upload_id": {id}, "name": {c.object}}
	w.Header().Set("Location", "http://"+r.Host+"/upload/storage/v1/b/"+c.bucket+"/o?"+q.Encode())
	w.WriteHeader(http.StatusOK)
}

func (s *Server) takeChunk(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	up := s.sessions[r.URL.Query().Get("upload_id")]
	s.mu.Unlock()
	if up == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	chunk, err := io.ReadAll(r.Body)
	if err != nil {
		// The client is gone: nothing of a chunk cut short counts.
		refuse(w, http.StatusBadRequest)
		return
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.done != nil {
		send(w, up.done)
		return
	}
	start, total, err := contentRange(r.Header.Get("Content-Range"))
	if err != nil || start > int64(len(up.data)) {
		refuse(w, http.StatusBadRequest)
		return
	}
	if end := start + int64(len(chunk)); len(chunk) > 0 && end > int64(len(up.data)) {
		up.data = append(up.data, chunk[int64(len(up.data))-start:]...)
	}
	if total < 0 || int64(len(up.data)) < total {
		if len(up.data) > 0 {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(up.data)-1))
		}
		if r.Header.Get("X-Guploader-No-308") == "" {
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		w.Header().Set("X-Http-Status-Code-Override", "308")
		w.WriteHeader(http.StatusOK)
		return
	}
	if want := r.Header.Get("X-Goog-Hash"); want != "" && want != "crc32c="+encodedCRC(up.data) {
		refuse(w, http.StatusBadRequest)
		return
	}
	up.done = s.complete(r, up)
	up.data = nil
	send(w, up.done)
}

// complete writes a session's object as one request to the fake, which checks
// the conditions and writes in one step.
func (s *Server) complete(r *http.Request, up *session) *httptest.ResponseRecorder {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, part := range []struct {
		kind string
		data []byte
	}{{"application/json", up.meta}, {up.kind, up.data}} {
		// Writing into memory cannot fail.
		p, _ := m.CreatePart(textproto.MIMEHeader{"Content-Type": {part.kind}})
		_, _ = p.Write(part.data)
	}
	_ = m.Close()
	q := maps.Clone(up.query)
	q.Set("uploadType", "multipart")
	req := httptest.NewRequestWithContext(r.Context(), http.MethodPost, "/upload/storage/v1/b/"+up.bucket+"/o?"+q.Encode(), &body)
	req.Host = r.Host
	req.Header.Set("Content-Type", "multipart/related; boundary="+m.Boundary())
	rec := httptest.NewRecorder()
	s.writing.Lock()
	defer s.writing.Unlock()
	s.inner.ServeHTTP(rec, req)
	return rec
}

// contentRange parses "bytes 0-9/*", "bytes 0-9/10" and "bytes */10". The total
// is -1 where it is not known; without a range the start is 0.
func contentRange(s string) (start, total int64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	span, size, ok := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	if !ok {
		return 0, 0, errors.New("no total")
	}
	total = -1
	if size != "*" {
		if total, err = strconv.ParseInt(size, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	if first, _, ok := strings.Cut(span, "-"); ok {
		start, err = strconv.ParseInt(first, 10, 64)
	}
	return start, total, err
}

func encodedCRC(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}
