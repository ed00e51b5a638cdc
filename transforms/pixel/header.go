// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"image/color"
	"math"

	"github.com/chromabeam/chromabeam/transforms/fault"
	"github.com/chromabeam/chromabeam/transforms/pixel/metadata"
)

// Header is what a file says of its picture before it is decoded.
type Header struct {
	// Format is as in [Picture].
	Format string
	// Width and Height are as stored, before the orientation is applied.
	Width, Height int
	// Bits is the number of bits a channel that decoding keeps, 8 or 16.
	Bits int
	// DecodeBytes is what decoding to luma takes at its most demanding moment:
	// the decoder's picture and what it is converted by, without the file.
	DecodeBytes int64
}

// ReadHeader reads a file's header and allocates nothing of the picture's size.
// Its errors are those of [Decode] for what the header is enough to see.
func ReadHeader(data []byte, lim Limits) (h Header, err error) {
	c, err := sniff(data)
	if err != nil {
		return h, err
	}
	defer func() {
		if r := recover(); r != nil {
			h, err = Header{}, fault.Picture(fault.StageDecode, "damaged %s: its decoder gave up (%v)", c.label, r)
		}
	}()
	if err := lim.checkBytes(len(data)); err != nil {
		return h, err
	}
	cfg, err := c.config(data)
	if err != nil {
		return h, c.wrap(err)
	}
	if err := lim.checkSize(cfg.Width, cfg.Height); err != nil {
		return h, err
	}
	h = Header{Format: c.format, Width: cfg.Width, Height: cfg.Height, Bits: 8}
	switch cfg.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		h.Bits = 16
	}
	pixels := int64(h.Width) * int64(h.Height)
	h.DecodeBytes = pixels * decodeBytes(cfg.ColorModel)
	switch c.format {
	case "jpeg":
		if perPixel, ok := jpegDecodeBytes(data); ok {
			h.DecodeBytes = int64(math.Ceil(float64(pixels) * perPixel))
		}
	case "tiff":
		if p, err := openTIFF(data); err == nil {
			h.DecodeBytes = max(h.DecodeBytes, p.unpackBytes())
		}
	}
	return h, nil
}

// decodeBytes is what decoding takes for each pixel: the decoder's picture and,
// where that has no luma of its own, RGB and luma. A turned picture is there
// twice for a while.
func decodeBytes(m color.Model) int64 {
	const planes, rgb, rgba, luma, palette = 3, 3, 4, 1, 1
	switch m {
	case color.GrayModel:
		return 2 * luma
	case color.YCbCrModel:
		return 2 * planes
	case color.NYCbCrAModel:
		return planes + luma + rgb + rgba
	case color.Gray16Model:
		return 2 * 2 * luma
	case color.RGBA64Model, color.NRGBA64Model:
		return 2 * 2 * rgba
	case color.CMYKModel:
		return 2*rgba + rgb + luma
	}
	if _, paletted := m.(color.Palette); paletted {
		return palette + rgb + luma
	}
	return 2 * rgba // also a GIF's frame on its screen
}

// jpegDecodeBytes is decodeBytes for gray and YCbCr, whose planes are smaller for
// subsampled chroma. A progressive file's coefficients are all there at once.
func jpegDecodeBytes(data []byte) (perPixel float64, ok bool) {
	const coefficient, set = 4, 1.0 / 8
	for head, _ := jpegHead(data); len(head) >= 4; {
		marker, n := head[1], 2+int(binary.BigEndian.Uint16(head[2:]))
		body := head[4:n]
		head = head[n:]
		if marker < 0xc0 || marker > 0xc2 {
			continue
		}
		if len(body) != 6+3 && len(body) != 6+9 {
			return 0, false
		}
		samples, most, planes := 0, 1, (len(body)-6)/3
		for i := range planes {
			h, v := int(body[7+3*i]>>4), int(body[7+3*i]&15)
			samples, most = samples+h*v, max(most, h*v)
		}
		perPixel = float64(samples) / float64(most)
		if planes == 1 {
			perPixel = 1
		}
		whole := perPixel + float64(2*planes-1) // chroma at full size, and all planes turned
		if marker == 0xc2 {
			perPixel *= 1 + coefficient + set
		}
		if metadata.Orientation(data) > 1 {
			perPixel = max(perPixel, whole)
		}
		return perPixel, true
	}
	return 0, false
}
