// SPDX-License-Identifier: Apache-2.0

package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/train/recipes"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
	"github.com/chromabeam/chromabeam/transforms/store"
)

var (
	openGo  = sync.OnceValues(func() (*model.Backend, error) { return model.OpenBackend(model.BackendGo) })
	openCPU = sync.OnceValues(func() (*model.Backend, error) { return model.OpenBackend(model.BackendCPU) })
)

// requireXLA, set to 1, makes tests fail where they would skip for want of an
// XLA plugin.
const requireXLA = "CHROMABEAM_REQUIRE_XLA"

func xlaBackend(t testing.TB) *model.Backend {
	t.Helper()
	b, err := openCPU()
	if err == nil {
		return b
	}
	if os.Getenv(requireXLA) == "1" {
		t.Fatalf("%s=1, but %v", requireXLA, err)
	}
	t.Skipf("no XLA: %v", err)
	return nil
}

func goBackend(t testing.TB) *model.Backend {
	t.Helper()
	b, err := openGo()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onBackends runs the test on go and, where it can, on xla:cpu.
func onBackends(t *testing.T, f func(t *testing.T, b *model.Backend)) {
	t.Helper()
	t.Run("go", func(t *testing.T) { f(t, goBackend(t)) })
	t.Run("xla_cpu", func(t *testing.T) { f(t, xlaBackend(t)) })
}

// tinyRecipe is a 16-px recipe of a second.
func tinyRecipe() recipes.Recipe {
	return recipes.Recipe{
		About: recipes.About{Name: "tiny", Title: "a network for tests"},
		Size:  16, TrainBatchSize: 2, ValBatchSize: 2,
		InChannels: 1, OutChannels: 3, Downs: 3, Filters: 4, Norm: model.NormBatch,
		Critic: model.CriticNone, L1Weight: 1,
		Epochs: 3, GeneratorRate: 5e-3, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8,
		LogEach: 2, Seed: 7, RateSchedule: recipes.RateConstant,
	}
}

// adversarialRecipe gives a recipe a critic under WGAN-GP and all three stages.
// Its size must be that of a PatchGAN, see tinyGAN.
func adversarialRecipe(r recipes.Recipe) recipes.Recipe {
	r.Critic, r.Adversary, r.CriticConditional = model.CriticPatchGAN, model.AdversaryWGANGP, true
	r.CriticFilters, r.CriticNorm = 4, model.NormInstance
	r.CriticSteps, r.PenaltyWeight, r.PenaltyReduction = 3, 10, model.GPSum
	r.GeneratorEpochs, r.CriticEpochs = 1, 1
	r.CriticRate = 1e-3
	r.L1Weight = 25
	return r
}

// tinyGAN is a 24-px recipe, the least that a PatchGAN takes, with all three
// stages: on five pictures 3 steps of the generator, 3 of the critic, 5 of both.
func tinyGAN() recipes.Recipe {
	r := adversarialRecipe(tinyRecipe())
	r.Size, r.Filters, r.CriticFilters, r.CriticSteps, r.Epochs = 24, 2, 2, 2, 2
	return r
}

// tinyEverything is tinyGAN with all that a run may keep besides.
func tinyEverything() recipes.Recipe {
	r := tinyGAN()
	r.Flip, r.ClipNorm, r.EMADecay, r.RateSchedule = true, 0.5, 0.5, recipes.RateCosine
	return r
}

// metricsOf returns the lines of a run's metrics.
func metricsOf(t testing.TB, run string) []Metric {
	t.Helper()
	lines, err := ReadMetrics(filepath.Join(run, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// tensorsOf returns the values in the weight file that last.json points to.
func tensorsOf(t testing.TB, run string) map[string][]float32 {
	t.Helper()
	ref, err := model.ReadCheckpointRef(run, model.CheckpointLast)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := model.LoadSafetensors(ref.Path(run))
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string][]float32)
	for _, one := range list {
		values[one.Name] = tensors.MustCopyFlatData[float32](one.Tensor)
	}
	return values
}

// farthest returns the largest difference between two sets of values, infinite
// where they do not hold the same names.
func farthest(a, b map[string][]float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var most float64
	for name, x := range a {
		y := b[name]
		if len(x) != len(y) {
			return math.Inf(1)
		}
		for i := range x {
			if d := math.Abs(float64(x[i]) - float64(y[i])); !(d <= most) {
				most = d
			}
		}
	}
	return most
}

// picture draws a coloured square on a coloured ground; what colour goes with
// what gray is the same in all pictures.
func picture(size, i int) *pixel.RGB {
	rgb := pixel.NewRGB(size, size)
	palette := [][3]uint8{{250, 240, 90}, {200, 60, 50}, {40, 60, 160}, {70, 170, 90}}
	ground, square := palette[i%4], palette[(i/4+i+1)%4]
	left, top := i%5, i%7
	for y := range size {
		for x := range size {
			c := ground
			if x >= left && x < left+size/2 && y >= top && y < top+size/2 {
				c = square
			}
			copy(rgb.Pix[3*(y*size+x):], c[:])
		}
	}
	return rgb
}

// sample encodes a pair as prepare does, but names it by its pixels: the order
// of a data set is that of the names, and must not change with the encoder.
func sample(t testing.TB, rgb *pixel.RGB) shard.Sample {
	t.Helper()
	var color, gray bytes.Buffer
	if err := pixel.EncodePNG(&color, rgb); err != nil {
		t.Fatal(err)
	}
	if err := pixel.EncodePNG(&gray, rgb.Luma()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(rgb.Pix)
	key := hex.EncodeToString(sum[:])
	return shard.Sample{Key: key, Gray: gray.Bytes(), Color: color.Bytes(), Meta: shard.Meta{
		Source: key[:8] + ".png", SHA256: key, Width: rgb.Width, Height: rgb.Height, Size: rgb.Width,
		Formula: shard.FormulaLuma601, Alpha: shard.AlphaNone,
	}}
}

func openStore(t testing.TB, dir string) store.Store {
	t.Helper()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// dataset writes a data set of drawn pictures and returns its folder.
func dataset(t testing.TB, size, train, val int) string {
	t.Helper()
	dir := t.TempDir()
	info := shard.Info{Size: size, Fit: "crop", Formula: shard.FormulaLuma601}
	first := 0
	for _, split := range []struct {
		name  string
		count int
	}{{shard.Train, train}, {shard.Val, val}} {
		var samples []shard.Sample
		for i := range split.count {
			samples = append(samples, sample(t, picture(size, first+i)))
		}
		first += split.count
		info.Splits = append(info.Splits, writeSplit(t, dir, split.name, samples))
	}
	if err := shard.WriteInfo(t.Context(), openStore(t, dir), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeSplit(t testing.TB, dir, name string, samples []shard.Sample) shard.SplitInfo {
	t.Helper()
	slices.SortFunc(samples, func(a, b shard.Sample) int { return strings.Compare(a.Key, b.Key) })
	samples = slices.CompactFunc(samples, func(a, b shard.Sample) bool { return a.Key == b.Key })
	file := shard.Name(name, 0)
	var stats shard.Stats
	err := store.PublishFile(dir, file, func(to io.Writer) (err error) {
		w := shard.NewWriter(to)
		for _, s := range samples {
			if err := w.Add(s); err != nil {
				return err
			}
		}
		stats, err = w.Close()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stats.Shard = file
	if err := shard.WriteStats(t.Context(), openStore(t, dir), stats); err != nil {
		t.Fatal(err)
	}
	return shard.NewSplitInfo(name, []shard.Stats{stats})
}

// lastWeights returns the bytes of the weight file that last.json points to.
func lastWeights(t testing.TB, run string) []byte {
	t.Helper()
	ref, err := model.ReadCheckpointRef(run, model.CheckpointLast)
	if err != nil {
		t.Fatal(err)
	}
	return readFile(t, ref.Path(run))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// manifest returns the hash that names a data set.
func manifest(t testing.TB, data string) string {
	t.Helper()
	info, err := shard.ReadInfo(t.Context(), openStore(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return info.ManifestSHA256
}

// openSplit opens a split of a data set, with memory for all of it.
func openSplit(t testing.TB, data, split string) *pictures {
	t.Helper()
	return openWith(t, data, split, 1<<30)
}

// openTrain opens the training split with the given memory.
func openTrain(t testing.TB, data string, memory int64) *pictures {
	t.Helper()
	return openWith(t, data, shard.Train, memory)
}

func openWith(t testing.TB, data, split string, memory int64) *pictures {
	t.Helper()
	set, err := shard.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	budget := new(atomic.Int64)
	budget.Store(memory)
	p, err := openPictures(set, split, set.Info().Size, 0, budget)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
