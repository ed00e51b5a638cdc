// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromabeam/chromabeam/infra/kaggle"
)

// kaggleServer is Kaggle's API for one data set, and the storage that it
// redirects to.
type kaggleServer struct {
	api  *httptest.Server
	data []byte

	mu sync.Mutex
	// status, if not 0, is the API's answer.
	status int
	// half, if not nil, makes the storage stop in the middle, and is told.
	half   chan<- struct{}
	ranges []string // of the requests to the storage
}

func newKaggleServer(t *testing.T, data []byte) *kaggleServer {
	t.Helper()
	s := &kaggleServer{data: data}
	storage := httptest.NewServer(http.HandlerFunc(s.store))
	t.Cleanup(storage.Close)
	s.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.status != 0:
			w.WriteHeader(s.status)
		case r.Header.Get("Authorization") != "Bearer hush":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/api/v1/datasets/download/kvpratama/pokemon-images-dataset":
			http.NotFound(w, r)
		default:
			http.Redirect(w, r, storage.URL+"/archive.zip?signature=1", http.StatusFound)
		}
	}))
	t.Cleanup(s.api.Close)
	return s
}

func (s *kaggleServer) store(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	half := s.half
	s.half = nil
	s.mu.Unlock()
	w.Header().Set("ETag", `"one"`)
	if half == nil {
		http.ServeContent(w, r, "archive.zip", time.Time{}, bytes.NewReader(s.data))
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(s.data)))
	_, _ = w.Write(s.data[:len(s.data)/2])
	_ = http.NewResponseController(w).Flush()
	half <- struct{}{}
	<-r.Context().Done()
}

// environment is what a client of the server needs, as pairs.
func (s *kaggleServer) environment(t *testing.T, token string) map[string]string {
	t.Helper()
	return map[string]string{
		endpointVariable: s.api.URL, "KAGGLE_API_TOKEN": token, "KAGGLE_USERNAME": "", "KAGGLE_KEY": "", "KAGGLE_CONFIG_DIR": t.TempDir(),
	}
}

// pokemonZip is an archive of small pictures in the collection's layout, and of
// as many bytes of noise.
func pokemonZip(t *testing.T, noise int) []byte {
	t.Helper()
	dir := t.TempDir()
	writePictures(t, dir, 6, 40)
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	store := func(name string, data []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		store("pokemon/pokemon/"+filepath.Base(name), data)
	}
	random := make([]byte, noise)
	if _, err := io.ReadFull(rand.NewChaCha8([32]byte{1}), random); err != nil {
		t.Fatal(err)
	}
	store("noise.bin", random)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFetch fetches a data set, finds it there, and goes on with the command
// that it is told.
func TestFetch(t *testing.T) {
	s := newKaggleServer(t, pokemonZip(t, 1000))
	for name, value := range s.environment(t, "hush") {
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	args := []string{"fetch", "pokemon", "-output", "my archive.zip"}
	code, out, errs := chromabeam(t, args...)
	if code != exitDone || strings.Count(out, "\n") != 1 ||
		!strings.HasPrefix(out, `dataset=kvpratama/pokemon-images-dataset output="my archive.zip" `) || !strings.Contains(out, " files=7 ") {
		t.Fatalf("exit code %d, %q\n%s", code, out, errs)
	}
	if got, err := os.ReadFile("my archive.zip"); err != nil || !bytes.Equal(got, s.data) {
		t.Errorf("another archive arrived, %v", err)
	}
	for _, want := range []string{"downloading pokemon", "checking pokemon", "/datasets/kvpratama/pokemon-images-dataset"} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr %q does not contain %q", errs, want)
		}
	}

	code, out, errs = chromabeam(t, append(args, "-json")...)
	var again kaggle.Fetched
	if err := json.Unmarshal([]byte(out), &again); err != nil || code != exitDone || again.Fresh || again.Files != 7 {
		t.Errorf("again: exit code %d, %q, %v", code, out, err)
	}
	if !strings.Contains(errs, "nothing was fetched") || len(s.ranges) != 1 {
		t.Errorf("again: %d transfers, stderr %q", len(s.ranges), errs)
	}

	const next = "next: chromabeam prepare -preset pokemon -input 'my archive.zip' -output data/pokemon\n"
	if !strings.Contains(errs, next) {
		t.Fatalf("stderr %q does not contain %q", errs, next)
	}
	mustRun(t, exitDone, "prepare", "-preset", "pokemon", "-input", "my archive.zip", "-output", "data/pokemon", "-size", "16")
}

