// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// putFolder copies a folder into a bucket.
func putFolder(t *testing.T, s *gcstest.Server, dir, bucket, prefix string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		s.Put(bucket, prefix+name, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBucketModel gives each command that opens a model the same one as a folder, as
// that folder in a bucket, as an exported file and as that file in a bucket.
func TestBucketModel(t *testing.T) {
	s := gcstest.Start(t)
	dir, run := t.TempDir(), modeltest.Tiny(t)
	path := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	writePictures(t, path("in"), 3, 40)
	mustRun(t, exitDone, "export", "-model", run, "-layout", "chromabeam", path("w.safetensors"))
	mustRun(t, exitDone, "prepare", "-size", "16", "-val-percent", "0", "-input", path("in"), "-output", path("data"))
	putFolder(t, s, run, "models", "runs/7/")
	file, err := os.ReadFile(path("w.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	s.Put("models", "w.safetensors", file)
	s.SetFaults(1, 0.1)
	for _, pair := range [][2]string{{run, "gs://models/runs/7"}, {path("w.safetensors"), "gs://models/w.safetensors"}} {
		var printed [2]string
		var jobs [2]map[string]any
		for i, name := range pair {
			out := func(file string) string { return path([]string{"local-", "bucket-"}[i] + file) }
			mustRun(t, exitDone, "colorize", "-backend", "go", "-overwrite", "-model", name, path("in", "aa.png"), out("aa.png"))
			mustRun(t, exitDone, "bulk", "-backend", "go", "-overwrite", "-model", name, "-input", path("in"), "-output", out("bulk"))
			mustRun(t, exitDone, "export", "-overwrite", "-model", name, out("torch.safetensors"))
			mustRun(t, exitDone, "bench", "infer", "-backend", "go", "-batch", "1", "-steps", "1", "-model", name)
			printed[i] = mustRun(t, exitDone, "evaluate", "-backend", "go", "-split", "train", "-json", "-model", name, "-data", path("data"))
			data, err := os.ReadFile(filepath.Join(out("bulk"), ".chromabeam", "job.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &jobs[i]); err != nil {
				t.Fatal(err)
			}
			if jobs[i]["model"] != name {
				t.Errorf("job.json names the model %v, want %s", jobs[i]["model"], name)
			}
		}
		for _, file := range []string{"aa.png", "torch.safetensors", "bulk/aa.png", "bulk/ab.png", "bulk/ac.png"} {
			sameBytes(t, path("local-"+filepath.FromSlash(file)), path("bucket-"+filepath.FromSlash(file)))
		}
		if printed[0] != printed[1] || jobs[0]["model_hash"] != jobs[1]["model_hash"] {
			t.Errorf("%v: evaluate printed %s and %s, jobs have the models %v and %v",
				pair, printed[0], printed[1], jobs[0]["model_hash"], jobs[1]["model_hash"])
		}
	}
}

// TestBucketModelErrors: each command says which object it missed.
func TestBucketModelErrors(t *testing.T) {
	dir := t.TempDir()
	writePictures(t, filepath.Join(dir, "in"), 1, 40)
	picture, out := filepath.Join(dir, "in", "aa.png"), filepath.Join(dir, "out")
	commands := [][]string{
		{"colorize", "-backend", "go", picture, out + ".png"},
		{"bulk", "-backend", "go", "-input", filepath.Join(dir, "in"), "-output", out},
		{"evaluate", "-backend", "go", "-data", dir},
		{"export", out + ".safetensors"},
		{"bench", "infer", "-backend", "go"},
	}
	tests := []struct {
		name  string
		fault gcstest.Fault
		want  string
	}{
		{"gs://models/none", gcstest.Fault{}, `"gs://models/none/model.json": file does not exist`},
		{"gs://models/none.safetensors", gcstest.Fault{}, `"gs://models/none.safetensors": file does not exist`},
		{"gs://models/run", gcstest.Fault{Kind: gcstest.Denied, Times: 100}, `"gs://models/run/model.json": access denied`},
	}
	for _, args := range commands {
		for _, tt := range tests {
			s := gcstest.Start(t)
			s.CreateBucket("models")
			if tt.fault.Kind != "" {
				s.Inject(tt.fault)
			}
			at := 1 // flags come before arguments, but after what bench is to do
			if args[0] == "bench" {
				at = 2
			}
			code, _, errs := chromabeam(t, slices.Insert(slices.Clone(args), at, "-model", tt.name)...)
			if code != exitUsage || !strings.Contains(errs, tt.want) {
				t.Errorf("%s -model %s: exit code %d, stderr %q; want %d and %q", args[0], tt.name, code, errs, exitUsage, tt.want)
			}
		}
	}
}
