// SPDX-License-Identifier: Apache-2.0

package prepare

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/plan"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// failing prepares a folder of which one picture cannot be opened, and returns
// what mends that.
func failing(t *testing.T) (o Options, mend func()) {
	t.Helper()
	files := someFiles(t, 30)
	delete(files, "p/copy.png")
	o = options(t, writeFolder(t, files)).withDefaults()
	restore := failOnce(t, o, true, 1, unreadable)
	return o, restore
}

// TestNothingIsLost runs jobs over a data set that lacks a picture for a
// transient reason while its input is another, gone or empty of the old
// pictures: whatever else happens, the samples that it has stay.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// again runs a job and may fail.
		again func(t *testing.T, o Options) error
	}{
		{"extended from elsewhere", func(t *testing.T, o Options) error {
			o.Input, o.Extend = writeFolder(t, map[string][]byte{"new.png": pngOf(t, picture(900, 20, 16))}), true
			_, err := Run(t.Context(), o)
			return err
		}},
		{"repaired from elsewhere", func(t *testing.T, o Options) error {
			other := writeFolder(t, map[string][]byte{"new.png": pngOf(t, picture(900, 20, 16))})
			_, err := Repair(t.Context(), RepairOptions{Output: o.Output, Input: other, Damaged: []string{"train-000000.tar"}, Workers: 2})
			if err == nil || !strings.Contains(err.Error(), "so it stays as it is") {
				t.Errorf("Repair = %v", err)
			}
			return nil
		}},
		{"input is away", func(t *testing.T, o Options) error {
			if err := os.Rename(filepath.Join(o.Input, "p"), filepath.Join(o.Input, ".p")); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(o.Input, "new.png"), string(pngOf(t, picture(901, 20, 16))))
			o.Extend = true
			_, err := Run(t.Context(), o)
			if err := os.Rename(filepath.Join(o.Input, ".p"), filepath.Join(o.Input, "p")); err != nil {
				t.Fatal(err)
			}
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, mend := failing(t)
			before := samples(t, o.Output)
			if err := tt.again(t, o); err != nil {
				t.Errorf("the run ended with %v", err)
			}
			after := samples(t, o.Output)
			for name := range before {
				if _, ok := after[name]; !ok {
					t.Errorf("%s is gone", name)
				}
			}
			// With its input back the data set is completed.
			mend()
			o.Extend = true
			if s := run(t, o); s.Samples() < int64(len(before))+1 {
				t.Errorf("in the end there are %d pictures, want all %d", s.Samples(), len(before)+1)
			}
			verify(t, o.Output)
		})
	}
}

// TestInputAway moves the input away between the passes and back afterwards.
func TestInputAway(t *testing.T) {
	t.Parallel()
	o := options(t, writeFolder(t, someFiles(t, 12))).withDefaults()
	whole := o
	whole.Output = filepath.Join(t.TempDir(), "whole")
	run(t, whole)
	s, sealed := planned(t, o)
	away := o.Input + "-away"
	if err := os.Rename(filepath.Join(o.Input, "p"), away); err != nil {
		t.Fatal(err)
	}
	_, err := s.writeShards(t.Context(), []plan.Sealed{sealed}, nil)
	if err == nil || fault.IsRequest(err) || !strings.Contains(err.Error(), "holds no usable picture") {
		t.Errorf("without its input: %v", err)
	}
	if err := os.Rename(away, filepath.Join(o.Input, "p")); err != nil {
		t.Fatal(err)
	}
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
	run(t, o)
	if diff := cmp.Diff(contents(t, whole.Output), contents(t, o.Output)); diff != "" {
		t.Errorf("with its input back (-want +got):\n%s", diff)
	}
}

// TestRecoveredCopy lets a picture be read again after an extension took a copy
// of it: the data set has it once.
func TestRecoveredCopy(t *testing.T) {
	t.Parallel()
	o, mend := failing(t)
	put(t, filepath.Join(o.Input, "again.png"), string(pngOf(t, picture(0, 20, 16)))) // as the one that failed
	o.Extend = true
	run(t, o)
	mend()
	run(t, o)
	verify(t, o.Output)
	if found := samples(t, o.Output); len(found) != 30 {
		t.Errorf("%d samples, want 30", len(found))
	}
}

// TestOverwriteAnything replaces outputs whose job cannot be read.
func TestOverwriteAnything(t *testing.T) {
	t.Parallel()
	for i, record := range []string{"{", `{"settings":{"revision":1},"listing":{}}`, `{"model":"m"}`, `{"parts":[],"settings":{}}`} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			o := options(t, writeFolder(t, someFiles(t, 6)))
			put(t, filepath.Join(o.Output, jobName), record)
			put(t, filepath.Join(o.Output, "train-000009.tar"), "old")
			if _, err := Run(t.Context(), o); !fault.IsRequest(err) {
				t.Errorf("without -overwrite: %v", err)
			}
			o.Overwrite = true
			run(t, o)
			verify(t, o.Output)
			if _, err := os.Stat(filepath.Join(o.Output, "train-000009.tar")); err == nil {
				t.Error("an old shard is left")
			}
		})
	}
}

// TestRepairDescription mends a data set whose description is cut off.
func TestRepairDescription(t *testing.T) {
	t.Parallel()
	o := options(t, writeFolder(t, someFiles(t, 12)))
	run(t, o)
	want := contents(t, o.Output)
	if err := os.Truncate(filepath.Join(o.Output, shard.InfoName), 40); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), RepairOptions{Output: o.Output, ToolVersion: "test", Workers: 2}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, contents(t, o.Output)); diff != "" {
		t.Errorf("repaired (-want +got):\n%s", diff)
	}
}