func TestFetchExits(t *testing.T) {
	s := newKaggleServer(t, pokemonZip(t, 1000))
	other := filepath.Join(t.TempDir(), "notes.zip")
	if err := os.WriteFile(other, []byte("my notes"), 0o644); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "pokemon.zip")
	tests := []struct {
		name   string
		args   []string
		token  string
		status int
		code   int
		want   string // in the message
	}{
		{"no data set", []string{"-output", fresh}, "hush", 0, exitUsage, "takes one data set"},
		{"two data sets", []string{"pokemon", "anime-faces", "-output", fresh}, "hush", 0, exitUsage, "got 2 arguments"},
		{"unknown data set", []string{"digimon", "-output", fresh}, "hush", 0, exitUsage, `pokemon or anime-faces, got "digimon"`},
		{"no output", []string{"pokemon"}, "hush", 0, exitUsage, "-output must be given"},
		{"no token", []string{"pokemon", "-output", fresh}, "", 0, exitUsage, "create one at https://www.kaggle.com/settings/api"},
		{"wrong token", []string{"pokemon", "-output", fresh}, "wrong", 0, exitUsage, "refused by Kaggle"},
		{"rules", []string{"pokemon", "-output", fresh}, "hush", 403, exitUsage, "https://www.kaggle.com/datasets/kvpratama/pokemon-images-dataset"},
		{"gone", []string{"anime-faces", "-output", fresh}, "hush", 0, exitUsage, "soumikrakshit/anime-faces"},
		{"teapot", []string{"pokemon", "-output", fresh}, "hush", 418, exitFailed, "418"},
		{"a folder", []string{"pokemon", "-output", filepath.Dir(fresh) + "/"}, "hush", 0, exitUsage, "add the file's name"},
		{"something else", []string{"pokemon", "-output", other}, "hush", 0, exitUsage, "-overwrite"},
		{"overwrite", []string{"pokemon", "-overwrite", "-output", other}, "hush", 0, exitDone, "next: chromabeam prepare"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range s.environment(t, tt.token) {
				t.Setenv(name, value)
			}
			s.status = tt.status
			code, out, errs := chromabeam(t, append([]string{"fetch"}, tt.args...)...)
			if code != tt.code || !strings.Contains(errs, tt.want) || (out == "") != (code != exitDone) {
				t.Errorf("exit code %d, want %d; stdout %q, stderr %q, want %q", code, tt.code, out, errs, tt.want)
			}
			if _, err := os.Stat(fresh); err == nil {
				t.Error("a refused fetch left a file")
			}
		})
	}
}

// fetchProcess starts a fetch as a process of its own.
func (s *kaggleServer) fetchProcess(t *testing.T, point, output string) (run func() error, stderr *bytes.Buffer, signal func(os.Signal) error) {
	t.Helper()
	cmd, stderr := process(t.Context(), point, []string{"fetch", "pokemon", "-output", output})
	for name, value := range s.environment(t, "hush") {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd.Run, stderr, func(sig os.Signal) error { return cmd.Process.Signal(sig) }
}

// whole runs the fetch to its end and wants the archive alone in its folder.
func (s *kaggleServer) whole(t *testing.T, output string) {
	t.Helper()
	run, stderr, _ := s.fetchProcess(t, "", output)
	if err := run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if got, err := os.ReadFile(output); err != nil || !bytes.Equal(got, s.data) {
		t.Errorf("another archive arrived, %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(output))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestFetchKilled kills a fetch at every failpoint, and starts it again.
func TestFetchKilled(t *testing.T) {
	t.Parallel()
	s := newKaggleServer(t, pokemonZip(t, 1000))
	for _, point := range kaggle.Failpoints() {
		t.Run(point, func(t *testing.T) {
			output := filepath.Join(t.TempDir(), "pokemon.zip")
			run, stderr, _ := s.fetchProcess(t, point, output)
			if err := run(); !killed(err) {
				t.Fatalf("failpoint %s was not reached: %v\n%s", point, err, stderr)
			}
			s.whole(t, output)
		})
	}
}

// TestFetchInterrupted ends a fetch in the middle of the transfer, and wants the
// next one to go on from there.
func TestFetchInterrupted(t *testing.T) {
	t.Parallel()
	// More than twice what the buffers of a connection hold, so that half of it
	// has not been sent before some of it was received.
	data := pokemonZip(t, 48<<20)
	for _, sig := range []os.Signal{os.Kill, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newKaggleServer(t, data)
			half := make(chan struct{}, 1)
			s.half = half
			output := filepath.Join(t.TempDir(), "pokemon.zip")
			run, stderr, signal := s.fetchProcess(t, "", output)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				select {
				case <-half:
					_ = signal(sig)
				case <-ctx.Done():
				}
			}()
			err := run()
			cancel()
			if sig == os.Interrupt {
				if !strings.Contains(fmt.Sprint(err), fmt.Sprint(exitInterrupted)) || !strings.Contains(stderr.String(), "goes on from") {
					t.Fatalf("interrupted: %v\n%s", err, stderr)
				}
			} else if !killed(err) {
				t.Fatalf("killed: %v\n%s", err, stderr)
			}
			if _, err := os.Stat(output); err == nil {
				t.Error("half an archive has the archive's name")
			}
			s.whole(t, output)
			if len(s.ranges) != 2 || !strings.HasPrefix(s.ranges[1], "bytes=") || s.ranges[1] == "bytes=0-" {
				t.Errorf("the storage was asked for %q", s.ranges)
			}
		})
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"data/pokemon.zip": "data/pokemon.zip", "my archive.zip": "'my archive.zip'", "it's": `'it'\''s'`, "-x": "./-x", "$HOME": "'$HOME'", "é.zip": "é.zip",
	} {
		if got := shellWord(path); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", path, got, want)
		}
	}
}
