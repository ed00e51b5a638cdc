// SPDX-License-Identifier: Apache-2.0

package train

import (
	"context"
	"fmt"
	"image"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// evaluated is a picture with its scores.
type evaluated struct {
	made                  *pixel.RGB
	raw, recombined, gray pixel.Quality
	trueColorfulness      float64
}

// evaluateBatch colours count pictures from start on and measures them, on all
// cores.
func evaluateBatch(ctx context.Context, c *model.Colorizer, p *pictures, start, count int) ([]evaluated, error) {
	pairs := make([]*pair, count)
	var gray []float32
	for i := range pairs {
		var err error
		if pairs[i], err = p.pair(start + i); err != nil {
			return nil, err
		}
		for _, v := range pairs[i].gray {
			gray = append(gray, float32(v)/127.5-1)
		}
	}
	made, err := c.Colorize(ctx, gray)
	if err != nil {
		return nil, fmt.Errorf("colouring pictures %d to %d: %w", start, start+count-1, err)
	}
	list := make([]evaluated, count)
	err = onAllCores(count, func(i int) error {
		size := len(pairs[i].color)
		list[i] = measurePicture(pairs[i], made[i*size:(i+1)*size], p.size)
		return nil
	})
	return list, err
}

// measurePicture compares a network's output with the truth, as it is and under
// the picture's own luma.
func measurePicture(one *pair, made []float32, side int) evaluated {
	truth := &pixel.RGB{Pix: one.color, Width: side, Height: side}
	luma := &image.Gray{Pix: one.gray, Stride: side, Rect: image.Rect(0, 0, side, side)}
	box := pixel.Letterbox{Size: side, Width: side, Height: side}
	raw := toRGB(made, side)
	return evaluated{
		made: raw, raw: pixel.Measure(raw, truth),
		recombined:       pixel.Measure(pixel.RecombineRGB(luma, pixel.ChromaFromNetwork(made, side, box)), truth),
		gray:             pixel.Measure(colorless(one.gray, side), truth),
		trueColorfulness: pixel.Colorfulness(truth),
	}
}

// colorless is a gray picture as RGB.
func colorless(gray []uint8, side int) *pixel.RGB {
	rgb := pixel.NewRGB(side, side)
	for i, v := range gray {
		rgb.Pix[3*i], rgb.Pix[3*i+1], rgb.Pix[3*i+2] = v, v, v
	}
	return rgb
}

// toRGB rounds values in [-1, 1] to 8-bit levels.
func toRGB(values []float32, side int) *pixel.RGB {
	rgb := pixel.NewRGB(side, side)
	for i, v := range values {
		rgb.Pix[i] = uint8(min(255, max(0, (v+1)*127.5+0.5)))
	}
	return rgb
}
