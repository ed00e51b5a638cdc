// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// put writes one file into an output folder.
func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals checks requests that cannot work: the error says why, marks
// itself as a request error, and nothing was touched.
func TestRefusals(t *testing.T) {
	t.Parallel()
	good := writeFolder(t, someFiles(t, 4))
	other := writeFolder(t, someFiles(t, 5))
	tests := []struct {
		name string
		// arrange prepares the scene around complete options.
		arrange func(t *testing.T, o *Options)
		want    string
	}{
		{"missing input", func(t *testing.T, o *Options) { o.Input = filepath.Join(t.TempDir(), "no.zip") }, "there is no such file or folder"},
		{"empty folder", func(t *testing.T, o *Options) { o.Input = t.TempDir() }, "holds no pictures"},
		{"folder of other files", func(t *testing.T, o *Options) {
			o.Input = writeFolder(t, map[string][]byte{"a.txt": []byte("a")})
		}, "holds no pictures"},
		{"damaged zip", func(t *testing.T, o *Options) {
			o.Input = writeZip(t, map[string][]byte{"a.png": {}})
			info, err := os.Stat(o.Input)
			if err == nil {
				err = os.Truncate(o.Input, info.Size()-10)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, "central directory is damaged or cut off"},
		{"options", func(_ *testing.T, o *Options) { o.Size = 1 }, "size must be in"},
		{"unwritable output", func(t *testing.T, o *Options) {
			put(t, filepath.Join(filepath.Dir(o.Output), "file"), "")
			o.Output = filepath.Join(filepath.Dir(o.Output), "file", "out")
		}, "not a directory"},
		{"output is a file", func(t *testing.T, o *Options) { put(t, o.Output, "text") }, "not a directory"},
		{"foreign files", func(t *testing.T, o *Options) { put(t, filepath.Join(o.Output, "thesis.doc"), "years of work") },
			"holds other files (thesis.doc)"},
		{"another data set", func(t *testing.T, o *Options) { put(t, filepath.Join(o.Output, shard.InfoName), "{}") },
			"holds another data set (dataset_info.json)"},
		{"another command's records", func(t *testing.T, o *Options) { put(t, filepath.Join(o.Output, jobFolder, "ledger"), "") },
			"holds other files (.chromabeam/ledger)"},
		{"another command's job", func(t *testing.T, o *Options) { put(t, filepath.Join(o.Output, jobName), `{"model":"m"}`) },
			"damaged or another command's"},
		{"other settings", func(t *testing.T, o *Options) {
			run(t, *o)
			o.Size, o.Seed = 32, 8
		}, "seed was 7, now 8\n  size was 16, now 32"},
		{"other input", func(t *testing.T, o *Options) {
			run(t, *o)
			o.Input = other
		}, "files were added, removed or changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, good)
			tt.arrange(t, &o)
			before := contents(t, filepath.Dir(o.Output))
			_, err := Run(t.Context(), o)
			if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Run = %v, want a request error with %q", err, tt.want)
			}
			if diff := cmp.Diff(before, contents(t, filepath.Dir(o.Output))); diff != "" {
				t.Errorf("files changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestOverwrite(t *testing.T) {
	t.Parallel()
	o := options(t, writeFolder(t, someFiles(t, 30)))
	run(t, o)
	put(t, filepath.Join(o.Output, "notes.txt"), "mine")
	put(t, filepath.Join(o.Output, "train-000077.tar"), "stale")

	again := o
	again.Input, again.Sharding.Shards, again.Overwrite = writeFolder(t, someFiles(t, 6)), 1, true
	run(t, again)
	verify(t, again.Output)

	fresh := again
	fresh.Output, fresh.Overwrite = filepath.Join(t.TempDir(), "fresh"), false
	run(t, fresh)
	want := contents(t, fresh.Output)
	put(t, filepath.Join(fresh.Output, "notes.txt"), "mine")
	want["notes.txt"] = contents(t, fresh.Output)["notes.txt"]
	if diff := cmp.Diff(want, contents(t, again.Output)); diff != "" {
		t.Errorf("overwritten output against a fresh one (-want +got):\n%s", diff)
	}
}
