// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/progress"
)

// wantRefused wants a request error that says what is wrong.
func wantRefused(t *testing.T, err error, want string) {
	t.Helper()
	if !fault.IsRequest(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want a request's with %q", err, want)
	}
}

// TestChangedSettings: other settings are refused with their difference, and
// with Overwrite everything is done again under them. What is no setting is not.
func TestChangedSettings(t *testing.T) {
	t.Parallel()
	base := tiny(t, writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1)), "b.jpg": jpegBytes(t, gray(9, 9, 2))}),
		filepath.Join(t.TempDir(), "out"))
	wantCounts(t, mustRun(t, base), counts{2, 2, 0, 0})
	for want, change := range map[string]func(*Options){
		"strength: 100, now 50": func(o *Options) { o.Strength = 50 }, "suffix: none, now -color": func(o *Options) { o.Suffix = "-color" },
		"prefix: none, now p": func(o *Options) { o.Prefix = "p" }, "skip-color: false, now true": func(o *Options) { o.SkipColor = true },
		"side-by-side": func(o *Options) { o.SideBySide = true }, "recode-luma": func(o *Options) { o.RecodeLuma = true },
		"quality: 90, now 80": func(o *Options) { o.Quality = 80 },
	} {
		o := base
		change(&o)
		_, err := Run(t.Context(), o)
		wantRefused(t, err, want)
		_, err = DryRun(t.Context(), o)
		wantRefused(t, err, want)
	}
	o := base
	o.Batch, o.Workers, o.Limit, o.RetryRejects = 2, 1, 5, true
	wantCounts(t, mustRun(t, o), counts{2, 2, 2, 0})
	o = base
	o.Prefix, o.Suffix, o.Overwrite = "p-", "-color", true
	wantCounts(t, mustRun(t, o), counts{2, 2, 0, 0})
	names := slices.Sorted(maps.Keys(sums(t, o.Output)))
	if diff := cmp.Diff([]string{"a.png", "b.jpg", "p-a-color.png", "p-b-color.jpg"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// TestLimitAndSample: what they take is what a run of the whole makes of it, and
// the next run does the rest.
func TestLimitAndSample(t *testing.T) {
	t.Parallel()
	files := mixed(t)
	input, n := writeFolder(t, files), int64(len(files))
	for _, name := range []string{"out", "out.zip", "out.tar"} {
		o := tiny(t, input, filepath.Join(t.TempDir(), name))
		o.Limit = 3
		wantCounts(t, mustRun(t, o), counts{3, 3, 0, 0})
		o.Limit, o.Sample = 0, 8
		if name != "out" {
			o.Output = filepath.Join(t.TempDir(), name)
		}
		s, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if w := s.Whole; w == nil || w.Pictures != n || w.ToDo != n-8 || w.Seconds <= 0 || w.Trial != 8-s.Skipped {
			t.Errorf("%s: the whole is forecast as %+v of %+v", name, s.Whole, s)
		}
		o.Sample = 0
		got := mustRun(t, o)
		if got.Pictures != n || got.Colored != n || got.Skipped < 8 {
			t.Errorf("%s: %+v after a sample of 8 from %d", name, got, n)
		}
		whole := tiny(t, input, filepath.Join(t.TempDir(), name))
		mustRun(t, whole)
		if diff := cmp.Diff(outputSums(t, nil, whole.Output), outputSums(t, nil, o.Output)); diff != "" {
			t.Errorf("%s: pictures (-whole +in steps):\n%s", name, diff)
		}
		if name == "out" {
			continue
		}
		o.Sample = 2
		_, err = Run(t.Context(), o)
		wantRefused(t, err, "which limit or sample would leave out")
	}
}

// TestPartRetried: a part that a killed run has made is made again where one of
// its rejects is to be tried again.
func TestPartRetried(t *testing.T) {
	t.Parallel()
	rejected := line{Stage: fault.StageDecode}
	for _, tt := range []struct {
		name  string
		lines []line
		retry bool
		run   int
		want  bool
	}{
		{"coloured", []line{{Output: "a.png"}, {Left: true}}, true, 1, false},
		{"damaged", []line{{Output: "a.png"}, rejected}, false, 1, false},
		{"damaged, asked for", []line{{Output: "a.png"}, rejected}, true, 1, true},
		{"damaged in this run", []line{rejected}, true, 2, false},
		{"away", []line{{Stage: fault.StageRead, Transient: true}}, false, 2, true},
	} {
		if got := (partRecord{Run: tt.run, Lines: tt.lines}).retried(spec{Retry: tt.retry, Run: 2}); got != tt.want {
			t.Errorf("%s: made again: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestRetryRejects: a damaged picture is looked at again only if asked for.
func TestRetryRejects(t *testing.T) {
	t.Parallel()
	input := writeFolder(t, map[string][]byte{"a.png": pngBytes(t, gray(9, 9, 1)), "bad.png": []byte("no picture")})
	for _, name := range []string{"out", "out.zip"} {
		o := tiny(t, input, filepath.Join(t.TempDir(), name))
		wantCounts(t, mustRun(t, o), counts{2, 1, 0, 1})
		tried := func() (rejects int64) {
			s, err := DryRun(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			return s.ToDo
		}
		if n := tried(); n != 0 {
			t.Errorf("%s: %d pictures are tried again", name, n)
		}
		o.RetryRejects = true
		if n := tried(); n != 1 {
			t.Errorf("%s: %d pictures are tried again, want the damaged one", name, n)
		}
		wantCounts(t, mustRun(t, o), counts{2, 1, 1, 1})
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"a.png": pngBytes(t, gray(9, 9, 1)), "b.PNG": pngBytes(t, gray(9, 9, 2)), "c.jpg": jpegBytes(t, gray(9, 9, 3)),
		"bad.gif": []byte("no picture"), strings.Repeat("x", 245) + ".gif": gifBytes(t, gray(9, 9, 4)),
	}
	var bytes, fits int64
	for name, data := range files {
		bytes += int64(len(data))
		if len(name) < 200 {
			fits += int64(len(data))
		}
	}
	input := writeFolder(t, files)
	for _, name := range []string{"out", "out.zip"} {
		dir := t.TempDir()
		o := tiny(t, input, filepath.Join(dir, name))
		// Room for the extension ".png" is what the long name lacks.
		f, err := DryRun(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: a dry run left %v, %v", name, left, err)
		}
		if f.Pictures != 5 || f.Bytes != bytes || f.Done != 0 || f.Settled != 0 || f.ToDo+f.NoPlace != 5 || f.Trial != f.ToDo || f.Seconds <= 0 {
			t.Errorf("%s: %+v", name, f)
		}
		if len(f.Extensions) != 3 || f.Extensions[0].Extension != ".gif" || f.Extensions[1].Pictures != 2 || f.Extensions[2].Extension != ".jpg" {
			t.Errorf("%s: extensions %+v", name, f.Extensions)
		}
		o.Suffix = strings.Repeat("s", 20)
		if f, err = DryRun(t.Context(), o); err != nil || f.NoPlace != 1 || f.ToDo != 4 {
			t.Errorf("%s with a suffix: %+v, %v, want one without a place", name, f, err)
		}
		o.Sample = 2
		if f, err = DryRun(t.Context(), o); err != nil || f.Trial != 2 || f.Pictures != 5 {
			t.Errorf("%s with a sample: %+v, %v", name, f, err)
		}
		o.Sample = 0
		wantCounts(t, mustRun(t, o), counts{5, 3, 0, 2})
		if f, err = DryRun(t.Context(), o); err != nil || f.Done != 3 || f.Settled != 2 || f.ToDo != 0 || f.Trial != 0 {
			t.Errorf("%s, done: %+v, %v", name, f, err)
		}
	}
	o := tiny(t, input, filepath.Join(t.TempDir(), "out"))
	o.Watch = minWatch
	_, err := DryRun(t.Context(), o)
	wantRefused(t, err, "watch must not")
}

// TestMetrics asks a job that runs for its figures.
func TestMetrics(t *testing.T) {
	t.Parallel()
	o := tiny(t, writeFolder(t, mixed(t)), filepath.Join(t.TempDir(), "out"))
	o.MetricsAddr = "127.0.0.1:0"
	var addr, during string
	o.Serving = func(bound string) { addr = bound }
	ask := func() (string, error) {
		r, err := http.Get("http://" + addr + "/metrics")
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(r.Body)
		return string(data), errors.Join(err, r.Body.Close())
	}
	o.Progress = func(p progress.State) {
		done, total := p.Done, p.Total
		if done == total {
			during, _ = ask()
		}
	}
	mustRun(t, o)
	for _, want := range []string{
		"chromabeam_bulk_pictures 28", "chromabeam_bulk_pictures_done 28", `chromabeam_bulk_pictures_total{way="png"}`,
		"chromabeam_bulk_budget_bytes ", "chromabeam_bulk_codec_workers 2", "go_goroutines",
	} {
		if !strings.Contains(during, want) {
			t.Errorf("missing %q in:\n%s", want, during)
		}
	}
	if _, err := ask(); err == nil {
		t.Error("somebody still listens after the job")
	}
}
