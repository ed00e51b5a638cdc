// SPDX-License-Identifier: Apache-2.0

package transforms

import (
	"bytes"
	"fmt"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel"
	"github.com/chromabeam/chromabeam/transforms/shard"
)

// PairSettings says how a picture becomes a pair, and which do not.
type PairSettings struct {
	Size       int // side of the pictures in pixels
	Fit        pixel.Fit
	Filter     pixel.Filter
	Background pixel.Color // what transparent parts are composited on
	Formula    pixel.Formula
	Limits     pixel.Limits
	// MinSide is the least length of the shorter side in pixels, 0 for any.
	MinSide int
	// MinColorfulness is the least [pixel.Colorfulness] of the resized
	// picture, 0 for any: gray pictures teach no colour.
	MinColorfulness float64
}

// encodePair decodes a picture, makes it square and encodes it twice. A panic
// on the way is that picture's fault and no reason to end the job.
func encodePair(data []byte, c PairSettings) (sample shard.Sample, err error) {
	defer func() {
		if v := recover(); v != nil {
			sample, err = shard.Sample{}, &fault.PictureError{
				Stage: fault.StageEncode, Reason: "internal error", Err: fmt.Errorf("panic: %v", v),
			}
		}
	}()
	rgb, p, err := square(data, c)
	if err != nil {
		return shard.Sample{}, err
	}
	var gray, color bytes.Buffer
	if err := pixel.EncodePNG(&gray, rgb.Gray(c.Formula)); err != nil {
		return shard.Sample{}, &fault.PictureError{Stage: fault.StageEncode, Reason: "encoding gray", Err: err}
	}
	if err := pixel.EncodePNG(&color, rgb); err != nil {
		return shard.Sample{}, &fault.PictureError{Stage: fault.StageEncode, Reason: "encoding colour", Err: err}
	}
	alpha := shard.AlphaNone
	if p.HasAlpha {
		alpha = alphaOf(c.Background)
	}
	width, height := p.UprightSize()
	return shard.Sample{Gray: gray.Bytes(), Color: color.Bytes(), Meta: shard.Meta{
		Width: width, Height: height, Size: c.Size, Formula: string(c.Formula), Alpha: alpha,
	}}, nil
}

// alphaOf records on what transparent parts were composited.
func alphaOf(background pixel.Color) string {
	if background == pixel.White() {
		return shard.AlphaWhite
	}
	return background.String()
}

// headroom is the part of the size by which a JPEG that is decoded smaller stays
// larger than needed. Without any, the reduction is all the filtering that there
// is, and a photograph ends 12 dB further from the fully decoded one than with
// twice the size; a quarter keeps a 12-megapixel picture for 256 px at 1/8.
const headroom = 4

// square decodes a picture and makes it square, unless the settings leave it
// out. The pixels of the returned Picture may be fewer than the file's.
func square(data []byte, c PairSettings) (*pixel.RGB, *pixel.Picture, error) {
	p, err := pixel.DecodeAtLeast(data, c.Limits, c.Size+c.Size/headroom)
	if err != nil {
		return nil, nil, err
	}
	if side := min(p.SourceWidth, p.SourceHeight); side < c.MinSide {
		return nil, nil, fault.Picture(fault.StageFilter, "its shorter side has %d pixels, at least %d are asked for", side, c.MinSide)
	}
	rgb := pixel.Resize(p.RGBOn(c.Background), c.Size, c.Fit, c.Filter)
	if c.MinColorfulness > 0 {
		if got := pixel.Colorfulness(rgb); got < c.MinColorfulness {
			return nil, nil, fault.Picture(fault.StageFilter,
				"its colourfulness is %.1f, at least %g is asked for", got, c.MinColorfulness)
		}
	}
	return rgb, p, nil
}
