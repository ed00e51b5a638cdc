// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
)

func list(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, want := range []string{"old", "new"} {
		if err := Publish(dir, "x.tar", text(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "x.tar")); err != nil || string(got) != want {
			t.Errorf("published %q, %v, want %q", got, err, want)
		}
	}
	err := Publish(dir, "x.tar", func(w io.Writer) error { return errors.Join(text("half")(w), errBroken) })
	if !errors.Is(err, errBroken) {
		t.Errorf("Publish = %v, want the writer's error", err)
	}
	if diff := cmp.Diff([]string{"x.tar"}, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "x.tar")); string(got) != "new" {
		t.Errorf("a failed Publish changed the file to %q", got)
	}
	if err := Publish(filepath.Join(dir, "none"), "x.tar", text("")); err == nil {
		t.Error("Publish into a missing folder succeeded")
	}
}

// A killed process leaves the old file or the new one, never half of either.
func TestPublishKilled(t *testing.T) {
	const variable = "CHROMABEAM_TEST_PUBLISH"
	if dir := os.Getenv(variable); dir != "" {
		_ = Publish(dir, Name(Train, 0), text("new"))
		t.Fatal("survived its failpoint")
	}
	t.Parallel()
	for point, want := range map[string]string{"written": "old", "synced": "old", "renamed": "new"} {
		dir := t.TempDir()
		if err := Publish(dir, Name(Train, 0), text("old")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "mine.tmp"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestPublishKilled$")
		cmd.Env = append(os.Environ(), variable+"="+dir, failpoint.Variable+"=prepare.shard."+point)
		if err := cmd.Run(); err == nil {
			t.Fatalf("%s: the process was not killed", point)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, Name(Train, 0))); string(got) != want {
			t.Errorf("%s: file holds %q, want %q", point, got, want)
		}
		if err := CleanTemp(dir); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"mine.tmp", Name(Train, 0)}, list(t, dir)); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", point, diff)
		}
	}
}

// CleanTemp takes what Publish may have left and nothing that only resembles it.
func TestCleanTemp(t *testing.T) {
	t.Parallel()
	left := []string{
		"train-000000.tar.12.tmp", "val-000001_stats.json.3.tmp", "test-000002.tar.4.tmp",
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
	if err := CleanTemp(dir); err != nil {
		t.Fatal(err)
	}
	slices.Sort(kept)
	if diff := cmp.Diff(kept, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
