// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	sum := sha256.Sum256(data)
	for _, env := range []map[string]string{
		{"KAGGLE_API_TOKEN": secret},
		{"KAGGLE_USERNAME": "ash", "KAGGLE_KEY": secret},
	} {
		c := newClientOf(t, newServers(t, data))
		c.env = env
		last := map[Stage][2]int64{}
		c.options.Progress = func(s Stage, done, total int64) {
			if done > total || done < last[s][0] {
				t.Errorf("%s %d of %d after %d", s, done, total, last[s][0])
			}
			last[s] = [2]int64{done, total}
		}
		got, err := c.fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := int64(len(data))
		want := Fetched{
			Dataset: "kvpratama/pokemon-images-dataset", Path: c.options.Output, Bytes: n, Files: 2,
			SHA256: hex.EncodeToString(sum[:]), Fresh: true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Fetch (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[Stage][2]int64{StageDownload: {n, n}, StageCheck: {2 * n, 2 * n}}, last); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		c.whole(t, data)
		if diff := cmp.Diff([]string{"api", "storage"}, c.requests()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		if len(c.notices) > 0 {
			t.Errorf("notices %q", c.notices)
		}

		// What is there needs neither network nor token.
		c.env, c.options.Progress = nil, nil
		want.Fresh = false
		if got, err = c.fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
		if list := c.requests(); len(list) > 0 {
			t.Errorf("what is there led to %q", list)
		}
	}
}

// TestAllDatasets knows every data set by the name of its preset.
func TestAllDatasets(t *testing.T) {
	t.Parallel()
	members := map[string]string{"pokemon": "pokemon_jpg/pokemon_jpg/7.jpg", "anime-faces": "data/data/7.png"}
	for _, d := range Datasets() {
		got, err := Lookup(d.Name)
		if err != nil || got.Ref() != d.Ref() {
			t.Errorf("Lookup(%q) = %v, %v", d.Name, got, err)
		}
		if !d.picture.MatchString(members[d.Name]) || d.picture.MatchString("photos/7.png") {
			t.Errorf("%s knows its pictures not", d.Name)
		}
	}
	if _, err := Lookup("digimon"); !fault.IsRequest(err) || !strings.Contains(err.Error(), `pokemon or anime-faces, got "digimon"`) {
		t.Errorf("digimon: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	write := func(data string) func(t *testing.T, c *client) {
		return func(t *testing.T, c *client) {
			t.Helper()
			if err := os.MkdirAll(filepath.Dir(c.options.Output), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.options.Output, []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	api := func(a answer) func(*testing.T, *client) {
		return func(_ *testing.T, c *client) { c.apiAlways = a }
	}
	const page = "https://www.kaggle.com/datasets/kvpratama/pokemon-images-dataset"
	tests := []struct {
		name    string
		order   func(t *testing.T, c *client)
		is      error
		request bool
		want    []string // in the error
		api     int      // requests to the API
	}{
		{"no token", func(_ *testing.T, c *client) { c.env = nil }, ErrNoToken, true,
			[]string{"https://www.kaggle.com/settings/api", "KAGGLE_API_TOKEN", "KAGGLE_KEY", "kaggle.json", page, "chromabeam prepare -preset pokemon"}, 0},
		{"half a token", func(_ *testing.T, c *client) { c.env = map[string]string{"KAGGLE_USERNAME": "ash"} }, ErrNoToken, true,
			[]string{"KAGGLE_KEY is not"}, 0},
		{"unusable token", func(_ *testing.T, c *client) { c.env = map[string]string{"KAGGLE_API_TOKEN": "two words"} }, nil, true,
			[]string{"reading KAGGLE_API_TOKEN", "one word"}, 0},
		{"unknown token", func(_ *testing.T, c *client) { c.env = map[string]string{"KAGGLE_API_TOKEN": "other"} }, ErrTokenRefused, true,
			[]string{"KAGGLE_API_TOKEN", `"Unauthenticated"`, "https://www.kaggle.com/settings/api", page}, 1},
		{"rules", api(refuse(403, "You must accept the rules\nfirst.")), ErrConsent, true,
			[]string{page, `"You must accept the rules first."`, "in a browser"}, 1},
		{"gone", api(refuse(404, "Dataset not found")), ErrGone, true, []string{page, "renamed"}, 1},
		{"wait too long", api(later(429, "3600")), nil, false, []string{"429", "1h0m0s"}, 1},
		{"login page", api(plain(200, "<html>", "Content-Type", "text/html; charset=utf-8")), nil, false, []string{"a page", page}, 1},
		{"redirects in a circle", api(plain(302, "", "Location", "/api/v1/again")), nil, false, []string{"more than 5 redirects"}, maxHops},
		{"redirect to a file", api(plain(302, "", "Location", "file:///etc/passwd")), nil, false, []string{"not encrypted"}, 1},
		{"teapot", api(plain(418, "")), nil, false, []string{"418"}, 1},
		{"nobody there", func(_ *testing.T, c *client) { c.api.Close() }, ErrUnreachable, false, []string{"127.0.0.1", page}, 0},
		{"some file", write("my notes"), ErrExists, true, []string{"-overwrite", "pokemon.zip"}, 0},
		{"empty file", write(""), ErrExists, true, []string{"-overwrite"}, 0},
		{"half an archive", write(string(pokemonArchive(t, 1)[:300_000])), ErrExists, true, []string{"-overwrite"}, 0},
		{"a folder", func(t *testing.T, c *client) {
			if err := os.MkdirAll(c.options.Output, 0o755); err != nil {
				t.Fatal(err)
			}
		}, nil, true, []string{"must be a file"}, 0},
		{"a folder to be", func(_ *testing.T, c *client) { c.options.Output = filepath.Join(t.TempDir(), "dl") + "/" }, nil, true,
			[]string{"is a folder", filepath.Join("dl", "pokemon.zip")}, 0},
		{"a bucket", func(_ *testing.T, c *client) { c.options.Output = "gs://b/pokemon.zip" }, nil, true, []string{"on this machine"}, 0},
		{"no data set", func(_ *testing.T, c *client) { c.options.Dataset = Dataset{Name: "x"} }, nil, true, []string{`"x"`}, 0},
		{"open API", func(_ *testing.T, c *client) { c.options.BaseURL = "http://kaggle.example" }, nil, true, []string{"https://"}, 0},
		{"no address", func(_ *testing.T, c *client) { c.options.BaseURL = "www.kaggle.com" }, nil, true, []string{"https://"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClientOf(t, newServers(t, pokemonArchive(t, 1)))
			tt.order(t, c)
			before := c.files(t)
			_, err := c.fetch(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			if tt.is != nil && !errors.Is(err, tt.is) || fault.IsRequest(err) != tt.request {
				t.Errorf("%v: want %v, request error %v", err, tt.is, tt.request)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
			if strings.Contains(err.Error()+strings.Join(c.notices, ""), secret) {
				t.Errorf("%q tells the secret", err)
			}
			if list := c.requests(); len(list) != tt.api {
				t.Errorf("requests %q, want %d", list, tt.api)
			}
			if after := c.files(t); !slices.Equal(before, after) {
				t.Errorf("the folder held %q and holds %q", before, after)
			}
		})
	}
}

func TestOverwrite(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	c := newClientOf(t, newServers(t, data))
	if err := os.MkdirAll(filepath.Dir(c.options.Output), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.options.Output, []byte("my notes"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.options.Overwrite = true
	// A fetch that fails leaves what was there.
	c.apiAnswers = []answer{refuse(403, "")}
	if _, err := c.fetch(t.Context()); !errors.Is(err, ErrConsent) {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(c.options.Output); err != nil || string(got) != "my notes" {
		t.Fatalf("after a failure the output is %q, %v", got, err)
	}
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, data)
}

// TestAppeared wants a file that appears during the fetch to stay.
func TestAppeared(t *testing.T) {
	t.Parallel()
	c := newClientOf(t, newServers(t, pokemonArchive(t, 1)))
	c.storageAnswers = []answer{change(func(*servers) {
		_ = os.WriteFile(c.options.Output, []byte("my notes"), 0o644)
	})}
	if _, err := c.fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "appeared") {
		t.Errorf("error %v", err)
	}
	if got, err := os.ReadFile(c.options.Output); err != nil || string(got) != "my notes" {
		t.Errorf("the output is %q, %v", got, err)
	}
}

// TestOtherNames fetches a data set whose owner has renamed the pictures.
func TestOtherNames(t *testing.T) {
	t.Parallel()
	data := archive(t, 1, "v2/1.webp")
	c := newClientOf(t, newServers(t, data))
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, data)
	if !strings.Contains(strings.Join(c.notices, "\n"), "none of the archive's files") {
		t.Errorf("notices %q", c.notices)
	}
	// The same again finds it there, and says the same.
	c.notices = nil
	if got, err := c.fetch(t.Context()); err != nil || got.Fresh {
		t.Errorf("again: %+v, %v", got, err)
	}
	if len(c.notices) != 1 || !strings.Contains(c.notices[0], "none of the archive's files") {
		t.Errorf("again: notices %q", c.notices)
	}
}

// TestDirect fetches from a mirror that sends the archive itself.
func TestDirect(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	c := newClientOf(t, newServers(t, data))
	direct := func(n int) answer {
		return func(s *servers, w http.ResponseWriter, r *http.Request) {
			r.URL.RawQuery = "signature=1"
			s.serve(w, r, n)
		}
	}
	c.apiAnswers = []answer{direct(1000), direct(len(data))}
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, data)
	if diff := cmp.Diff([]string{"api", "api"}, c.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	c := newClientOf(t, newServers(t, data))
	other := newClientOf(t, c.servers)
	other.options.Output = c.options.Output
	var busy error
	c.storageAnswers = []answer{func(s *servers, w http.ResponseWriter, r *http.Request) {
		// It does not come so far as to ask the servers.
		_, busy = other.fetch(context.Background())
		s.serve(w, r, len(data))
	}}
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(busy, ErrBusy) {
		t.Errorf("a second fetch at once: %v", busy)
	}
	c.whole(t, data)
}
