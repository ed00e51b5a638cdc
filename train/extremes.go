// SPDX-License-Identifier: Apache-2.0

package train

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// extremeCount is how many pictures are best, and how many worst.
const extremeCount = 4

// extreme is one of the pictures of a split that came out best or worst.
type extreme struct {
	index int
	l1    float64
	made  *pixel.RGB
}

// extremes keeps the pictures with the lowest or highest error, most extreme
// first, and among equals those that come first.
type extremes struct {
	lowest bool
	list   []extreme
}

// offer takes a picture if it is extreme enough.
func (e *extremes) offer(index int, l1 float64, made *pixel.RGB) {
	at, _ := slices.BinarySearchFunc(e.list, l1, func(x extreme, target float64) int {
		order := cmp.Compare(x.l1, target)
		if !e.lowest {
			order = -order
		}
		if order == 0 {
			return -1 // behind its equals
		}
		return order
	})
	if at >= extremeCount {
		return
	}
	e.list = slices.Insert(e.list, at, extreme{index: index, l1: l1, made: made})
	e.list = e.list[:min(len(e.list), extremeCount)]
}

// The files of the extremes inside the folder of samples.
const (
	bestGrid     = "best.png"
	worstGrid    = "worst.png"
	extremesFile = "extremes.json"
)

// extremesRecord is extremes.json: what best.png and worst.png show, column by
// column.
type extremesRecord struct {
	Epoch int             `json:"epoch"`
	Best  []extremeRecord `json:"best"`
	Worst []extremeRecord `json:"worst"`
}

// extremeRecord names a picture of the data set.
type extremeRecord struct {
	Key string  `json:"key"`
	L1  float64 `json:"l1"`
}

// writeExtremes publishes the pictures that came out best and worst in an epoch,
// in place of those of the epoch before.
func writeExtremes(run string, epoch int, p *pictures, v validation) error {
	record := extremesRecord{Epoch: epoch}
	for _, side := range []struct {
		file string
		from extremes
		to   *[]extremeRecord
	}{{bestGrid, v.best, &record.Best}, {worstGrid, v.worst, &record.Worst}} {
		var indices []int
		var made []*pixel.RGB
		for _, one := range side.from.list {
			indices, made = append(indices, one.index), append(made, one.made)
			*side.to = append(*side.to, extremeRecord{Key: p.reader.Key(one.index), L1: one.l1})
		}
		grid, err := sampleGrid(p, indices, made)
		if err != nil {
			return err
		}
		if err := writeGrid(run, side.file, grid); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(run, samplesDir), extremesFile, record)
}
