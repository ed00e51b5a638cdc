// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// TestResume damages a finished data set in ways that a later run must mend,
// and counts what it kept.
func TestResume(t *testing.T) {
	t.Parallel()
	input := writeFolder(t, someFiles(t, 30))
	tests := []struct {
		name   string
		damage func(dir string) error
		redone int64
	}{
		{"nothing", func(string) error { return nil }, 0},
		{"no manifest", func(dir string) error { return os.Remove(filepath.Join(dir, shard.InfoName)) }, 0},
		{"no rejects", func(dir string) error { return os.Remove(filepath.Join(dir, shard.RejectsName)) }, 0},
		{"no stats", func(dir string) error { return os.Remove(filepath.Join(dir, "train-000001_stats.json")) }, 1},
		{"damaged stats", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "train-000001_stats.json"), []byte("{"), 0o600)
		}, 1},
		{"no tar", func(dir string) error { return os.Remove(filepath.Join(dir, "train-000001.tar")) }, 1},
		{"short tar", func(dir string) error { return os.Truncate(filepath.Join(dir, "val-000000.tar"), 512) }, 1},
		{"no plan", func(dir string) error { return os.RemoveAll(filepath.Join(dir, partDir(t, dir), "plan")) }, 0},
		{"plan not sealed, shards gone", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, partDir(t, dir), "plan", "sealed.json")),
				os.Remove(filepath.Join(dir, "train-000000.tar")), os.Remove(filepath.Join(dir, "test-000000.tar")))
		}, 2},
		{"temporary files", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "train-000001.tar.123.tmp"), []byte("half"), 0o600)
		}, 0},
	}
	for _, runner := range []string{"direct", "prism"} {
		for _, tt := range tests {
			t.Run(runner+" "+tt.name, func(t *testing.T) {
				o := options(t, input)
				o.Runner = runner
				first := run(t, o)
				want := contents(t, o.Output)
				if err := tt.damage(o.Output); err != nil {
					t.Fatal(err)
				}
				s := run(t, o)
				if got := first.Shards - s.ReusedShards; got != tt.redone {
					t.Errorf("%d shards were made again, want %d", got, tt.redone)
				}
				s.ReusedShards = 0
				if diff := cmp.Diff(first, s); diff != "" {
					t.Errorf("summary (-first +second):\n%s", diff)
				}
				if diff := cmp.Diff(want, contents(t, o.Output)); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestPlanDamaged checks that a plan that does not fit its seal is an error
// and not a data set with holes.
func TestPlanDamaged(t *testing.T) {
	t.Parallel()
	for _, runner := range []string{"direct", "prism"} {
		o := options(t, writeFolder(t, someFiles(t, 30)))
		o.Runner = runner
		run(t, o)
		for _, name := range []string{"train-000000.tar", filepath.Join(partDir(t, o.Output), "plan", "train-000000.jsonl")} {
			if err := os.Truncate(filepath.Join(o.Output, name), 0); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Run(t.Context(), o)
		if err == nil || fault.IsRequest(err) || !strings.Contains(err.Error(), `reading plan "train-000000": it must have`) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Run = %v, want one line naming the plan", runner, err)
		}
	}
}

// partDir returns the folder of the first part's records.
func partDir(t testing.TB, output string) string {
	t.Helper()
	j, _, found, err := readJob(t.Context(), storeOf(t, output))
	if err != nil || !found || len(j.Parts) == 0 {
		t.Fatalf("readJob = %v, %v", found, err)
	}
	return j.Parts[0].Dir
}

// planned begins a job and runs its first pass.
func planned(t *testing.T, o Options) (*attempt, plan.Sealed) {
	t.Helper()
	s, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.release() })
	sealed, err := s.plan(t.Context(), 0, true)
	if err != nil {
		t.Fatal(err)
	}
	return s, sealed
}

// TestChangedPicture replaces a picture between the passes.
func TestChangedPicture(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"a.png": pngOf(t, picture(1, 16, 16)), "b.png": pngOf(t, picture(2, 16, 16))}
	o := options(t, writeFolder(t, files)).withDefaults()
	job, sealed := planned(t, o)
	put(t, filepath.Join(o.Input, "a.png"), string(pngOf(t, picture(3, 16, 16))))
	s, err := job.writeShards(t.Context(), []plan.Sealed{sealed}, nil)
	if err != nil || s.Samples() != 1 || s.Rejects != 1 {
		t.Fatalf("write = %+v, %v", s, err)
	}
	rejects, err := shard.ReadRejects(t.Context(), storeOf(t, o.Output))
	if err != nil || len(rejects) != 1 || rejects[0].Source != "a.png" || !rejects[0].Transient {
		t.Errorf("rejects %+v, %v", rejects, err)
	}
}
