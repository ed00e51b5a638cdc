// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	ml "github.com/gomlx/gomlx/ml/model"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// Scores are means over the pictures of a split.
type Scores struct {
	// L1 is the mean absolute difference on the scale [-1, 1].
	L1 float64 `json:"l1"`
	// PSNR is the mean over the pictures of each one's peak signal-to-noise
	// ratio, in decibels; that of equal pictures counts as maxPSNR.
	PSNR float64 `json:"psnr"`
}

// maxPSNR stands for equal pictures, whose ratio is infinite: means and JSON
// need a number.
const maxPSNR = 100

// validator runs the generator in inference mode: a picture's result does not
// depend on the others in its batch.
type validator struct {
	exec     *ml.Exec
	backend  *model.Backend
	pictures *pictures
	batch    int
}

func newValidator(b *model.Backend, store *ml.Store, c model.GeneratorConfig, p *pictures, batch int) (*validator, error) {
	v := &validator{backend: b, pictures: p, batch: max(1, min(batch, p.n))}
	var err error
	v.exec, err = ml.NewExec(b.Backend, store, func(root *ml.Scope, gray, color *graph.Node) (scores, made *graph.Node) {
		out := model.Generator(store.Scope(model.GeneratorScope), c, unit(gray), model.Infer)
		off := graph.Sub(out, unit(color))
		per := []*graph.Node{
			graph.ReduceMean(graph.Abs(off), 1, 2, 3),
			graph.ReduceMean(graph.Square(off), 1, 2, 3),
		}
		return graph.Stack(per, -1), levels(out)
	})
	if err != nil {
		return nil, fmt.Errorf("building the validation: %w", err)
	}
	v.exec.WithName("validation")
	return v, nil
}

func (v *validator) close() { v.exec.Finalize() }

// run scores every picture, in order, and returns the generated pictures of
// the first keep.
func (v *validator) run(ctx context.Context, keep int) (Scores, []*pixel.RGB, error) {
	n := v.pictures.n
	steps := (n + v.batch - 1) / v.batch
	f := startFeed(ctx, v.pictures, v.backend, 0, int64(steps), func(step int64) []int {
		picks := make([]int, v.batch)
		for i := range picks {
			picks[i] = min(int(step)*v.batch+i, n-1) // the last batch is filled up: one compiled shape
		}
		return picks
	})
	defer f.stop()
	var total Scores
	var kept []*pixel.RGB
	for step := range steps {
		count := min(v.batch, n-step*v.batch)
		scores, made, err := v.step(ctx, f, count, min(count, max(0, keep-len(kept))))
		if err != nil {
			return Scores{}, nil, err
		}
		total.L1 += scores.L1
		total.PSNR += scores.PSNR
		kept = append(kept, made...)
	}
	total.L1 /= float64(n)
	total.PSNR /= float64(n)
	return total, kept, nil
}

// step returns the sums over the batch's first count pictures, and the first
// keep generated ones.
func (v *validator) step(ctx context.Context, f *feed, count, keep int) (Scores, []*pixel.RGB, error) {
	in, err := f.next(ctx)
	if err != nil {
		return Scores{}, nil, err
	}
	defer in.finalize()
	out, err := v.exec.Exec(in.gray, in.color)
	if err != nil {
		return Scores{}, nil, fmt.Errorf("computing a validation step: %w", err)
	}
	defer func() {
		for _, t := range out {
			t.MustFinalizeAll()
		}
	}()
	var sums Scores
	err = tensors.ConstFlatData(out[0], func(flat []float32) {
		for i := range count {
			sums.L1 += float64(flat[2*i])
			sums.PSNR += psnr(float64(flat[2*i+1]))
		}
	})
	if err != nil || keep == 0 {
		return sums, nil, err
	}
	var made []*pixel.RGB
	err = tensors.ConstFlatData(out[1], func(flat []uint8) {
		side := v.pictures.size
		for i := range keep {
			rgb := pixel.NewRGB(side, side)
			copy(rgb.Pix, flat[i*len(rgb.Pix):])
			made = append(made, rgb)
		}
	})
	return sums, made, err
}

// psnr turns a mean squared error on the scale [-1, 1] into decibels.
func psnr(mse float64) float64 {
	return min(maxPSNR, 10*math.Log10(4/mse)) // min keeps NaN
}
