// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/transforms/shard"
)

// TestInspectRepair damages a data set, repairs it, and wants the bytes that it
// had.
func TestInspectRepair(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	pictures, data, other := filepath.Join(base, "pictures"), filepath.Join(base, "data"), filepath.Join(base, "other")
	writePictures(t, pictures, 24, 20)
	writePictures(t, other, 2, 30)
	mustRun(t, exitDone, "prepare", "-input", pictures, "-output", data, "-size", "16", "-shards", "3", "-val-percent", "20")
	want := digests(t, data)
	flip := func(name string) {
		t.Helper()
		path := filepath.Join(data, name)
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bytes[len(bytes)/2] ^= 0x10
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flip("train-000001.tar")
	mustRun(t, exitFailed, "inspect", data)
	// From pictures that are others nothing can be made, and nothing is lost.
	code, _, errs := chromabeam(t, "inspect", data, "-repair", "-input", other)
	if code != exitFailed || !strings.Contains(errs, "so it stays as it is") {
		t.Errorf("from other pictures: exit code %d\n%s", code, errs)
	}
	if out := mustRun(t, exitDone, "inspect", data, "-repair"); !strings.Contains(out, "problems=0 ") {
		t.Errorf("repaired: %s", out)
	}
	sameFiles(t, want, digests(t, data))

	flip("val-000000.tar")
	if err := os.Remove(filepath.Join(data, shard.InfoName)); err != nil {
		t.Fatal(err)
	}
	mustRun(t, exitUsage, "inspect", data)
	mustRun(t, exitDone, "inspect", data, "-repair")
	sameFiles(t, want, digests(t, data))

	mustRun(t, exitUsage, "inspect", data, "-input", pictures)
	mustRun(t, exitUsage, "inspect", data, "-near-duplicates", "11")
	mustRun(t, exitUsage, "inspect", t.TempDir(), "-repair")
}
