// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CleanTemp takes what may be left of a data set's files and nothing that only
// resembles it.
func TestCleanTemp(t *testing.T) {
	t.Parallel()
	left := []string{
		"train-000000.tar.12.tmp", "val-000001_stats.json.3.tmp", "test-1000002.tar.4.tmp",
		InfoName + ".5.tmp", RejectsName + ".6.tmp",
	}
	kept := []string{
		"photos.tar.2024.tmp", "my_stats.json.1.tmp", "my-train-000000.tar.1.tmp", "train-0.tar.1.tmp",
		"train-000000.tar.tmp", "train-000000.tar.1.tmp.bak", "train-000000xtar.1.tmp", "old" + InfoName + ".5.tmp",
		"rejects_jsonl.6.tmp", "train-000000.tar",
	}
	dir := t.TempDir()
	for _, name := range slices.Concat(left, kept) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := CleanTemp(t.Context(), in(t, dir)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(kept)
	if diff := cmp.Diff(kept, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
