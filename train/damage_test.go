// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chromabeam/chromabeam/model"
)

// weightFiles lists a run's weight files.
func weightFiles(t *testing.T, run string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(run, model.CheckpointsDir, weightPattern))
	must(t, err)
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	slices.Sort(files)
	return files
}

// damage changes one file.
type damage struct {
	name   string
	change func(t *testing.T, path string)
}

func damages() []damage {
	edit := func(f func(data []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			must(t, os.WriteFile(path, f(readFile(t, path)), 0o644))
		}
	}
	flip := func(at func(n int) int) func(*testing.T, string) {
		return edit(func(data []byte) []byte {
			data[at(len(data))] ^= 1
			return data
		})
	}
	return []damage{
		{"cut short", edit(func(data []byte) []byte { return data[:len(data)-1] })},
		{"halved", edit(func(data []byte) []byte { return data[:len(data)/2] })},
		{"empty", edit(func([]byte) []byte { return nil })},
		{"longer", edit(func(data []byte) []byte { return append(data, 0) })},
		{"a bit in the header's length", flip(func(int) int { return 0 })},
		{"a bit in the header", flip(func(int) int { return 50 })},
		{"a bit in a weight", flip(func(n int) int { return n * 2 / 3 })},
		{"the last bit", flip(func(n int) int { return n - 1 })},
		{"gone", func(t *testing.T, path string) { t.Helper(); must(t, os.Remove(path)) }},
	}
}

// TestDamagedCheckpoint damages the newest weight file of a run that was broken
// off: it goes on from the one before and ends as an unbroken run.
func TestDamagedCheckpoint(t *testing.T) {
	r := tinyEverything()
	base := t.TempDir()
	whole := Options{Recipe: r, Data: dataset(t, r.Size, 5, 2), Output: filepath.Join(base, "whole"), Backend: goBackend(t)}
	mustRun(t, whole)
	broken := whole
	broken.Output = filepath.Join(base, "broken")
	breakOff(t, broken, 8)
	if diff := cmp.Diff([]string{weightFile(6), weightFile(8)}, weightFiles(t, broken.Output)); diff != "" {
		t.Fatalf("weight files (-want +got):\n%s", diff)
	}
	for _, tt := range damages() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := whole
			o.Output, o.Resume = filepath.Join(t.TempDir(), "run"), true
			must(t, os.CopyFS(o.Output, os.DirFS(broken.Output)))
			tt.change(t, filepath.Join(o.Output, model.CheckpointsDir, weightFile(8)))
			var notes []string
			o.Note = func(text string) { notes = append(notes, text) }
			first := int64(0)
			o.Progress = func(p Progress) {
				if first == 0 {
					first = p.Step
				}
			}
			mustRun(t, o)
			if len(notes) != 1 || !strings.Contains(notes[0], weightFile(8)) || !strings.Contains(notes[0], weightFile(6)) {
				t.Errorf("notes %q, want one that names both weight files", notes)
			}
			if first != 7 {
				t.Errorf("the run goes on with step %d, want 7", first)
			}
			compareTraining(t, whole.Output, o.Output)
		})
	}
	pointers := map[string]func(path string) error{
		"the pointer is gone":    os.Remove,
		"the pointer is damaged": func(path string) error { return os.WriteFile(path, []byte(`{"file":`), 0o644) },
	}
	for name, damage := range pointers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := whole
			o.Output, o.Resume = filepath.Join(t.TempDir(), "run"), true
			must(t, os.CopyFS(o.Output, os.DirFS(broken.Output)))
			must(t, damage(filepath.Join(o.Output, model.CheckpointsDir, model.CheckpointLast+".json")))
			var notes []string
			o.Note = func(text string) { notes = append(notes, text) }
			mustRun(t, o)
			if len(notes) != 1 || !strings.Contains(notes[0], "last.json") || !strings.Contains(notes[0], weightFile(8)) {
				t.Errorf("notes %q, want one that names the pointer and the newest weight file", notes)
			}
			compareTraining(t, whole.Output, o.Output)
		})
	}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		for _, tt := range damages() {
			o := broken
			o.Output, o.Resume = filepath.Join(t.TempDir(), "run"), true
			must(t, os.CopyFS(o.Output, os.DirFS(broken.Output)))
			for _, step := range []int64{6, 8} {
				tt.change(t, filepath.Join(o.Output, model.CheckpointsDir, weightFile(step)))
			}
			before := readFile(t, o.Output, metricsFile)
			_, err := Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), "no checkpoint is whole") || !strings.Contains(err.Error(), weightFile(8)) ||
				tt.name != "gone" && !strings.Contains(err.Error(), weightFile(6)) {
				t.Errorf("%s: got %v, want an error that names both weight files", tt.name, err)
			}
			if diff := cmp.Diff(string(before), string(readFile(t, o.Output, metricsFile))); diff != "" {
				t.Errorf("%s: the metrics changed:\n%s", tt.name, diff)
			}
		}
	})
}

