// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"image"
	"image/color"
)

// DecodeAtLeast is [Decode] for a picture that will be shrunk: a JPEG comes at
// 1/2, 1/4 or 1/8 of its size, which takes a fraction of the time and memory,
// as long as its shorter side keeps at least side pixels. Width and Height of
// the result are those of the reduced picture, SourceWidth and SourceHeight
// those of the file. A side of 0 or less reduces nothing.
//
// The reduced picture is close to the full one after a good filter, but not the
// same; asking for twice the size that is needed brings it closer. Damage in
// parts of a file that the reduced picture does not need may go unnoticed.
func DecodeAtLeast(data []byte, lim Limits, side int) (*Picture, error) {
	c, err := sniff(data)
	if err != nil {
		return nil, err
	}
	return c.openAtLeast(data, lim, side)
}

// reduction returns by how much the decoder may divide the picture's sides: 1,
// 2, 4 or 8.
func (c codec) reduction(cfg image.Config, side int) int {
	if c.reduced == nil || side <= 0 || cfg.ColorModel == color.CMYKModel {
		return 1
	}
	for r := 8; r > 1; r /= 2 {
		if reduce(min(cfg.Width, cfg.Height), r) >= side {
			return r
		}
	}
	return 1
}

// reduce divides a side and rounds up.
func reduce(side, reduction int) int { return (side + reduction - 1) / reduction }
