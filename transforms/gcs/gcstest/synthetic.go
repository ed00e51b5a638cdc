// SPDX-License-Identifier: Apache-2.0

package gcstest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// synthetic is a bucket whose objects are computed.
type synthetic struct {
	bucket string
	n      int
	nameOf func(i int) string
	body   func(i int) []byte
}

// NewSynthetic returns a handler that serves a read-only bucket of n objects,
// none of which is stored: lists of pages, attributes and whole or ranged reads
// of the JSON API. nameOf must ascend with i. Both functions are called from
// several goroutines, and body also for every line of a listing, so it should
// return prepared bytes. A page takes time for its own objects and folders alone.
func NewSynthetic(bucket string, n int, nameOf func(i int) string, body func(i int) []byte) http.Handler {
	return &synthetic{bucket: bucket, n: n, nameOf: nameOf, body: body}
}

// item is an object in the JSON API.
type item struct {
	Bucket     string `json:"bucket"`
	Name       string `json:"name"`
	Size       string `json:"size"`
	Generation string `json:"generation"`
	CRC32C     string `json:"crc32c"`
	Updated    string `json:"updated"`
}

// firstGeneration and the objects' numbers make the generations.
const firstGeneration = 1_700_000_000_000_000

func (s *synthetic) item(i int) item {
	data := s.body(i)
	return item{
		Bucket: s.bucket, Name: s.nameOf(i), Size: strconv.Itoa(len(data)), CRC32C: encodedCRC(data),
		Generation: strconv.Itoa(firstGeneration + i), Updated: time.UnixMicro(firstGeneration).UTC().Format(time.RFC3339),
	}
}

// ServeHTTP answers a request of the JSON API.
func (s *synthetic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := callOf(r)
	if c.bucket != s.bucket {
		refuse(w, http.StatusNotFound)
		return
	}
	switch c.op {
	case OpList:
		s.list(w, r)
	case OpStat, OpRead:
		i := s.find(c.object)
		generation := r.URL.Query().Get("generation")
		if i == s.n || s.nameOf(i) != c.object || generation != "" && generation != strconv.Itoa(firstGeneration+i) {
			refuse(w, http.StatusNotFound)
			return
		}
		if c.op == OpStat {
			answerJSON(w, s.item(i))
			return
		}
		data := s.body(i)
		w.Header().Set("X-Goog-Generation", strconv.Itoa(firstGeneration+i))
		w.Header().Set("X-Goog-Hash", "crc32c="+encodedCRC(data))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.UnixMicro(firstGeneration), bytes.NewReader(data))
	default:
		refuse(w, http.StatusMethodNotAllowed)
	}
}

// find returns the number of the first name that is not before the given one.
func (s *synthetic) find(name string) int {
	return sort.Search(s.n, func(i int) bool { return s.nameOf(i) >= name })
}

func (s *synthetic) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prefix := q.Get("prefix")
	first := s.find(prefix)
	if token := q.Get("pageToken"); token != "" {
		i, err := strconv.Atoi(token)
		if err != nil || i < first || i > s.n {
			refuse(w, http.StatusBadRequest)
			return
		}
		first = i
	}
	size, err := strconv.Atoi(q.Get("maxResults"))
	if err != nil || size < 1 || size > maxPage {
		size = maxPage
	}
	var page struct {
		Kind     string   `json:"kind"`
		Next     string   `json:"nextPageToken,omitempty"` //nolint:tagliatelle // The service's name.
		Items    []item   `json:"items"`
		Prefixes []string `json:"prefixes,omitempty"`
	}
	page.Kind = "storage#objects"
	delimiter := q.Get("delimiter")
	for i := first; i < s.n && strings.HasPrefix(s.nameOf(i), prefix); {
		if len(page.Items)+len(page.Prefixes) == size {
			page.Next = strconv.Itoa(i)
			break
		}
		name := s.nameOf(i)
		if head, _, ok := strings.Cut(name[len(prefix):], delimiter); ok && delimiter != "" {
			folder := prefix + head + delimiter
			page.Prefixes = append(page.Prefixes, folder)
			i += sort.Search(s.n-i, func(k int) bool { return !strings.HasPrefix(s.nameOf(i+k), folder) })
			continue
		}
		page.Items = append(page.Items, s.item(i))
		i++
	}
	answerJSON(w, page)
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}
