// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// more adds n pictures to a folder, and copies of two that are there.
func more(t *testing.T, dir string, first, n int) {
	t.Helper()
	for i := first; i < first+n; i++ {
		put(t, filepath.Join(dir, fmt.Sprintf("more/%03d.png", i)), string(pngOf(t, picture(i, 20, 16))))
	}
	for _, i := range []int{0, 1} {
		put(t, filepath.Join(dir, fmt.Sprintf("more/copy-%d-%d.png", first, i)), string(pngOf(t, picture(i, 20, 16))))
	}
}

// TestExtend adds pictures to a data set twice: old shards keep their bytes, what
// is new comes once, and a run in between changes nothing.
func TestExtend(t *testing.T) {
	t.Parallel()
	for _, runner := range []string{"direct", "prism"} {
		t.Run(runner, func(t *testing.T) {
			input := writeFolder(t, someFiles(t, 30))
			o := options(t, input)
			o.Runner, o.Extend = runner, true
			first := run(t, o) // nothing to extend: as any first run
			before := tars(contents(t, o.Output))
			if s := run(t, o); s.ReusedShards != s.Shards || s.Samples() != first.Samples() {
				t.Errorf("extending by nothing: %+v after %+v", s, first)
			}
			for step, n := range []int{20, 3} {
				more(t, input, 500+100*step, n)
				o.Extend = false
				if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), "give -extend to add what is new") {
					t.Errorf("without -extend: %v", err)
				}
				o.Extend = true
				s := run(t, o)
				verify(t, o.Output)
				if got, want := s.Samples(), first.Samples()+int64(n); got != want || s.Duplicates != first.Duplicates+2 || s.Rejects != first.Rejects {
					t.Errorf("step %d: summary %+v, want %d pictures", step, s, want)
				}
				after := tars(contents(t, o.Output))
				kept := maps.Clone(after)
				maps.DeleteFunc(kept, func(name, _ string) bool { _, old := before[name]; return !old })
				if diff := cmp.Diff(before, kept); diff != "" || len(after) <= len(before) {
					t.Errorf("step %d: %d shards after %d, old ones (-before +after):\n%s", step, len(after), len(before), diff)
				}
				o.Extend = false
				if again := run(t, o); again.ReusedShards != again.Shards || again.ManifestSHA256 != s.ManifestSHA256 {
					t.Errorf("step %d: a run without -extend made %+v of %+v", step, again, s)
				}
				before, first = after, s
			}
		})
	}
}

// TestExtendGone extends a data set whose input has lost a picture: its sample
// stays.
func TestExtendGone(t *testing.T) {
	t.Parallel()
	input := writeFolder(t, someFiles(t, 10))
	o := options(t, input)
	run(t, o)
	before := samples(t, o.Output)
	if err := os.Remove(filepath.Join(input, "p", "003.png")); err != nil {
		t.Fatal(err)
	}
	more(t, input, 500, 1)
	o.Extend = true
	run(t, o)
	after := samples(t, o.Output)
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	if _, ok := after["more/500.png"]; !ok || len(after) != len(before)+1 {
		t.Errorf("%d samples after %d", len(after), len(before))
	}
}

// TestRepair damages a data set in several ways and mends it.
func TestRepair(t *testing.T) {
	t.Parallel()
	input := writeFolder(t, someFiles(t, 30))
	o := options(t, input)
	run(t, o)
	want := contents(t, o.Output)
	tests := []struct {
		name   string
		damage func(dir string) error
	}{
		{"flipped bit", func(dir string) error {
			path := filepath.Join(dir, "train-000001.tar")
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			data[len(data)/2] ^= 1
			return os.WriteFile(path, data, 0o600)
		}},
		{"tar is gone", func(dir string) error { return os.Remove(filepath.Join(dir, "val-000000.tar")) }},
		{"stats of another", func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, "train-000000_stats.json"))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "train-000001_stats.json"), data, 0o600)
		}},
		{"plan is gone", func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, partDir(t, dir), "plan")), os.Truncate(filepath.Join(dir, "test-000000.tar"), 100))
		}},
		{"description is gone", func(dir string) error { return os.Remove(filepath.Join(dir, shard.InfoName)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.damage(o.Output); err != nil {
				t.Fatal(err)
			}
			r, err := shard.Verify(t.Context(), storeOf(t, o.Output))
			if err == nil && len(r.Damaged()) != 1 {
				t.Errorf("damaged shards: %v", r.Damaged())
			}
			s, err := Repair(t.Context(), RepairOptions{Output: o.Output, Damaged: r.Damaged(), ToolVersion: "test", Workers: 2})
			if err != nil || s.ReusedShards < s.Shards-1 {
				t.Fatalf("Repair = %+v, %v", s, err)
			}
			if diff := cmp.Diff(want, contents(t, o.Output)); diff != "" {
				t.Errorf("repaired (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Repair(t.Context(), RepairOptions{Output: t.TempDir()}); !fault.IsRequest(err) {
		t.Errorf("repairing an empty folder: %v", err)
	}
	if _, err := Repair(t.Context(), RepairOptions{Output: o.Output, Damaged: []string{"../x.tar"}}); !fault.IsRequest(err) {
		t.Errorf("repairing a shard outside: %v", err)
	}
	if _, err := Repair(t.Context(), RepairOptions{Output: o.Output, Input: "no/such/place"}); !fault.IsRequest(err) {
		t.Errorf("repairing from nowhere: %v", err)
	}
}
