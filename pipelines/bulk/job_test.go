// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// TestRejectHash: every limit leaves its trace, however large it is.
func TestRejectHash(t *testing.T) {
	t.Parallel()
	seen := map[string]pixel.Limits{}
	for _, l := range []pixel.Limits{
		{MaxPixels: 100_000_000, MaxBytes: 1 << 28}, {MaxPixels: 200_000_000, MaxBytes: 1 << 28},
		{MaxPixels: 100_000_000, MaxBytes: 1 << 29}, {MaxPixels: 65, MaxBytes: 1 << 28},
	} {
		hash := job{Format: FormatSame, Quality: 90}.rejectHash(l)
		if other, ok := seen[hash]; ok {
			t.Errorf("limits %+v and %+v have one hash", l, other)
		}
		seen[hash] = l
	}
}

// TestJobSettings: every setting of a job is in its hash and in the difference
// that a refusal names, and nothing else is.
func TestJobSettings(t *testing.T) {
	t.Parallel()
	base := job{Version: jobVersion, Input: "/in", ModelHash: "m", ModelSize: 64, Backend: "go", Format: FormatSame, Quality: 90, Strength: 100}
	hashes := map[string]string{base.hash(): "base"}
	for name, change := range map[string]func(*job){
		"render size": func(j *job) { j.ModelSize = 128 }, "backend": func(j *job) { j.Backend = "xla:cpu" },
		"format": func(j *job) { j.Format = FormatPNG }, "quality": func(j *job) { j.Quality = 91 },
		"strength": func(j *job) { j.Strength = 99 }, "skip-color": func(j *job) { j.SkipColor = true },
		"side-by-side": func(j *job) { j.SideBySide = true }, "recode-luma": func(j *job) { j.RecodeLuma = true },
		"prefix": func(j *job) { j.Prefix = "x" }, "suffix": func(j *job) { j.Suffix = "x" },
		"version of the records": func(j *job) { j.Version++ },
	} {
		changed := base
		change(&changed)
		if other, ok := hashes[changed.hash()]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		hashes[changed.hash()] = name
		if diff := changed.diff(base); !strings.HasPrefix(diff, name+": ") || strings.Contains(diff, ";") {
			t.Errorf("%s: the difference is %q", name, diff)
		}
	}
	// A line of the ledger has these itself.
	for name, change := range map[string]func(*job){
		"input": func(j *job) { j.Input = "/other" }, "model hash": func(j *job) { j.ModelHash = "n" },
	} {
		changed := base
		change(&changed)
		if changed.hash() != base.hash() {
			t.Errorf("%s is in the hash", name)
		}
		if diff := changed.diff(base); !strings.HasPrefix(diff, name+": ") {
			t.Errorf("%s: the difference is %q", name, diff)
		}
	}
	if n := reflect.TypeFor[job]().NumField(); n != 13 {
		t.Errorf("a job has %d fields, this test knows 13", n)
	}
}

// TestRaisedLimits: a picture that was too large is tried again, and coloured,
// once it is allowed; with the limits as they were it is not.
func TestRaisedLimits(t *testing.T) {
	t.Parallel()
	// Above the last rune, where a careless rendering makes all numbers equal.
	const side = 1100
	pictures := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1)), "large.png": pngBytes(t, gray(side, side, 2))})
	for _, output := range []string{"out", "out.zip"} {
		o := tiny(t, pictures, filepath.Join(t.TempDir(), output))
		o.Limits.MaxPixels = side*side - 1
		wantCounts(t, mustRun(t, o), counts{2, 1, 0, 1})
		wantCounts(t, mustRun(t, o), counts{2, 1, 1, 1})
		o.Limits.MaxPixels = side * side
		wantCounts(t, mustRun(t, o), counts{2, 2, 1, 0})
	}
}

// TestWorkerHasAnotherModel: a worker that finds another network than the job's
// colours nothing.
func TestWorkerHasAnotherModel(t *testing.T) {
	t.Parallel()
	o := tiny(t, t.TempDir(), t.TempDir())
	l, err := newLayout(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	s := spec{Input: o.Input, Layout: l, Settings: o.settings(), Model: "another"}
	if err := new(worker).open(t.Context(), s); err == nil || !strings.Contains(err.Error(), "it is not the one that the job began with") {
		t.Errorf("got error %v", err)
	}
}

// TestTeardownWithoutSetup: a runner tears down what it could not set up.
func TestTeardownWithoutSetup(t *testing.T) {
	t.Parallel()
	if err := (&colorizeFn{}).Teardown(); err != nil {
		t.Error(err)
	}
}
