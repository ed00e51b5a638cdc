// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/train"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// madeRun is a run folder to be made up.
type madeRun struct {
	recipe recipes.Recipe
	status train.Status
	epochs int // that are done
	level  float64
	// size is the side of the samples in pixels, 0 for the recipe's.
	size int
}

// reducedTo is a recipe of ours as a quick run would have it.
func reducedTo(t testing.TB, name string, settings ...string) recipes.Experiment {
	t.Helper()
	e, err := recipes.FindExperiment(name)
	if err != nil {
		t.Fatal(err)
	}
	if e, err = e.Apply(settings...); err != nil {
		t.Fatal(err)
	}
	return e
}

func put(t testing.TB, data []byte, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func putJSON(t testing.TB, value any, path ...string) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	put(t, data, path...)
}

// makeRun writes a run folder as package train leaves one.
func makeRun(t testing.TB, folder string, m madeRun) {
	t.Helper()
	if m.size == 0 {
		m.size = m.recipe.Size
	}
	lines := metrics(m)
	record := map[string]any{
		"status": m.status, "recipe": m.recipe.Name, "seed": m.recipe.Seed,
		"data":     map[string]any{"path": "/somewhere/emoji", "manifest_sha256": "5eed", "size": m.size, "train": 720, "validation": 99},
		"backend":  map[string]any{"name": "xla:cpu", "description": "cpu:0, plugin /home/somebody/plugin.so", "precision": "float32"},
		"versions": map[string]string{"chromabeam": "v1.2.3", "go": "go1.26.0"}, "parameters": 1234567, "critic_parameters": 43769, "multiply_adds": 99,
	}
	if m.status == train.StatusDone || m.status == train.StatusDiverged {
		record["result"] = resultOf(m, lines)
	}
	putJSON(t, m.recipe, folder, "recipe.json")
	putJSON(t, record, folder, "run.json")
	var log bytes.Buffer
	for _, line := range lines {
		if err := json.NewEncoder(&log).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	put(t, log.Bytes(), folder, "metrics.jsonl")
	put(t, []byte(`{"epoch":1,"first_step_seconds":3,"train_seconds":20.5,"validation_seconds":2,"save_seconds":0.5}`+"\n"+
		`{"epoch":2,"train_seconds":32,"validation_seconds":2}`+"\n"), folder, "timings.jsonl")
	if m.epochs > 0 {
		put(t, grid(t, m.size, m.level), folder, "samples", fmt.Sprintf("epoch-%04d.png", m.epochs))
	}
}

// metrics are curves that fall to a level.
func metrics(m madeRun) []train.Metric {
	value := func(x float64) *float64 { return &x }
	var lines []train.Metric
	for epoch := 1; epoch <= m.epochs; epoch++ {
		x := float64(epoch)
		scores := train.Scores{
			Quality:          pixel.Quality{L1: m.level + 0.3/x, PSNR: 20 - 4/x, SSIM: 0.8 - 0.2/x, CIEDE2000: 9 + 6/x, Colorfulness: 50 - 20/x},
			TrueColorfulness: 77.5,
		}
		line := train.Metric{Kind: train.MetricEpoch, Stage: recipes.StageJoint, Epoch: epoch, Step: int64(90 * epoch), L1: value(m.level + 0.25/x)}
		if m.recipe.CriticSteps > 0 {
			line.Adversarial, line.Critic = value(-0.2*x), value(9/x)
			line.Distance, line.Penalty = value(0.1*x), value(1/x)
			scores.Distance = value(0.12 * x)
		}
		line.Validation = &scores
		for part := 1; part <= 3; part++ {
			lines = append(lines, train.Metric{
				Kind: train.MetricStep, Stage: recipes.StageJoint, Epoch: epoch, Step: int64(90*epoch - 90 + 30*part),
				L1: value(m.level + 0.28/x + 0.02*math.Sin(float64(part)*x)),
			})
		}
		lines = append(lines, line)
	}
	if m.status == train.StatusDiverged {
		lines = append(lines, train.Metric{Kind: train.MetricDiverged, Stage: recipes.StageJoint, Epoch: m.epochs + 1, Step: int64(90*m.epochs + 17)})
	}
	return lines
}

func resultOf(m madeRun, lines []train.Metric) train.Result {
	r := train.Result{Status: m.status, Epochs: m.epochs, Steps: lines[len(lines)-1].Step, Report: "/somewhere/report.html"}
	for _, line := range lines {
		if line.Kind == train.MetricEpoch {
			r.TrainL1, r.Validation = *line.L1, line.Validation
			r.ValL1, r.ValPSNR, r.BestL1, r.BestEpoch = line.Validation.L1, line.Validation.PSNR, line.Validation.L1, line.Epoch
		}
	}
	if m.status == train.StatusDiverged {
		r.Cause = "the critic's loss was not finite"
	}
	return r
}

// grid is a grid of samples whose generated pictures depend on the level alone.
func grid(t testing.TB, side int, level float64) []byte {
	t.Helper()
	const columns, gap = 3, 2
	m := pixel.NewRGB(columns*(side+gap)+gap, 3*(side+gap)+gap)
	for y := range m.Height {
		for x := range m.Width {
			column, row := x/(side+gap), y/(side+gap)
			dx, dy := x-(gap+column*(side+gap)), y-(gap+row*(side+gap))
			c := [3]uint8{255, 255, 255}
			if dx >= 0 && dx < side && dy >= 0 && dy < side && column < columns && row < 3 {
				v := uint8((dx + dy) * 255 / (2 * side))
				c = [3]uint8{v, v, v}
				switch row {
				case 1:
					c[column] = uint8(math.Min(255, 255*level))
				case 2:
					c[column] = 230
				}
			}
			copy(m.Pix[3*(y*m.Width+x):], c[:])
		}
	}
	var b bytes.Buffer
	if err := pixel.EncodePNG(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// study makes the runs of a small study: a done run, one that diverged, one with its
// variant, a sweep that is not over, and one that is not ours.
func study(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	small := []string{"size=32", "filters=8", "critic_filters=8", "epochs_num=5"}
	makeRun(t, filepath.Join(dir, "6.1"), madeRun{recipe: reducedTo(t, "6.1", "size=32", "filters=8", "epochs_num=5").Recipe, status: train.StatusDone, epochs: 5, level: 0.14})
	makeRun(t, filepath.Join(dir, "6.3"), madeRun{recipe: reducedTo(t, "6.3", "size=32", "filters=8", "epochs_num=3").Recipe, status: train.StatusDiverged, epochs: 1, level: 0.6})
	makeRun(t, filepath.Join(dir, "6.6"), madeRun{recipe: reducedTo(t, "6.6", small...).Recipe, status: train.StatusDone, epochs: 9, level: 0.12})
	makeRun(t, filepath.Join(dir, "6.6-three"), madeRun{recipe: reducedTo(t, "6.6-three-channels", small...).Recipe, status: train.StatusDone, epochs: 9, level: 0.125})
	sweep := reducedTo(t, "6.7", small...)
	makeSweep(t, filepath.Join(dir, "6.7"), sweep)
	return dir
}

// makeSweep leaves the last two runs of a sweep unfinished and missing.
func makeSweep(t testing.TB, folder string, sweep recipes.Experiment) {
	t.Helper()
	putJSON(t, sweep, folder, "sweep.json")
	runs := sweep.Runs()
	for i, run := range runs[:len(runs)-1] {
		m := madeRun{recipe: run.Recipe, status: train.StatusDone, epochs: 9, level: []float64{0.15, 0.13, 0.12, 0.14}[i%4]}
		if i == len(runs)-2 {
			m.status, m.epochs = train.StatusRunning, 2
		}
		makeRun(t, filepath.Join(folder, run.Label), m)
	}
}

// tree returns the files of a folder by name.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// noisyGrid is a grid of eight pictures that no format compresses well.
func noisyGrid(t testing.TB, side int) []byte {
	t.Helper()
	m := pixel.NewRGB(8*(side+2)+2, 3*(side+2)+2)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = uint8(random.Uint32())
	}
	var b bytes.Buffer
	if err := pixel.EncodePNG(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