// TestDamagedTwice damages the two newest of three.
func TestDamagedTwice(t *testing.T) {
	r := tinyEverything()
	base := t.TempDir()
	o := Options{
		Recipe: r, Data: dataset(t, r.Size, 5, 2), Output: filepath.Join(base, "run"), Backend: goBackend(t), KeepCheckpoints: 3,
	}
	whole := o
	whole.Output = filepath.Join(base, "whole")
	mustRun(t, whole)
	breakOff(t, o, 8)
	damages()[0].change(t, filepath.Join(o.Output, model.CheckpointsDir, weightFile(8)))
	damages()[6].change(t, filepath.Join(o.Output, model.CheckpointsDir, weightFile(6)))
	var notes []string
	o.Note = func(text string) { notes = append(notes, text) }
	o.Resume = true
	mustRun(t, o)
	for _, step := range []int64{8, 6, 3} {
		if len(notes) != 1 || !strings.Contains(notes[0], weightFile(step)) {
			t.Errorf("notes %q, want one that names %s", notes, weightFile(step))
		}
	}
	compareTraining(t, whole.Output, o.Output)
}

// TestBestGone goes back to a checkpoint whose best one is there no more: no
// pointer may lead nowhere.
func TestBestGone(t *testing.T) {
	t.Parallel()
	run := t.TempDir()
	dir := filepath.Join(run, model.CheckpointsDir)
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, weightFile(6)), nil, 0o644))
	for _, name := range []string{model.CheckpointBest, model.CheckpointLast} {
		must(t, model.WriteCheckpointRef(run, name, model.CheckpointRef{File: weightFile(9), Step: 9}))
	}
	s := state{Step: 6, Best: &best{File: weightFile(3), Step: 3}}
	must(t, takeUp(run, s, 2))
	if diff := cmp.Diff([]string{"last.json", weightFile(6)}, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	must(t, takeUp(run, s, 2)) // there is no pointer to remove
	must(t, os.WriteFile(filepath.Join(dir, weightFile(3)), nil, 0o644))
	must(t, takeUp(run, s, 2))
	if ref, err := model.ReadCheckpointRef(run, model.CheckpointBest); err != nil || ref.Step != 3 {
		t.Errorf("best.json names %+v, %v, want step 3", ref, err)
	}
}

// TestKeepCheckpoints counts what stays beside the best.
func TestKeepCheckpoints(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	for keep, want := range map[int]int{0: defaultKeep, 1: 1, 4: 4, 9: 6} {
		r := tinyRecipe()
		r.Epochs = 6
		run := filepath.Join(t.TempDir(), "run")
		mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: goBackend(t), KeepCheckpoints: keep})
		best, err := model.ReadCheckpointRef(run, model.CheckpointBest)
		must(t, err)
		var newest []string
		for step := int64(2 * (6 - want + 1)); step <= 12; step += 2 {
			newest = append(newest, weightFile(step))
		}
		if !slices.Contains(newest, best.File) {
			newest = append([]string{best.File}, newest...)
		}
		if diff := cmp.Diff(newest, weightFiles(t, run)); diff != "" {
			t.Errorf("keeping %d (-want +got):\n%s", keep, diff)
		}
	}
}
