// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// interrupt begins a fetch and ends it after some 200,000 bytes, as Ctrl-C
// does. It returns how many bytes are there.
func interrupt(t *testing.T, c *client) int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.options.Progress = func(_ Stage, done, _ int64) {
		if done > 200_000 {
			cancel()
		}
	}
	_, err := c.fetch(ctx)
	c.options.Progress = nil
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "which the same command goes on from") {
		t.Fatalf("interrupted with %v", err)
	}
	if diff := cmp.Diff([]string{"pokemon.zip.part", "pokemon.zip.part.json"}, c.files(t)); diff != "" {
		t.Fatalf("left (-want +got):\n%s", diff)
	}
	st, err := os.Stat(c.options.Output + ".part")
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() < 200_000 || st.Size() >= int64(len(c.data)) {
		t.Fatalf("interrupted at %d of %d bytes", st.Size(), len(c.data))
	}
	c.requests()
	c.notices = nil
	return st.Size()
}

// resume is what a fetch does with the bytes that it finds.
type resume int

const (
	beginsOver resume = iota
	goesOn
	replaces // by what the server sends when asked for the rest
	finds    // all the bytes, and asks nobody
	repents  // goes on and begins over in the end
)

// TestResume goes on from what an earlier fetch left, in whatever state.
func TestResume(t *testing.T) {
	t.Parallel()
	data, next := pokemonArchive(t, 1), pokemonArchive(t, 2)
	state := func(text string) func(*testing.T, *client) {
		return func(t *testing.T, c *client) {
			t.Helper()
			if err := os.WriteFile(c.options.Output+".part.json", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	part := func(f func(b []byte) []byte) func(*testing.T, *client) {
		return func(t *testing.T, c *client) {
			t.Helper()
			b, err := os.ReadFile(c.options.Output + ".part")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.options.Output+".part", f(b), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name  string
		order func(t *testing.T, c *client) // what happens in between
		want  []byte
		how   resume
	}{
		{name: "as left", how: goesOn},
		{name: "killed", how: goesOn, order: func(t *testing.T, c *client) {
			// A killed process leaves its lock file, which nobody holds.
			if err := os.WriteFile(c.options.Output+".part.lock", nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "new signature", how: goesOn, order: func(_ *testing.T, c *client) { c.signature = 5 }},
		{name: "another version", how: replaces, want: next, order: func(_ *testing.T, c *client) { c.data, c.etag = next, `"two"` }},
		{name: "damaged bytes", how: repents, order: part(func(b []byte) []byte { b[1000] ^= 1; return b })},
		{name: "damaged bytes without digests", how: repents, order: func(t *testing.T, c *client) {
			c.noHash = true
			part(func(b []byte) []byte { b[1000] ^= 1; return b })(t, c)
			state(fmt.Sprintf(`{"dataset":"kvpratama/pokemon-images-dataset","object":"%s/kaggle-data-sets/1/2/bundle/archive.zip",`+
				`"etag":"\"one\"","size":%d}`, c.storage.URL, len(data)))(t, c)
		}},
		{name: "all bytes", how: finds, order: part(func([]byte) []byte { return data })},
		{name: "too many bytes", order: part(func([]byte) []byte { return append(bytes.Clone(data), 0) })},
		{name: "no bytes", order: part(func([]byte) []byte { return nil })},
		{name: "no description", order: func(t *testing.T, c *client) {
			if err := os.Remove(c.options.Output + ".part.json"); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "half a description", order: state(`{"dataset":`)},
		{name: "of another data set", order: state(`{"dataset":"soumikrakshit/anime-faces","etag":"\"one\"","size":400000}`)},
		{name: "of another object", how: repents, order: func(t *testing.T, c *client) {
			c.noHash = true
			state(fmt.Sprintf(`{"dataset":"kvpratama/pokemon-images-dataset","object":"https://other","etag":"\"one\"","size":%d}`, len(data)))(t, c)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClientOf(t, newServers(t, data))
			there := interrupt(t, c)
			if tt.order != nil {
				c.set(func() { tt.order(t, c) })
			}
			got, err := c.fetch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == nil {
				tt.want = data
			}
			c.whole(t, tt.want)
			n := int64(len(data))
			asked := map[resume][]string{
				goesOn:     {"api", fmt.Sprintf("storage %d", there)},
				replaces:   {"api", fmt.Sprintf("storage %d", there)},
				beginsOver: {"api", "storage"},
				finds:      nil,
				repents:    {"api", fmt.Sprintf("storage %d", there), "storage"},
			}[tt.how]
			if diff := cmp.Diff(asked, c.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if resumed := map[resume]int64{goesOn: there, finds: n}[tt.how]; got.Resumed != resumed {
				t.Errorf("resumed %d bytes, want %d", got.Resumed, resumed)
			}
		})
	}
}

// TestLeftovers finds an output whole beside what a killed fetch left.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	data := pokemonArchive(t, 1)
	c := newClientOf(t, newServers(t, data))
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	leave := func() []string {
		for _, end := range []string{".part", ".part.json", ".part.lock"} {
			if err := os.WriteFile(c.options.Output+end, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return c.files(t)
	}
	left := leave()
	lock, err := takeLock(c.options.Output + ".part.lock")
	if err != nil {
		t.Fatal(err)
	}
	// Another process replaces the output just now.
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(left, c.files(t)); diff != "" {
		t.Errorf("of a fetch under way (-want +got):\n%s", diff)
	}
	if err := release(lock); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := c.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.whole(t, data)
}

// TestLock has many take and release one lock, whose file comes and goes.
func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var holders, held atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				lock, err := takeLock(path)
				if errors.Is(err, ErrBusy) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n > 1 {
					t.Errorf("%d hold the lock", n)
				}
				held.Add(1)
				runtime.Gosched()
				holders.Add(-1)
				if err := release(lock); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if held.Load() == 0 {
		t.Error("nobody got the lock")
	}
	if _, err := os.Stat(path); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock's file stays: %v", err)
	}
}

// TestDamaged serves archives that are damaged.
func TestDamaged(t *testing.T) {
	t.Parallel()
	good := pokemonArchive(t, 1)
	member := bytes.Clone(good)
	member[1000] ^= 1 // inside the first picture
	tests := []struct {
		name  string
		order func(c *client)
		want  string // in the error; empty for none
		asked []string
	}{
		{"cut archive", func(c *client) { c.data, c.noHash = good[:300_000], true }, "directory", []string{"api", "storage", "storage"}},
		{"no archive", func(c *client) { c.data, c.noHash = []byte("hello"), true }, "directory", []string{"api", "storage", "storage"}},
		{"nothing", func(c *client) { c.data, c.noHash = nil, true }, "directory", []string{"api", "storage", "storage"}},
		{"archive of nothing", func(c *client) { c.data, c.noHash = archive(t, 1), true }, "no file", []string{"api", "storage", "storage"}},
		{"damaged member", func(c *client) { c.data, c.noHash = member, true }, `"pokemon/pokemon/1.png"`, []string{"api", "storage", "storage"}},
		// Once more would bring the same.
		{"damaged member at the server", func(c *client) { c.data = member }, `"pokemon/pokemon/1.png"`, []string{"api", "storage"}},
		{"another digest", func(c *client) { c.sum = base64.StdEncoding.EncodeToString(make([]byte, 16)) }, "MD5", []string{"api", "storage", "storage"}},
		{"passing damage", func(c *client) {
			c.storageAnswers = []answer{change(func(s *servers) { s.sum = base64.StdEncoding.EncodeToString(make([]byte, 16)) }),
				change(func(s *servers) { s.sum = "" })}
		}, "", []string{"api", "storage", "storage"}},
		{"digest that is none", func(c *client) { c.sum = "hello" }, "", []string{"api", "storage"}},
		{"less promised than there is", func(c *client) {
			c.storageAlways = plain(200, string(good[:1000]), "Content-Length", "1000")
		}, "directory", []string{"api", "storage", "storage"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClientOf(t, newServers(t, good))
			tt.order(c)
			_, err := c.fetch(t.Context())
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				c.whole(t, good)
			} else {
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
				if list := c.files(t); len(list) > 0 {
					t.Errorf("left %q", list)
				}
			}
			if diff := cmp.Diff(tt.asked, c.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}
