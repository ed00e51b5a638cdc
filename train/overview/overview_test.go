// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

func written(t testing.TB, o Options) Result {
	t.Helper()
	o.ToolVersion = "v1.2.3"
	r, err := Write(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGolden holds every text file of a small study's overview against golden files.
func TestGolden(t *testing.T) {
	t.Parallel()
	notes := filepath.Join(t.TempDir(), "notes.md")
	put(t, []byte("# Notes\n\n## Summary\nIt **came out** well.\n\n## 6.3\nThe `critic` ran away.\n\n- first\n- second\n\n## Data\nMIT licence.\n"), notes)
	out := t.TempDir()
	got := written(t, Options{Runs: []string{study(t)}, Output: out, Notes: notes, Title: "A small study"})
	want := Result{
		Page: filepath.Join(out, "index.html"), Experiments: 5, Files: got.Files, Bytes: got.Bytes,
		Totals:   Totals{Runs: 9, Done: 6, Diverged: 1, Unfinished: 1, Missing: 1, Seconds: 480},
		Problems: []string{"6.7 l1_weight=100: it has not begun"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	var bytes int64
	files := tree(t, out)
	for name, text := range files {
		bytes += int64(len(text))
		if filepath.Ext(name) == ".png" {
			continue
		}
		golden := filepath.Join("testdata", filepath.Base(name))
		if *update {
			put(t, []byte(text), golden)
		}
		old, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v; go test ./train/overview -update writes it", err)
		}
		if diff := cmp.Diff(string(old), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
	}
	if len(files) != got.Files || bytes != got.Bytes {
		t.Errorf("there are %d files of %d bytes, and the result says %d of %d", len(files), bytes, got.Files, got.Bytes)
	}
	for name, text := range files {
		for _, path := range []string{"/somewhere", "/home/somebody", filepath.Dir(notes)} {
			if strings.Contains(text, path) {
				t.Errorf("%s names the path %s of this machine", name, path)
			}
		}
	}
}

// TestSameBytes writes the same overview again, from runs that were named another way.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	runs := study(t)
	one, two := t.TempDir(), t.TempDir()
	written(t, Options{Runs: []string{runs}, Output: one})
	var each []string
	for _, name := range []string{"6.7", "6.6-three", "6.1", "6.6", "6.3"} { // another order
		each = append(each, filepath.Join(runs, name))
	}
	written(t, Options{Runs: append(each, each[0]), Output: two})
	if diff := cmp.Diff(tree(t, one), tree(t, two)); diff != "" {
		t.Errorf("files differ (-one +two):\n%s", diff)
	}
	written(t, Options{Runs: []string{runs}, Output: one}) // over its own
}

// TestRequests are refused, and nothing is written.
func TestRequests(t *testing.T) {
	t.Parallel()
	runs := study(t)
	notes := filepath.Join(t.TempDir(), "notes.md")
	put(t, []byte("## 9.9\ntext\n"), notes)
	empty := t.TempDir()
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"no runs", Options{Output: "out"}, "one run folder or more"},
		{"no output", Options{Runs: []string{runs}}, "output must name a folder"},
		{"nameless run", Options{Runs: []string{""}, Output: "out"}, "run 1 must name a folder"},
		{"empty folder", Options{Runs: []string{empty}}, "holds no run"},
		{"nothing there", Options{Runs: []string{filepath.Join(empty, "none")}}, "none is not there"},
		{"no notes", Options{Runs: []string{runs}, Notes: filepath.Join(empty, "none")}, "reading notes"},
		{"notes on something else", Options{Runs: []string{runs}, Notes: notes}, `"9.9"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			if tt.options.Output == "" && tt.name != "no output" {
				tt.options.Output = out
			}
			_, err := Write(t.Context(), tt.options)
			if !fault.IsRequest(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a request refused with %q", err, tt.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("the output was made")
			}
		})
	}
}

// TestOverwrite replaces what is the overview's own and nothing else.
func TestOverwrite(t *testing.T) {
	t.Parallel()
	runs, out := study(t), t.TempDir()
	put(t, []byte("mine"), out, "notes.md")
	put(t, []byte("mine too"), out, "README.md")
	o := Options{Runs: []string{runs}, Output: out}
	refused := func(want string) {
		t.Helper()
		before := tree(t, out)
		if _, err := Write(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a request refused with %q", err, want)
		}
		if diff := cmp.Diff(before, tree(t, out)); diff != "" {
			t.Errorf("it wrote all the same (-before +after):\n%s", diff)
		}
	}
	refused("README.md")
	o.Overwrite = true
	written(t, o)
	o.Overwrite = false
	whole := tree(t, out)
	if whole["notes.md"] != "mine" || whole["README.md"] == "mine too" {
		t.Error("overwriting took notes.md, or left README.md")
	}
	// Fewer runs: the pictures that are not needed any more go.
	o.Runs = []string{filepath.Join(runs, "6.1")}
	written(t, o)
	names := slices.Sorted(maps.Keys(tree(t, out)))
	want := []string{"README.md", "index.html", "notes.md", "pictures/curves-6.1.svg", "pictures/gray.png", "pictures/overview.png", "pictures/run-6.1.png", "pictures/true.png", "report.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	put(t, []byte("edited"), out, "index.html")
	o.Runs = []string{runs}
	refused("index.html")
	put(t, []byte(`{"kind":"somebody else's"}`), out, "report.json")
	refused("report.json")
}

// TestWorstNames puts marks of HTML and of Markdown wherever a run can have them.
func TestWorstNames(t *testing.T) {
	t.Parallel()
	const worst = "<script>alert(1)</script>|*x* `y` [z](javascript:1) \u202e\x07 ![p](q) & \"'"
	dir := t.TempDir()
	recipe := reducedTo(t, "6.6", "size=32").Recipe
	recipe.About = recipes.About{Name: strings.ReplaceAll(worst, " ", "_"), Title: worst, Hypothesis: worst, Expected: worst, Section: worst, Command: worst}
	folder := filepath.Join(dir, "a <b> |c| é")
	makeRun(t, folder, madeRun{recipe: recipe, status: train.StatusDone, epochs: 2, level: 0.1})
	var record map[string]any
	data, err := os.ReadFile(filepath.Join(folder, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	record["status"], record["backend"] = worst, map[string]any{"name": worst, "description": worst, "precision": worst}
	record["versions"] = map[string]string{worst: worst}
	record["data"] = map[string]any{"path": "/data/" + worst, "manifest_sha256": worst, "size": 32, "train": 1, "validation": 1}
	putJSON(t, record, folder, "run.json")
	out := t.TempDir()
	written(t, Options{Runs: []string{dir}, Output: out, Title: worst})
	for name, text := range tree(t, out) {
		for _, bad := range []string{"<script>alert", "\u202e", "\x07"} {
			if filepath.Ext(name) != ".json" && filepath.Ext(name) != ".png" && strings.Contains(text, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
		if name == "README.md" {
			for _, bad := range []string{"|*x*", "[z](", "![p](", " `y`"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s has %q, which marks something up", name, bad)
				}
			}
		}
	}
}

// TestSize bounds what all runs of the report come to at their own size, with the
// pictures that compress worst.
func TestSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noise := noisyGrid(t, 256)
	n := 0
	for _, e := range recipes.All() {
		if e.Section == "" {
			continue
		}
		folder := filepath.Join(dir, e.Name)
		if e.Sweep() {
			putJSON(t, e, folder, "sweep.json")
		}
		for _, run := range e.Runs() {
			at := filepath.Join(folder, run.Label)
			makeRun(t, at, madeRun{recipe: run.Recipe, size: 256, status: train.StatusDone, epochs: 50, level: 0.1})
			put(t, noise, at, "samples", "epoch-0050.png")
			n++
		}
	}
	got := written(t, Options{Runs: []string{dir}, Output: t.TempDir()})
	if got.Done != n || got.Bytes > 5<<20 {
		t.Errorf("%d of %d runs come to %d bytes, want at most 5 MiB", got.Done, n, got.Bytes)
	}
	t.Logf("%d runs of noise come to %d bytes", n, got.Bytes)
}

func TestMinutes(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0.0", 1: "< 0.1", 6: "0.1", 90: "1.5", 5990: "99.8", 5999: "100", 90_000_000: "1,500,000"} {
		if got := minutes(seconds); got != want {
			t.Errorf("minutes(%g) = %q, want %q", seconds, got, want)
		}
	}
}
