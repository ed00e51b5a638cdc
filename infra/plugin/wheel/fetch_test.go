// SPDX-License-Identifier: Apache-2.0

package wheel

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	data := archive(t, nil)
	const file = "/packages/aa/bb/cc/some_plugin-1.0-py3-none-any.whl"
	flipped := bytes.Clone(data)
	flipped[1000] ^= 1
	tests := []struct {
		name   string
		server func(s *server)
		// part lies there from an earlier download, whole is a finished one.
		part, whole  []byte
		want         string // of the error; empty for none
		wantErr      error
		wantRequests []string
	}{
		{name: "good", wantRequests: []string{file}},
		{name: "already downloaded", whole: data},
		{name: "damaged download is replaced", whole: flipped, wantRequests: []string{file}},
		{name: "resumes", part: data[:5000], wantRequests: []string{file + " bytes=5000-"}},
		{name: "complete part", part: data},
		{name: "part too long", part: append(bytes.Clone(data), 1, 2, 3), wantRequests: []string{file}},
		{name: "part of another file", part: flipped[:5000], wantRequests: []string{file + " bytes=5000-", file}},
		{
			name: "cut connections", server: func(s *server) { s.cuts = []int{1000, 2000, 3000, 4000, 5000} },
			wantRequests: []string{
				file, file + " bytes=1000-", file + " bytes=3000-", file + " bytes=6000-",
				file + " bytes=10000-", file + " bytes=15000-",
			},
		},
		{
			name: "cut connection, no ranges", server: func(s *server) { s.cuts, s.noRanges = []int{1000}, true },
			wantRequests: []string{file, file + " bytes=1000-"},
		},
		{
			name: "cut connection, wrong range", server: func(s *server) { s.cuts, s.wrongRange = []int{1000}, true },
			wantRequests: []string{file, file + " bytes=1000-", file},
		},
		{
			name: "nothing comes", server: func(s *server) { s.cuts = make([]int, 100) },
			want: "unexpected EOF", wantRequests: []string{file, file, file, file},
		},
		{name: "wrong hash", server: func(s *server) { s.data = flipped }, wantErr: ErrMismatch, want: "SHA-256", wantRequests: []string{file}},
		{
			name: "too long", server: func(s *server) { s.data = append(bytes.Clone(data), 1) },
			wantErr: ErrMismatch, want: "bytes, want", wantRequests: []string{file},
		},
		{name: "404", server: func(s *server) { s.status = http.StatusNotFound }, want: "answered 404 Not Found", wantRequests: []string{file}},
		{
			name: "503", server: func(s *server) { s.status = http.StatusServiceUnavailable },
			want: "answered 503", wantRequests: []string{file, file, file, file},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, data)
			if tt.server != nil {
				tt.server(s)
			}
			f, w := s.fetcher(t), pin(data)
			write(t, filepath.Join(f.Dir, w.File+".part"), tt.part)
			write(t, filepath.Join(f.Dir, w.File), tt.whole)
			last := int64(-1)
			path, err := f.Fetch(t.Context(), w, func(done int64) { last = done })
			if diff := cmp.Diff(tt.wantRequests, s.seen()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Fetch: %v, want %q", err, tt.want)
				}
				if tt.wantErr != nil && !errors.Is(err, tt.wantErr) {
					t.Errorf("Fetch: %v, want %v", err, tt.wantErr)
				}
				if errors.Is(err, ErrUnreachable) {
					t.Errorf("Fetch: %v blames the network", err)
				}
				if _, err := os.Stat(filepath.Join(f.Dir, w.File)); err == nil {
					t.Error("Fetch left a file under the final name")
				}
				return
			}
			if err != nil {
				t.Fatalf("Fetch: %v", err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, data) {
				t.Error("Fetch brought another file")
			}
			if last != w.Size {
				t.Errorf("progress ended at %d, want %d", last, w.Size)
			}
			if _, err := os.Stat(path + ".part"); err == nil {
				t.Error("Fetch left the .part file")
			}
		})
	}
}

func TestFetchNoNetwork(t *testing.T) {
	t.Parallel()
	// A port that was just free and refuses.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*Fetcher{
		"host":  {Host: address, Dir: t.TempDir()},
		"index": {Index: address + "/simple", Dir: t.TempDir()},
	} {
		f.Pause = func(context.Context, int) error { t.Error("waited for another attempt"); return nil }
		_, err := f.Fetch(t.Context(), pin([]byte("x")), nil)
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: Fetch: %v, want ErrUnreachable", name, err)
		}
	}
}

func TestFetchUntrusted(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about our refusal
	s.StartTLS()
	t.Cleanup(s.Close)
	f := &Fetcher{Host: s.URL, Dir: t.TempDir(), Pause: func(context.Context, int) error {
		t.Error("waited for another attempt")
		return nil
	}}
	_, err := f.Fetch(t.Context(), pin([]byte("x")), nil)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Fetch: %v, want ErrUnreachable naming the certificate", err)
	}
}

func TestFetchStalled(t *testing.T) {
	t.Parallel()
	data := archive(t, nil)
	s := newServer(t, data)
	s.hang = true
	f := s.fetcher(t)
	f.Stall = 50 * time.Millisecond
	_, err := f.Fetch(t.Context(), pin(data), nil)
	if !errors.Is(err, errStalled) {
		t.Errorf("Fetch: %v, want errStalled", err)
	}
	s.mu.Lock()
	s.hang = false
	s.mu.Unlock()
	if _, err := f.Fetch(t.Context(), pin(data), nil); err != nil {
		t.Errorf("Fetch after the stall: %v", err)
	}
}

func TestFetchCancelled(t *testing.T) {
	t.Parallel()
	data := archive(t, nil)
	s := newServer(t, data)
	s.hang = true
	f, w := s.fetcher(t), pin(data)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := f.Fetch(ctx, w, func(done int64) {
		if done > 1000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch: %v, want context.Canceled", err)
	}
	if sizeOf(filepath.Join(f.Dir, w.File+".part")) == 0 {
		t.Error("Fetch threw away what had come")
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if data == nil {
		return
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
