// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// tinyData prepares pictures of 16 px.
func tinyData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pictures, data := filepath.Join(dir, "pictures"), filepath.Join(dir, "data")
	writePictures(t, pictures, 24, 20)
	mustRun(t, exitDone, "prepare", "-input", pictures, "-output", data, "-size", "16", "-val-percent", "25")
	return data
}

// TestTrainSweep trains a sweep of the report's on trial, shrunk further to what
// the go backend does in seconds: one run, then the rest.
func TestTrainSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pictures, data, output := filepath.Join(dir, "pictures"), filepath.Join(dir, "data"), filepath.Join(dir, "sweep")
	writePictures(t, pictures, 24, 30)
	mustRun(t, exitDone, "prepare", "-input", pictures, "-output", data, "-size", "24", "-val-percent", "25")
	args := func(more ...string) []string {
		return append([]string{
			"train", "-backend", "go", "-recipe", "6.7", "-smoke", "-set", "size=24", "-set", "filters=2", "-set", "critic_filters=2",
			"-set", "train_limit=4", "-set", "d_coef=1", "-data", data, "-output", output,
		}, more...)
	}
	// What cannot work leaves nothing: no data set, a sweep's size that is not
	// that of the data.
	empty := filepath.Join(dir, "empty")
	mustRun(t, exitUsage, args("-data", filepath.Join(dir, "nowhere"), "-output", empty)...)
	mustRun(t, exitUsage, args("-set", "size=32", "-output", empty)...)
	if _, err := os.Stat(empty); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a sweep that was refused has a folder: %v", err)
	}
	out := mustRun(t, exitDone, args("-only", "l1_weight=25")...)
	if !strings.Contains(out, "runs=1 best=") {
		t.Errorf("one run of the sweep printed %q", out)
	}
	before := digests(t, output)
	mustRun(t, exitUsage, args()...)                 // a run is there, and was not asked to be resumed
	mustRun(t, exitUsage, args("-set", "seed=5")...) // another sweep
	mustRun(t, exitUsage, args("-overwrite", "-data", filepath.Join(dir, "nowhere"))...)
	sameFiles(t, before, digests(t, output)) // and none was trained
	before = digests(t, filepath.Join(output, "l1_weight=25"))
	out = mustRun(t, exitDone, args("-resume")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; len(lines) < 8 || !strings.HasPrefix(lines[0], "run ") ||
		!strings.HasPrefix(lines[5], "l1_weight=100") || !strings.HasPrefix(last, "runs=5 best=") {
		t.Fatalf("the sweep printed %q, want a head, five runs, what came out and the result", out)
	}
	marked := 0
	for _, line := range lines[:len(lines)-1] {
		if len(line) > 80 {
			t.Errorf("%q is wider than 80 columns", line)
		}
		if label, _, found := strings.Cut(line, "* "); found && label != "" {
			marked++
			if !strings.Contains(lines[len(lines)-1], " best=\""+label+"\" ") {
				t.Errorf("%s is marked, not what the result calls best: %s", label, lines[len(lines)-1])
			}
		}
	}
	if marked != 1 {
		t.Errorf("%d runs are marked, want one:\n%s", marked, out)
	}
	said := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		"* lowest validation L1 of the runs that came to their end",
		"This is at 24 px, while recipe 6.7 is for 256 px: what is best here need not carry over.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the sweep does not print %q:\n%s", want, out)
		}
	}
	if strings.Contains(said, "The report calls") {
		t.Errorf("a trial is held beside the report's verdict:\n%s", out)
	}
	sameFiles(t, before, digests(t, filepath.Join(output, "l1_weight=25")))
	var result train.SweepResult
	if err := json.Unmarshal([]byte(mustRun(t, exitDone, args("-resume", "-json")...)), &result); err != nil || len(result.Runs) != 5 {
		t.Errorf("as JSON the sweep is %+v, %v", result, err)
	}
	mustRun(t, exitUsage, args("-only", "l1_weight=26")...)
	mustRun(t, exitUsage, args("-set", "l1_weight=3")...)
}

