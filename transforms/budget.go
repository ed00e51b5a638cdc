// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"image"
	"image/color"
)

// DefaultMemoryBudget is the number of bytes that the pictures in work may take
// in a process where nothing else is asked for.
const DefaultMemoryBudget = 512 << 20

// pairCost estimates, from the picture's header, the bytes that making a pair
// of it takes at the most demanding moment: the file, the decoder's picture, its
// copies as RGB and for the resampling, and the pair. Where the header cannot
// be read, or claims more pixels than are allowed, decoding fails at once.
func pairCost(data []byte, c PairSettings) (cost int64) {
	// RGB, gray, resampled copy and two files of at most that size.
	cost = int64(len(data)) + 12*int64(c.Size)*int64(c.Size)
	defer func() {
		_ = recover() // decoding meets the same panic and reports it
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data)) // package pixel registers the formats
	if err != nil || cfg.Width > maxSide || cfg.Height > maxSide {
		return cost
	}
	pixels := int64(cfg.Width) * int64(cfg.Height)
	if c.Limits.MaxPixels > 0 && pixels > c.Limits.MaxPixels {
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
