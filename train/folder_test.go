// SPDX-License-Identifier: Apache-2.0

package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// TestRefusals asks for what cannot work. Each is a request error that names
// the rule, before anything is written.
func TestRefusals(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	b := goBackend(t)
	recipe := tinyRecipe()
	recipe.Epochs = 1
	done := filepath.Join(t.TempDir(), "done")
	mustRun(t, Options{Recipe: recipe, Data: data, Output: done, Backend: b})
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("keep me"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*Options)
		want   []string
	}{
		{"not empty", func(o *Options) { o.Output = foreign }, []string{"is not empty and holds no run", foreign}},
		{"not empty, resumed", func(o *Options) { o.Output, o.Resume = foreign, true }, []string{"is not empty and holds no run"}},
		{"a run is there", func(o *Options) { o.Output = done }, []string{`holds a run of recipe "tiny" already`}},
		{"a file is there", func(o *Options) { o.Output = file }, []string{file}},
		{"below a file", func(o *Options) { o.Output = filepath.Join(file, "run") }, []string{file}},
		{"another recipe", func(o *Options) {
			o.Output, o.Resume = done, true
			o.Recipe.GeneratorRate, o.Recipe.Norm = 1e-4, model.NormInstance
		}, []string{"another recipe", "norm (batch there, instance asked for)", "g_lr (0.005 there, 0.0001 asked for)"}},
		{"another data set", func(o *Options) {
			o.Output, o.Resume, o.Data = done, true, dataset(t, 16, 6, 2)
		}, []string{"another data set", "manifest_sha256"}},
		{"another size", func(o *Options) { o.Data = dataset(t, 32, 2, 1) },
			[]string{"size must be that of the data set", "16 px", "32 px"}},
		{"few pictures", func(o *Options) { o.Recipe.TrainBatchSize = 6 },
			[]string{"train_batch_size must be at most the number of training pictures, 5", "got 6"}},
		{"limited pictures", func(o *Options) { o.Recipe.TrainLimit = 1 },
			[]string{"train_batch_size must be at most the number of training pictures, 1", "got 2"}},
		{"no data set", func(o *Options) { o.Data = foreign }, []string{foreign}},
		{"both", func(o *Options) { o.Resume, o.Overwrite = true, true }, []string{"contradict"}},
		{"bad recipe", func(o *Options) { o.Recipe.Downs = 7 }, []string{"num_downs must be in [1, 4] for 16-px pictures, got 7"}},
		{"nothing given", func(o *Options) { *o = Options{Recipe: o.Recipe} }, []string{"data must", "output must", "backend must"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fresh := filepath.Join(t.TempDir(), "run")
			o := Options{Recipe: recipe, Data: data, Output: fresh, Backend: b}
			tt.change(&o)
			_, err := Run(t.Context(), o)
			if !fault.IsRequest(err) {
				t.Fatalf("got %v, want a request error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if _, err := os.Stat(fresh); err == nil {
				t.Error("the run folder was made")
			}
		})
	}
	if got := readFile(t, foreign, "letter.txt"); string(got) != "keep me" {
		t.Errorf("the foreign file holds %q", got)
	}
}