// TestComparison prints scores of runs that have ended, and no others.
func TestComparison(t *testing.T) {
	t.Parallel()
	scores := &train.Scores{Quality: pixel.Quality{L1: 0.25, PSNR: 20, SSIM: 0.5, CIEDE2000: 12, Colorfulness: 30}}
	run := func(label string, status train.Status, v *train.Scores) train.SweepRun {
		return train.SweepRun{Label: label, Result: train.Result{Status: status, Epochs: 2, TrainL1: 0.125, Validation: v}}
	}
	got := comparison(train.SweepResult{Best: "a=2", BestBy: "validation L1", Runs: []train.SweepRun{
		run("a=1", train.StatusDiverged, scores), run("a=2", train.StatusDone, scores), run("a=3", train.StatusInterrupted, scores),
	}})
	want := `run  status      epochs  val L1   PSNR   SSIM CIEDE2000  colour
a=1  diverged         2  0.2500  20.00  0.500     12.00    30.0
a=2* done             2  0.2500  20.00  0.500     12.00    30.0
a=3  interrupted      2
* lowest validation L1 of the runs that came to their end
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with validation (-want +got):\n%s", diff)
	}
	got = comparison(train.SweepResult{Best: "a=1", BestBy: "training L1", LeftOut: []string{"a=3 is left out."}, Runs: []train.SweepRun{
		run("a=1", train.StatusDone, nil), run("a=2", train.StatusFailed, nil),
	}})
	want = `run  status      epochs train L1
a=1* done             2   0.1250
a=2  failed           2
* lowest training L1 of the runs that came to their end
a=3 is left out.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("without validation (-want +got):\n%s", diff)
	}
}

// TestEvaluateFiles compares the files that evaluate writes with what it prints.
func TestEvaluateFiles(t *testing.T) {
	t.Parallel()
	data := tinyData(t)
	dir := t.TempDir()
	run, table, grid := filepath.Join(dir, "run"), filepath.Join(dir, "scores.csv"), filepath.Join(dir, "grid.png")
	mustRun(t, exitDone, append([]string{"train", "-data", data, "-output", run}, tinyRecipe()...)...)
	out := mustRun(t, exitDone, "evaluate", "-backend", "go", "-model", run, "-data", data, "-split", "train",
		"-csv", table, "-grid", grid, "-grid-pictures", "5", "-json")
	var e train.Evaluation
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(rows) != e.Pictures+1 {
		t.Fatalf("the table has %d rows, %v, want a head and %d", len(rows), err, e.Pictures)
	}
	head := []string{
		"key", "source", "raw_l1", "raw_psnr", "raw_ssim", "raw_ciede2000", "raw_colorfulness",
		"recombined_l1", "recombined_psnr", "recombined_ssim", "recombined_ciede2000", "recombined_colorfulness",
	}
	if diff := cmp.Diff(head, rows[0]); diff != "" {
		t.Errorf("head of the table (-want +got):\n%s", diff)
	}
	var sum float64
	for _, row := range rows[1:] {
		var l1 float64
		if err := json.Unmarshal([]byte(row[2]), &l1); err != nil {
			t.Fatal(err)
		}
		sum += l1
	}
	if mean := sum / float64(e.Pictures); math.Abs(mean-e.Raw.L1) > 1e-12 || mean == 0 {
		t.Errorf("the table's mean L1 is %v, the result's %v", mean, e.Raw.L1)
	}
	picture, err := os.ReadFile(grid)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := pixel.Decode(picture, pixel.DefaultLimits())
	if err != nil || decoded.Width != 5*18+2 || decoded.Height != 3*18+2 {
		t.Errorf("the grid is %dx%d, %v, want 92x56", decoded.Width, decoded.Height, err)
	}
	out = mustRun(t, exitDone, "evaluate", "-backend", "go", "-model", run, "-data", data)
	for line := range strings.SplitSeq(out, "\n") {
		if len(line) > 80 && !strings.HasPrefix(line, "pictures=") {
			t.Errorf("%q is wider than 80 columns", line)
		}
	}
}
