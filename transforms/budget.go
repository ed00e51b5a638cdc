// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"context"
	"image"
	"image/color"

	"github.com/chromabeam/chromabeam/transforms/pixel"
)

// DefaultMemoryBudget is the number of bytes that the pictures in work may take
// in a process where nothing else is asked for.
const DefaultMemoryBudget = 512 << 20

// budgets bounds the bytes of the pictures that the process works on, by the
// bound asked for; like [slots] it belongs to the process.
var budgets = newShares()

// withBudget calls work when cost bytes of the budget are free, and takes them
// for as long as it runs. What costs more than the whole budget runs alone.
// Nobody is overtaken for ever: the semaphore serves in order. There is no
// deadlock as long as work itself waits for no budget.
func withBudget(ctx context.Context, budget, cost int64, work func() error) error {
	shared := budgets.of(budget)
	cost = max(0, min(cost, budget)) // an archive may claim any size
	if err := shared.Acquire(ctx, cost); err != nil {
		return err
	}
	defer shared.Release(cost)
	return work()
}

// pairCost estimates, from the picture's header, the bytes that making a pair
// of it takes at the most demanding moment: the file, the decoder's picture, its
// copies as RGB and for the resampling, and the pair. Where the header cannot
// be read, or claims more pixels than are allowed, decoding fails at once.
func pairCost(data []byte, size int, lim pixel.Limits) (cost int64) {
	// RGB, gray, resampled copy and two files of at most that size.
	cost = int64(len(data)) + 12*int64(size)*int64(size)
	defer func() {
		_ = recover() // decoding meets the same panic and reports it
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data)) // package pixel registers the formats
	if err != nil || cfg.Width > maxSide || cfg.Height > maxSide {
		return cost
	}
	pixels := int64(cfg.Width) * int64(cfg.Height)
	if lim.MaxPixels > 0 && pixels > lim.MaxPixels {
		return cost
	}
	return cost + pixels*pixelCost(cfg.ColorModel)
}

// maxSide keeps the estimate inside an int64; package pixel decodes no more.
const maxSide = 1 << 24

// pixelCost is what decoding and resizing take for each pixel. The one kind that
// takes more, a progressive JPEG of full chroma, is rare.
func pixelCost(m color.Model) int64 {
	const copies = 3 + 4 // RGB and the NRGBA that is resampled
	switch m {
	case color.GrayModel:
		return 1 + copies
	case color.Gray16Model:
		return 2 + copies
	case color.YCbCrModel:
		return 3 + copies
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + 8 // while its orientation turns it
	}
	return 4 + copies // paletted too: a GIF's frame is put on its screen
}
