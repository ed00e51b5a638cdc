// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tinyRecipe is a training of seconds on 16-px pictures, on any backend.
func tinyRecipe() []string {
	return []string{
		"-recipe", "demo", "-backend", "go", "-set", "size=16", "-set", "num_downs=3", "-set", "filters=4",
		"-set", "epochs_num=2", "-set", "train_batch_size=4", "-set", "val_batch_size=4",
	}
}

// writePictures makes a folder of small pictures: flat shapes whose colour
// follows from their gray value.
func writePictures(t *testing.T, dir string, n, side int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		img := image.NewRGBA(image.Rect(0, 0, side, side+i%3))
		for y := range img.Rect.Dy() {
			for x := range side {
				v := uint8(64 * ((x*4/side + y*3/side + random.IntN(2)) % 4))
				img.Set(x, y, color.RGBA{v, 255 - v, v / 2, 255})
			}
		}
		f, err := os.Create(filepath.Join(dir, string(rune('a'+i/26))+string(rune('a'+i%26))+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// digests maps each file below dir to its SHA-256. Files whose content is a
// time by nature are left out.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || timed(name) {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		sums[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// timed reports whether a file holds times or the order of work: a job's own
// records, timings, TensorBoard's events and reports.
func timed(name string) bool {
	base := filepath.Base(name)
	return strings.Contains(filepath.ToSlash(name), ".chromabeam/") || base == "timings.jsonl" || base == "run.json" ||
		base == "report.json" || base == "report.html" || strings.Contains(base, ".tfevents.")
}

func sameFiles(t *testing.T, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files differ (-want +got):\n%s", diff)
	}
}

// TestFlow runs the three flows as a user does, on pictures made here.
func TestFlow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	writePictures(t, path("pictures"), 24, 20)
	if err := os.WriteFile(filepath.Join(path("pictures"), "zz-broken.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}

	prepare := []string{"prepare", "-input", path("pictures"), "-output", path("data"), "-size", "16", "-val-percent", "25"}
	out := mustRun(t, exitRejects, prepare...)
	if !strings.Contains(out, "pictures=24 ") || !strings.Contains(out, "rejects=1 ") {
		t.Errorf("prepare printed %q", out)
	}
	before := digests(t, path("data"))
	mustRun(t, exitRejects, prepare...)
	sameFiles(t, before, digests(t, path("data")))
	mustRun(t, exitRejects, "prepare", "-runner", "prism", "-input", path("pictures"), "-output", path("data-prism"), "-size", "16", "-val-percent", "25")
	sameFiles(t, before, digests(t, path("data-prism")))
	mustRun(t, exitDone, "inspect", path("data"))

	mustRun(t, exitDone, append([]string{"train", "-data", path("data"), "-output", path("run")}, tinyRecipe()...)...)
	mustRun(t, exitUsage, append([]string{"train", "-data", path("data"), "-output", path("run")}, tinyRecipe()...)...)
	mustRun(t, exitDone, "evaluate", "-backend", "go", "-model", path("run"), "-data", path("data"))

	mustRun(t, exitDone, "colorize", "-backend", "go", "-model", path("run"), filepath.Join(path("pictures"), "aa.png"), path("one.png"))
	bulk := []string{"bulk", "-backend", "go", "-model", path("run"), "-input", path("pictures"), "-output"}
	out = mustRun(t, exitRejects, append(bulk, path("coloured"))...)
	if !strings.Contains(out, "colored=24 ") || !strings.Contains(out, "rejects=1 ") {
		t.Errorf("bulk printed %q", out)
	}
	coloured := digests(t, path("coloured"))
	one, err := os.ReadFile(path("one.png"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(one)
	if got := hex.EncodeToString(sum[:]); got != coloured["aa.png"] {
		t.Errorf("colorize and bulk differ on aa.png: %s and %s", got, coloured["aa.png"])
	}
	if out = mustRun(t, exitRejects, append(bulk, path("coloured"))...); !strings.Contains(out, "skipped=24 ") {
		t.Errorf("the second bulk printed %q", out)
	}
	sameFiles(t, coloured, digests(t, path("coloured")))
	mustRun(t, exitRejects, append(bulk, path("coloured.zip"), "-runner", "prism")...)
	compareZip(t, path("coloured.zip"), coloured)
}

// compareZip wants every picture of a coloured folder in the zip, alike.
func compareZip(t *testing.T, file string, folder map[string]string) {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var got []string
	for _, f := range archive.File {
		got = append(got, f.Name)
	}
	var want []string
	for name := range folder {
		if strings.HasSuffix(name, ".png") {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members of %s (-want +got):\n%s", file, diff)
	}
}
