// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/store"
)

const (
	// sampleCount is the number of pictures in a grid: the first ones of the
	// validation split.
	sampleCount = 8
	// sampleGap is the space between two of them, in pixels.
	sampleGap = 2
)

// The rows of a grid.
const (
	rowGray = iota
	rowGenerated
	rowTrue
	rowCount
)

// sampleName names the grid of an epoch.
func sampleName(epoch int) string { return fmt.Sprintf("epoch-%04d.png", epoch) }

const samplePattern = "epoch-*.png"

// writeSamples publishes the grid of an epoch and those of the pictures that
// came out best and worst in it.
func writeSamples(run string, epoch int, p *pictures, v validation) (*pixel.RGB, error) {
	grid, err := sampleGrid(p, firstOf(len(v.first)), v.first)
	if err != nil {
		return nil, err
	}
	if err := writeGrid(run, sampleName(epoch), grid); err != nil {
		return nil, err
	}
	if err := writeExtremes(run, epoch, p, v); err != nil {
		return nil, err
	}
	failpoint.Hit(pointSamples)
	return grid, nil
}

// firstOf lists the first n pictures of a split.
func firstOf(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// writeGrid publishes a picture in the folder of samples.
func writeGrid(run, name string, grid *pixel.RGB) error {
	err := store.PublishFile(filepath.Join(run, samplesDir), name, func(w io.Writer) error { return pixel.EncodePNG(w, grid) })
	if err != nil {
		return fmt.Errorf("writing samples: %w", err)
	}
	return nil
}

// sampleGrid lays out gray, generated and true pictures as three rows, on
// white: indices says which pictures of the split were generated.
func sampleGrid(p *pictures, indices []int, generated []*pixel.RGB) (*pixel.RGB, error) {
	side := p.size
	grid := pixel.NewRGB(len(generated)*(side+sampleGap)+sampleGap, rowCount*(side+sampleGap)+sampleGap)
	for i := range grid.Pix {
		grid.Pix[i] = 255
	}
	for column, made := range generated {
		one, err := p.pair(indices[column])
		if err != nil {
			return nil, err
		}
		rows := [rowCount][]byte{rowGray: grayToRGB(one.gray), rowGenerated: made.Pix, rowTrue: one.color}
		for row, pix := range rows {
			at := cell(side, row, column)
			for y := range side {
				copy(grid.Pix[3*((at.Min.Y+y)*grid.Width+at.Min.X):], pix[3*y*side:3*(y+1)*side])
			}
		}
	}
	return grid, nil
}

// cell returns where a picture lies in a grid.
func cell(side, row, column int) image.Rectangle {
	x, y := sampleGap+column*(side+sampleGap), sampleGap+row*(side+sampleGap)
	return image.Rect(x, y, x+side, y+side)
}

func grayToRGB(gray []byte) []byte {
	out := make([]byte, 0, 3*len(gray))
	for _, v := range gray {
		out = append(out, v, v, v)
	}
	return out
}

// readGrid returns the cells of a grid by row and column.
func readGrid(run, file string, side int) ([rowCount][]*pixel.RGB, error) {
	var cells [rowCount][]*pixel.RGB
	name := filepath.Join(run, samplesDir, file)
	data, err := os.ReadFile(name)
	if err != nil {
		return cells, fmt.Errorf("reading samples: %w", err)
	}
	picture, err := pixel.Decode(data, pixel.DefaultLimits())
	if err != nil {
		return cells, fmt.Errorf("reading samples %q: %w", name, err)
	}
	grid := picture.RGB()
	if grid.Height != rowCount*(side+sampleGap)+sampleGap {
		return cells, fmt.Errorf("reading samples: %q is no grid of %d-px pictures", name, side)
	}
	for column := range (grid.Width - sampleGap) / (side + sampleGap) {
		for row := range cells {
			cells[row] = append(cells[row], crop(grid, cell(side, row, column)))
		}
	}
	return cells, nil
}

func crop(from *pixel.RGB, r image.Rectangle) *pixel.RGB {
	out := pixel.NewRGB(r.Dx(), r.Dy())
	for y := range r.Dy() {
		start := 3 * ((r.Min.Y+y)*from.Width + r.Min.X)
		copy(out.Pix[3*y*out.Width:], from.Pix[start:start+3*out.Width])
	}
	return out
}
