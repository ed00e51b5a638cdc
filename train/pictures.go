// SPDX-License-Identifier: Apache-2.0

package train

import (
	"fmt"
	"image"
	"sync/atomic"

	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// pictures gives the decoded pairs of one split. It is safe for concurrent
// use.
//
// Pairs are kept, as bytes, until the budget is used up; the others are
// decoded at each use. Nothing is dropped again: every pair is used once an
// epoch, so that no choice of what to drop would be better.
type pictures struct {
	reader *shard.SplitReader
	size   int
	n      int
	kept   []atomic.Pointer[pair]
	budget *atomic.Int64 // bytes left, shared between splits
}

// pair is one decoded sample: gray is size*size bytes, color three times as
// many.
type pair struct{ gray, color []byte }

// openPictures opens a split of a data set, limited to its first pictures
// unless limit is 0.
func openPictures(set *shard.Dataset, split string, size, limit int, budget *atomic.Int64) (*pictures, error) {
	reader, err := set.Split(split)
	if err != nil {
		return nil, fmt.Errorf("opening split %q: %w", split, err)
	}
	n := reader.Len()
	if limit > 0 {
		n = min(n, limit)
	}
	return &pictures{reader: reader, size: size, n: n, kept: make([]atomic.Pointer[pair], n), budget: budget}, nil
}

// pair returns picture i. Its bytes must not be changed.
func (p *pictures) pair(i int) (*pair, error) {
	if kept := p.kept[i].Load(); kept != nil {
		return kept, nil
	}
	decoded, err := p.decode(i)
	if err != nil {
		return nil, err
	}
	bytes := int64(len(decoded.gray) + len(decoded.color))
	if p.budget.Add(-bytes) < 0 {
		p.budget.Add(bytes)
	} else if !p.kept[i].CompareAndSwap(nil, decoded) {
		p.budget.Add(bytes) // another goroutine was faster
	}
	return decoded, nil
}

func (p *pictures) decode(i int) (*pair, error) {
	sample, err := p.reader.Sample(i)
	if err != nil {
		return nil, fmt.Errorf("reading picture %d: %w", i, err)
	}
	limits := pixel.Limits{MaxPixels: int64(p.size) * int64(p.size), MaxBytes: int64(len(sample.Gray) + len(sample.Color))}
	gray, err := pixel.Decode(sample.Gray, limits)
	if err != nil {
		return nil, fmt.Errorf("decoding gray of %q: %w", sample.Key, err)
	}
	color, err := pixel.Decode(sample.Color, limits)
	if err != nil {
		return nil, fmt.Errorf("decoding colour of %q: %w", sample.Key, err)
	}
	if gray.Width != p.size || gray.Height != p.size || color.Width != p.size || color.Height != p.size {
		return nil, fmt.Errorf("decoding %q: its pictures are %dx%d and %dx%d, its data set says %d px",
			sample.Key, gray.Width, gray.Height, color.Width, color.Height, p.size)
	}
	return &pair{gray: packed(gray.Gray()), color: color.RGB().Pix}, nil
}

// packed returns a picture's levels without padding between rows.
func packed(g *image.Gray) []byte {
	width := g.Rect.Dx()
	if g.Stride == width {
		return g.Pix[:width*g.Rect.Dy()]
	}
	var pix []byte
	for y := range g.Rect.Dy() {
		pix = append(pix, g.Pix[y*g.Stride:][:width]...)
	}
	return pix
}
