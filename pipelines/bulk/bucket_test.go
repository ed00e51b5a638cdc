// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// outputSums maps each coloured picture of an output of any kind to its SHA-256.
func outputSums(t testing.TB, server *gcstest.Server, output string) map[string]string {
	t.Helper()
	rest, remote := strings.CutPrefix(output, "gs://")
	bucket, name, _ := strings.Cut(rest, "/")
	archive := strings.HasSuffix(output, ".zip") || strings.HasSuffix(output, ".tar")
	switch {
	case !remote && !archive:
		return sums(t, output)
	case !archive:
		out := map[string]string{}
		for _, o := range server.List(bucket, name+"/") {
			rel := strings.TrimPrefix(o, name+"/")
			if data, ok := server.Get(bucket, o); ok && !ownFile(rel) {
				out[rel] = sum(data)
			}
		}
		return out
	case remote:
		data, ok := server.Get(bucket, name)
		if !ok {
			t.Fatalf("%s is not there", output)
		}
		output = filepath.Join(t.TempDir(), filepath.Base(name))
		if err := os.WriteFile(output, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if strings.HasSuffix(output, ".zip") {
		return zipSums(t, output)
	}
	return tarSums(t, output)
}

// ownFile reports whether a file of an output folder is the job's own.
func ownFile(name string) bool {
	return strings.HasPrefix(name, stateFolder) || name == reportHTMLFile || name == reportJSONFile || name == rejectsFile
}

// tarSums is [sums] for a tar, which must be sorted and without times.
func tarSums(t testing.TB, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out, last := map[string]string{}, ""
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name <= last || h.Mode != 0o644 || h.ModTime.Unix() != 0 || h.Uid != 0 || h.Uname != "" {
			t.Errorf("header %+v after %q", h, last)
		}
		member, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		last, out[h.Name] = h.Name, sum(member)
	}
}

// TestBucket colours from a folder and from buckets into every kind of output,
// and wants the same pictures everywhere, and that a second run asks for little.
func TestBucket(t *testing.T) {
	files := some(t)
	for _, name := range []string{"a#b.png", "a?b=c.png", "100%25.png", "with space.png", "ümläut.png", "new\nline.png", "a+b&c.png"} {
		files[name] = pngBytes(t, gray(11, 12, 9))
	}
	n := int64(len(files))
	local := tiny(t, writeFolder(t, files), filepath.Join(t.TempDir(), "out"))
	wantCounts(t, mustRun(t, local), counts{n, n, 0, 0})
	want := sums(t, local.Output)
	server := gcstest.Start(t)
	server.CreateBucket("out")
	for name, data := range files {
		server.Put("input", "pictures/"+name, data)
	}
	server.Put("input", "picturesque/other.png", pngBytes(t, gray(9, 9, 1))) // another folder
	for _, runner := range []string{"direct", "prism"} {
		for i, output := range []string{"gs://out/RUNNER/folder", "gs://out/RUNNER/a.zip", "gs://out/RUNNER.tar", "DIR/out.tar", "DIR/out"} {
			t.Run(runner+" "+output, func(t *testing.T) {
				o := local
				o.Runner, o.Input = runner, "gs://input/pictures"
				if i == 0 {
					o.Input = local.Input
				}
				o.Output = strings.NewReplacer("RUNNER", runner, "DIR", t.TempDir()).Replace(output)
				wantCounts(t, runAny(t, o), counts{n, n, 0, 0})
				if diff := cmp.Diff(want, outputSums(t, server, o.Output)); diff != "" {
					t.Errorf("pictures (-folder +bucket):\n%s", diff)
				}
				before := maps.Clone(server.Requests())
				wantCounts(t, runAny(t, o), counts{n, n, n, 0})
				requests := map[string]int{}
				for op, n := range server.Requests() {
					requests[op] = n - before[op]
				}
				t.Logf("a second run: %v", requests)
				if w := requests[string(gcstest.OpWrite)]; w > 5 {
					t.Errorf("a second run wrote %d objects", w)
				}
			})
		}
	}
}

// runAny is [mustRun] for any output.
func runAny(t *testing.T, o Options) counts {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return counts{s.Pictures, s.Colored, s.Skipped, s.Rejects}
}
