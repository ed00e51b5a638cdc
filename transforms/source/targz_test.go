// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// noise does not shrink, so that cuts of the packed bytes fall everywhere.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return string(out)
}

func TestTarGzCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := map[string][]string{}
	var entries []tarEntry
	for i := range 6 {
		e := tarEntry{name: fmt.Sprintf("%d.png", i), body: noise(700 * i)}
		whole[e.name] = []string{e.body}
		entries = append(entries, e)
	}
	data := gzipBytes(t, tarBytes(t, entries...))
	served := map[int]bool{}
	for length := 1; length < len(data); length += 97 {
		path := writeFile(t, filepath.Join(dir, fmt.Sprint(length), "a.tgz"), data[:length])
		s, err := Open(t.Context(), path)
		if err != nil {
			if !fault.IsRequest(err) || length > 600 {
				t.Errorf("cut at %d: Open = %v", length, err)
			}
			continue
		}
		cut, good := 0, 0
		for name, got := range contents(t, s) {
			switch {
			case strings.HasPrefix(got[0], "error: truncated"), strings.HasPrefix(got[0], "error: the archive is cut off"):
				cut++
			case len(got) == 1 && len(whole[name]) == 1 && got[0] == whole[name][0]:
				good++
			default:
				t.Errorf("cut at %d, %s is %.40q", length, name, got)
			}
		}
		served[good] = true
		// The last bytes are the archive's end and the checksum.
		if cut != 1 && length < len(data)-100 {
			t.Errorf("cut at %d: %d members are reported as cut, want 1", length, cut)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for n := 1; n < len(whole); n++ { // the first is empty: where its header is, it is whole
		if !served[n] {
			t.Errorf("no cut left %d whole members; got %v", n, served)
		}
	}
}

func TestTarGzRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: noise(5000)}))
	checksum := bytes.Clone(good)
	checksum[len(checksum)-8] ^= 1
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"text.tgz", "holds no tar", gzipBytes(t, []byte(strings.Repeat("text ", 1000)))},
		{"short.tgz", "holds no tar", gzipBytes(t, []byte("text"))},
		{"header.tgz", "damaged or cut off", good[:5]},
		{"checksum.tgz", "does not have its checksum", checksum},
	}
	for _, tt := range tests {
		_, err := Open(t.Context(), writeFile(t, filepath.Join(dir, tt.name), tt.data))
		if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("Open = %v, want a request error naming %s and %q", err, tt.name, tt.want)
		}
	}
	b, err := openFileBlob(writeFile(t, filepath.Join(dir, "bomb.tgz"), gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: strings.Repeat("0", 1<<20)}))))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := unpackTarGz(t.Context(), "bomb.tgz", b, 1<<19); !fault.IsRequest(err) || !strings.Contains(err.Error(), "more than 524288 bytes") {
		t.Errorf("unpacking a bomb = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unpackTarGz(ctx, "bomb.tgz", b, maxUnpacked); !errors.Is(err, context.Canceled) {
		t.Errorf("unpacking with a cancelled context = %v", err)
	}
}

// TestTarGzSpool looks at the temporary files: one for all who have the archive
// open, without a name, gone when the last has closed it.
func TestTarGzSpool(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	dir := t.TempDir()
	path := writeFile(t, filepath.Join(dir, "a.tgz"), gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: "1"})))
	first, second := openOwn(t, path), openOwn(t, path)
	a, b := first.(*tarball).blob.(*spoolBlob), second.(*tarball).blob.(*spoolBlob)
	if a.spool != b.spool {
		t.Error("one archive is unpacked twice")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("the folder for temporary files holds %v (%v)", left, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err == nil {
		t.Error("closing twice is no error")
	}
	diff(t, "what the second still reads", map[string][]string{"a.png": {"1"}}, contents(t, second))
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := a.spool.file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the spool is open after the last has closed it (%v)", err)
	}
	third := openOwn(t, path)
	defer third.Close()
	diff(t, "after closing", map[string][]string{"a.png": {"1"}}, contents(t, third))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: "22"})))
	fourth := openOwn(t, path)
	defer fourth.Close()
	diff(t, "a replaced archive", map[string][]string{"a.png": {"22"}}, contents(t, fourth))

	t.Setenv("TMPDIR", filepath.Join(dir, "missing"))
	other := writeFile(t, filepath.Join(dir, "b.tgz"), gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: "1"})))
	if _, err := Open(t.Context(), other); err == nil || fault.IsRequest(err) || !strings.Contains(err.Error(), "b.tgz") {
		t.Errorf("unpacking without a place for it = %v, want an error that is no request's", err)
	}
}

// openOwn opens a source that the test closes itself.
func openOwn(t *testing.T, uri string) Source {
	t.Helper()
	s, err := Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTarGzConnection(t *testing.T) {
	t.Setenv("CHROMABEAM_GCS_RETRY_MAX", "1")
	server := gcstest.Start(t)
	server.Put("tars", "a.tgz", gzipBytes(t, tarBytes(t, tarEntry{name: "a.png", body: noise(100_000)})))
	server.Inject(gcstest.Fault{Op: gcstest.OpRead, Skip: 1, Kind: gcstest.Unavailable})
	if _, err := Open(t.Context(), "gs://tars/a.tgz"); err == nil || fault.IsRequest(err) {
		t.Errorf("a broken connection = %v, want an error that is no request's: the archive is whole", err)
	}
}
