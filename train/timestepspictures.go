// SPDX-License-Identifier: Apache-2.0

package train

import (
	"sync/atomic"

	"github.com/chromabeam/chromabeam/model"
	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// A timed stage has so many made-up pictures at least, and so many batches of
// them: a step takes all of its parts from different ones.
const (
	minMadeUp     = 64
	madeUpBatches = 4
)

// madeUpPictures returns noise of the given side with its own luma as gray: no
// picture costs the device more.
func madeUpPictures(size, n int) *pictures {
	p := &pictures{size: size, n: n, kept: make([]atomic.Pointer[pair], n), budget: new(atomic.Int64)}
	for i := range n {
		rng := newSource("made-up picture", uint64(size), uint64(i))
		rgb := pixel.NewRGB(size, size)
		for at := 0; at < len(rgb.Pix); at += 8 {
			word := rng.Uint64()
			for k := at; k < min(at+8, len(rgb.Pix)); k++ {
				rgb.Pix[k] = byte(word)
				word >>= 8
			}
		}
		p.kept[i].Store(&pair{gray: packed(rgb.Luma()), color: rgb.Pix})
	}
	return p
}

// newMadeUpSupply moves made-up pictures to the device, where steps name them.
func newMadeUpSupply(p *pictures, device *model.Backend) (supply, error) {
	all := make([]int32, p.n)
	for i := range all {
		all[i] = int32(i)
	}
	r := new(resident)
	if err := p.move(&r.pictures, device, all, p.pair); err != nil {
		r.close()
		return nil, explainMemory(err, "for the made-up pictures", 4*int64(p.n)*int64(p.size)*int64(p.size),
			"time a smaller size or batch, or another backend")
	}
	return r, nil
}
