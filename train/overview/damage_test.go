// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train"
)

// TestBadRuns damages a run in every way. The page is made all the same and says so.
func TestBadRuns(t *testing.T) {
	t.Parallel()
	title := "6.2: " + reducedTo(t, "6.2").Title
	good := func(t *testing.T) (dir, run string) {
		dir = t.TempDir()
		makeRun(t, filepath.Join(dir, "6.1"), madeRun{recipe: reducedTo(t, "6.1").Recipe, size: 32, status: train.StatusDone, epochs: 2, level: 0.1})
		run = filepath.Join(dir, "6.2")
		makeRun(t, run, madeRun{recipe: reducedTo(t, "6.2").Recipe, size: 32, status: train.StatusDone, epochs: 2, level: 0.2})
		return dir, run
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, run string)
		want   Totals
		text   string // on both pages
	}{
		{"recipe", func(t *testing.T, run string) { put(t, []byte("{"), run, "recipe.json") }, Totals{Runs: 2, Done: 1, Damaged: 1}, "6.2 is damaged: reading its recipe"},
		{"record", func(t *testing.T, run string) { put(t, []byte("nonsense"), run, "run.json") }, Totals{Runs: 2, Done: 1, Damaged: 1}, "6.2 is damaged: reading"},
		{"metrics", func(t *testing.T, run string) { put(t, []byte("{}\n{broken}\n"), run, "metrics.jsonl") }, Totals{Runs: 2, Done: 1, Damaged: 1}, "line 2 of"},
		{"no record", func(t *testing.T, run string) { remove(t, run, "run.json") }, Totals{Runs: 2, Done: 1, Missing: 1}, "6.2 is missing: it has not begun"},
		{"no recipe", func(t *testing.T, run string) { remove(t, run, "recipe.json") }, Totals{Runs: 2, Done: 1, Damaged: 1}, "6.2 is damaged"},
		{"metrics cut off", func(t *testing.T, run string) { cut(t, run, "metrics.jsonl") }, Totals{Runs: 2, Done: 2}, title},
		{"no metrics", func(t *testing.T, run string) { remove(t, run, "metrics.jsonl") }, Totals{Runs: 2, Done: 2}, title},
		{"no timings", func(t *testing.T, run string) { remove(t, run, "timings.jsonl") }, Totals{Runs: 2, Done: 2}, title},
		{"no samples", func(t *testing.T, run string) { remove(t, run, "samples") }, Totals{Runs: 2, Done: 2}, "6.2: no samples yet."},
		{"damaged samples", func(t *testing.T, run string) { put(t, []byte("GIF89a"), run, "samples", "epoch-0002.png") }, Totals{Runs: 2, Done: 2}, "6.2: the samples cannot be read."},
		{"gone", func(t *testing.T, run string) { remove(t, run) }, Totals{Runs: 2, Done: 1, Missing: 1}, "6.2 is missing: 6.2 is not there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, run := good(t)
			tt.damage(t, run)
			out := t.TempDir()
			got := written(t, Options{Runs: []string{filepath.Join(dir, "6.1"), run}, Output: out})
			got.Seconds = 0
			if diff := cmp.Diff(tt.want, got.Totals); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			files := tree(t, out)
			for _, name := range []string{"index.html", "README.md"} {
				if !strings.Contains(html.UnescapeString(files[name]), tt.text) {
					t.Errorf("%s lacks %q", name, tt.text)
				}
				if strings.Contains(files[name], dir) {
					t.Errorf("%s names a path of this machine", name)
				}
			}
		})
	}
}

func remove(t *testing.T, path ...string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

// cut leaves the last line of a file unfinished.
func cut(t *testing.T, path ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	put(t, data[:len(data)-9], path...)
}

// TestBadSweep shows the runs of a sweep whose file is damaged, each for itself.
func TestBadSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeSweep(t, filepath.Join(dir, "6.7"), reducedTo(t, "6.7", "size=32"))
	put(t, []byte(`{"vary":{"key":"l1_weight","values":["1","2"],"labels":["../up","b"]}}`), dir, "6.7", "sweep.json")
	got := written(t, Options{Runs: []string{dir}, Output: t.TempDir()})
	if got.Runs != 4 || got.Missing != 0 || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "the sweep in 6.7 is damaged") {
		t.Errorf("got %+v, want the four runs that are there and one problem", got)
	}
}
