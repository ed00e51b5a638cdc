// SPDX-License-Identifier: Apache-2.0

package train

import (
	"image"
	"path/filepath"
	"testing"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// TestChroma trains a network that gives chroma alone, colours with it, and puts
// its colours under the pictures' own luma as bulk does.
func TestChroma(t *testing.T) {
	r := tinyRecipe()
	r.OutChannels, r.Epochs = 2, 40
	data := dataset(t, r.Size, 12, 4)
	run := filepath.Join(t.TempDir(), "run")
	b := goBackend(t)
	got := mustRun(t, Options{Recipe: r, Data: data, Output: run, Backend: b})
	first := *metricsOf(t, run)[0].L1
	t.Logf("L1 went from %.3f to %.3f", first, got.TrainL1)
	if got.TrainL1 > first/2 {
		t.Errorf("L1 went from %.3f to %.3f, want it halved", first, got.TrainL1)
	}
	c, err := model.OpenColorizer(b, run, model.ColorizerOptions{})
	must(t, err)
	defer func() { must(t, c.Close()) }()
	p := openSplit(t, data, shard.Val)
	box := pixel.Letterbox{Size: r.Size, Width: r.Size, Height: r.Size}
	colourful := 0.0
	for i := range p.n {
		one, err := p.pair(i)
		must(t, err)
		gray := make([]float32, len(one.gray))
		for j, v := range one.gray {
			gray[j] = float32(v)/127.5 - 1
		}
		made, err := c.Colorize(t.Context(), gray)
		must(t, err)
		for j, want := range gray {
			if y := 0.299*made[3*j] + 0.587*made[3*j+1] + 0.114*made[3*j+2]; y-want > 1e-3 || want-y > 1e-3 {
				t.Fatalf("picture %d has luma %v at %d, want %v", i, y, j, want)
			}
		}
		luma := &image.Gray{Pix: one.gray, Stride: r.Size, Rect: image.Rect(0, 0, r.Size, r.Size)}
		recombined := pixel.RecombineRGB(luma, pixel.ChromaFromNetwork(made, r.Size, box))
		// The network's colours have this luma already: only what lies outside
		// the gamut differs.
		if off := pixel.L1(recombined, toRGB(made, r.Size)) * 127.5; off > 6 {
			t.Errorf("picture %d is %.1f levels off on average after recombination", i, off)
		}
		colourful += pixel.Colorfulness(recombined) / float64(p.n)
	}
	if colourful < 10 {
		t.Errorf("colourfulness is %.1f, want colours", colourful)
	}
}