// TestOverwrite replaces a run, and leaves what is not ours.
func TestOverwrite(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	b := goBackend(t)
	run := t.TempDir()
	recipe := tinyRecipe()
	mustRun(t, Options{Recipe: recipe, Data: data, Output: run, Backend: b})
	kept := []string{
		"notes.txt", filepath.Join(samplesDir, "favourite.png"), filepath.Join(model.CheckpointsDir, "exported.safetensors"),
	}
	for _, name := range kept {
		if err := os.WriteFile(filepath.Join(run, name), []byte("keep me"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	recipe.Epochs, recipe.Seed = 1, 8
	got := mustRun(t, Options{Recipe: recipe, Data: data, Output: run, Backend: b, Overwrite: true})
	if got.Epochs != 1 {
		t.Errorf("the new run has %d epochs, want 1", got.Epochs)
	}
	samples, err := filepath.Glob(filepath.Join(run, samplesDir, samplePattern))
	if err != nil || len(samples) != 1 {
		t.Errorf("samples %v, %v, want those of the new run alone", samples, err)
	}
	for _, name := range kept {
		if got := readFile(t, run, name); string(got) != "keep me" {
			t.Errorf("%s holds %q", name, got)
		}
	}
}

// TestOverwriteForeign asks to overwrite folders whose recipe.json is not ours.
func TestOverwriteForeign(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	for name, text := range map[string]string{
		"another program's": `{"ingredients": ["flour", "eggs"]}`, "no JSON": "flour, eggs", "empty object": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mine := filepath.Join(dir, model.CheckpointsDir, weightFile(3))
			if err := os.Mkdir(filepath.Dir(mine), 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{filepath.Join(dir, recipeFile): text, mine: "keep me"} {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Run(t.Context(), Options{Recipe: tinyRecipe(), Data: data, Output: dir, Backend: goBackend(t), Overwrite: true})
			if !fault.IsRequest(err) || !strings.Contains(err.Error(), recipeFile) {
				t.Errorf("got %v, want a request error naming %s", err, recipeFile)
			}
			if string(readFile(t, mine)) != "keep me" || string(readFile(t, dir, recipeFile)) != text {
				t.Error("files of another program were changed")
			}
		})
	}
}

// TestOverwriteBrokenOff replaces a run, is stopped after run.json was removed,
// and then resumed: it must begin anew.
func TestOverwriteBrokenOff(t *testing.T) {
	o := Options{
		Recipe: tinyRecipe(), Data: dataset(t, 16, 5, 2), Output: filepath.Join(t.TempDir(), "run"),
		Backend: goBackend(t), Resume: true,
	}
	mustRun(t, o)
	if err := os.Remove(filepath.Join(o.Output, recordFile)); err != nil {
		t.Fatal(err)
	}
	var first int64
	o.Progress = func(p Progress) {
		if first == 0 {
			first = p.Step
		}
	}
	mustRun(t, o)
	if first != 1 {
		t.Errorf("the run begins with step %d, want 1", first)
	}
	if err := os.Remove(filepath.Join(o.Output, recordFile)); err != nil {
		t.Fatal(err)
	}
	tr := startTrainer(t, o) // and dies again before its first checkpoint
	if _, found, err := loadCheckpoint(o.Output, tr.work.store, identity{
		recipe: tr.recipe, data: manifest(t, o.Data), schedule: tr.schedule,
	}, 2, t.Logf); found || err != nil {
		t.Errorf("a checkpoint of the run before is found: %v, %v", found, err)
	}
}

// TestForeignCheckpoint puts the checkpoint of another recipe in the place of
// the run's own.
func TestForeignCheckpoint(t *testing.T) {
	data := dataset(t, 16, 5, 2)
	b := goBackend(t)
	base := t.TempDir()
	recipe := tinyRecipe()
	other := recipe
	other.Beta1 = 0.9
	mine := Options{Recipe: recipe, Data: data, Output: filepath.Join(base, "mine"), Backend: b, Resume: true}
	mustRun(t, mine)
	theirs := Options{Recipe: other, Data: data, Output: filepath.Join(base, "theirs"), Backend: b}
	mustRun(t, theirs)
	ref, err := model.ReadCheckpointRef(mine.Output, model.CheckpointLast)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ref.Path(mine.Output), lastWeights(t, theirs.Output), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(mine.Output, recordFile)); err != nil { // so that the run is not over
		t.Fatal(err)
	}
	if err := writeJSON(mine.Output, recordFile, record{Data: dataRecord{ManifestSHA256: manifest(t, data)}}); err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), mine)
	if !fault.IsRequest(err) || !strings.Contains(err.Error(), "comes from another recipe") {
		t.Errorf("resuming from a foreign checkpoint: %v, want it refused", err)
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add(`{"format":1,"recipe_sha256":"r","data_sha256":"d","position":{"stage":0,"step":3,"epochs":0}}`)
	f.Add(`{"format":1,"recipe_sha256":"r","data_sha256":"d","position":{"stage":-1}}`)
	f.Add(`{"position":{"step":1e99}}`)
	of := identity{recipe: "r", data: "d", schedule: schedule{stages: tinyRecipe().Stages(), pictures: 7, batch: 2}}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decodeState(map[string]string{stateKey: text}, of)
		if err != nil {
			return
		}
		if done := of.schedule.before(s.Position); done.steps < 0 || done.steps > of.schedule.whole().steps {
			t.Errorf("%q was taken as position %+v", text, s.Position)
		}
	})
}

// TestOverwriteNames overwrites folders that are no runs: what has other names
// than a run's files stays, and one that holds any of those is refused.
func TestOverwriteNames(t *testing.T) {
	data := dataset(t, 16, 4, 2)
	for _, name := range []string{"report.html", "metrics.jsonl", "run.json", "checkpoints", "samples", sweepFile} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if filepath.Ext(name) == "" {
				must(t, os.Mkdir(path, 0o755))
				path = filepath.Join(path, "step-000000009.safetensors")
			}
			must(t, os.WriteFile(path, []byte("mine"), 0o644))
			o := Options{Recipe: tinyRecipe(), Data: data, Output: dir, Backend: goBackend(t), Overwrite: true}
			if _, err := Run(t.Context(), o); !fault.IsRequest(err) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want a request error naming %s", err, name)
			}
			if got := string(readFile(t, path)); got != "mine" {
				t.Errorf("%s holds %q now", name, got)
			}
		})
	}
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	must(t, os.WriteFile(letter, []byte("mine"), 0o644))
	mustRun(t, Options{Recipe: tinyRecipe(), Data: data, Output: dir, Backend: goBackend(t), Overwrite: true})
	if got := string(readFile(t, letter)); got != "mine" {
		t.Errorf("the letter holds %q now", got)
	}
}
