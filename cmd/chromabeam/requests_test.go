// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/model/modeltest"
	"github.com/chromabeam/chromabeam/transforms/gcs/gcstest"
)

// TestRequestsPerPicture counts what one more picture asks of a bucket, which
// docs/scale.md computes with: bulk reads and writes each once, prepare reads each
// twice, and nothing else grows but with pages, plans and segments of thousands.
func TestRequestsPerPicture(t *testing.T) {
	run, dir := modeltest.Tiny(t), t.TempDir()
	requests := func(command string, n int) map[string]int {
		s := gcstest.Start(t)
		s.CreateBucket("out")
		in := filepath.Join(dir, fmt.Sprint(command, n))
		writePictures(t, in, n, 40)
		files, err := os.ReadDir(in)
		if err != nil || len(files) != n {
			t.Fatal(len(files), err)
		}
		putFolder(t, s, in, "input", "p/")
		args := []string{command, "-input", "gs://input/p", "-output", "gs://out/o"}
		if command == "bulk" {
			args = append(args, "-backend", "go", "-model", run)
		} else {
			args = append(args, "-size", "16", "-val-percent", "0")
		}
		mustRun(t, exitDone, args...)
		return s.Requests()
	}
	const few, more = 40, 60 // each with as many thumbnails as there can be
	for command, want := range map[string]map[string]int{"bulk": {"read": 1, "write": 1}, "prepare": {"read": 2}} {
		a, b := requests(command, few), requests(command, more)
		got := map[string]int{}
		for op := range b {
			if each := (b[op] - a[op]) / (more - few); each != 0 { // one request more is another page or segment
				got[op] = each
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: a picture more makes the requests %v, want %v: of %d %v, of %d %v", command, got, want, few, a, more, b)
		}
	}
}
