// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"encoding/binary"
	"image"
)

// canvas is a picture that is being put together: n channels of one or two bytes
// a pixel.
type canvas struct {
	pix  []uint8
	n    int
	deep bool
}

// decode unpacks all blocks.
func (p *tiffPage) decode() (image.Image, error) {
	c := p.canvas()
	u := newUnpacker(p)
	perBlock, planes := p.samples, 1
	if p.planar {
		perBlock, planes = 1, p.samples
	}
	outputs := make([][]int, p.samples)
	for i := range outputs {
		outputs[i] = p.outputs(i)
	}
	predicted := p.dir.Uint(tiffPredictor, 1) == 2 && p.compression != tiffNone && p.bits >= 8
	for i, packed := range p.blocks {
		plane, block := i/(p.across*p.down), i%(p.across*p.down)
		if plane >= planes || p.planar && len(outputs[plane]) == 0 {
			continue
		}
		x, y := block%p.across*p.blockWidth, block/p.across*p.blockHeight
		height := p.blockHeight
		if !p.tiled {
			height = min(height, p.height-y)
		}
		rowBytes := (p.blockWidth*perBlock*p.bits + 7) / 8
		rows, err := u.unpack(packed, p.blockWidth, height, rowBytes)
		if err != nil {
			return nil, err
		}
		if predicted {
			undoDifferences(rows, rowBytes, perBlock, p.bits, p.file.Order)
		}
		for j := range min(height, p.height-y) {
			row := rows[j*rowBytes:][:rowBytes]
			if p.verbatim(c, perBlock) {
				n := c.n * min(p.blockWidth, p.width-x)
				copy(c.pix[((y+j)*p.width+x)*c.n:][:n], row)
				continue
			}
			for s := range perBlock {
				p.store(c, row, x, y+j, s, perBlock, plane+s, outputs[plane+s])
			}
		}
	}
	return p.image(c)
}

// verbatim reports whether rows of blocks hold what the canvas does.
func (p *tiffPage) verbatim(c canvas, perBlock int) bool {
	return p.bits == 8 && perBlock == c.n && p.samples == c.n && p.photometric != tiffWhiteIsZero
}

// canvas allocates the picture.
func (p *tiffPage) canvas() canvas {
	n := p.channels
	if p.alpha != 0 {
		n = 4
	}
	c := canvas{n: n, deep: p.bits == 16 && p.photometric != tiffCMYK}
	size := n * p.width * p.height
	if c.deep {
		size *= 2
	}
	c.pix = make([]uint8, size)
	return c
}

// unpackBytes is what unpacking takes: the canvas, and one block with all samples
// of its pixels, those that are passed over included.
func (p *tiffPage) unpackBytes() int64 {
	channels, samples := int64(p.channels), int64(p.samples)
	if p.alpha != 0 {
		channels = 4
	}
	if p.planar {
		samples = 1
	}
	width, bits := int64(p.width), int64(p.bits)
	canvas := width * int64(p.height) * channels * max(1, bits/8)
	return canvas + (int64(p.blockWidth)*samples*bits+7)/8*int64(p.blockHeight)
}

// outputs returns the channels that sample s of a pixel goes to.
func (p *tiffPage) outputs(s int) []int {
	switch {
	case s < p.channels && p.channels == 1 && p.alpha != 0:
		return []int{0, 1, 2}
	case s < p.channels:
		return []int{s}
	case s == p.channels && p.alpha != 0:
		return []int{3}
	}
	return nil
}

// store writes sample number s of the row's pixels, of perBlock each, which is
// number channel of the picture's, to some channels of the canvas.
func (p *tiffPage) store(c canvas, row []byte, x, y, s, perBlock, channel int, outputs []int) {
	n := min(p.blockWidth, p.width-x)
	from := (y*p.width + x) * c.n
	invert := p.photometric == tiffWhiteIsZero && channel == 0
	for _, out := range outputs {
		switch {
		case c.deep:
			p.store16(c, row, 2*(from+out), n, s, perBlock, invert)
		case p.bits == 16: // of CMYK the high bytes are enough
			high := 2 * s
			if p.file.Order.Uint16([]byte{1, 0}) == 1 { // low bytes come first
				high++
			}
			for i := range n {
				c.pix[from+out+i*c.n] = row[high+2*i*perBlock]
			}
		case p.bits == 8:
			dst := c.pix[from+out:]
			for i := range n {
				v := row[s+i*perBlock]
				if invert {
					v = ^v
				}
				dst[i*c.n] = v
			}
		default:
			p.storeBits(c.pix[from:][:n], row, invert)
		}
	}
}

func (p *tiffPage) store16(c canvas, row []byte, at, n, s, perBlock int, invert bool) {
	for i := range n {
		v := p.file.Order.Uint16(row[2*(s+i*perBlock):])
		if invert {
			v = ^v
		}
		binary.BigEndian.PutUint16(c.pix[at+2*i*c.n:], v)
	}
}

// storeBits unpacks samples of 1, 2 or 4 bits, the only ones of their pixels.
func (p *tiffPage) storeBits(dst []uint8, row []byte, invert bool) {
	mask := uint8(1)<<p.bits - 1
	scale := 255 / mask
	if p.photometric == tiffPalette {
		scale = 1
	}
	for i := range dst {
		bit := i * p.bits
		v := row[bit/8] >> (8 - p.bits - bit%8) & mask
		if invert {
			v = mask - v
		}
		dst[i] = v * scale
	}
}

// image gives the canvas its type.
func (p *tiffPage) image(c canvas) (image.Image, error) {
	r := image.Rect(0, 0, p.width, p.height)
	stride := len(c.pix) / p.height
	switch {
	case p.photometric == tiffPalette:
		for _, v := range c.pix {
			if int(v) >= len(p.palette) {
				return nil, tiffDamaged("a pixel lies outside of the palette")
			}
		}
		return &image.Paletted{Pix: c.pix, Stride: stride, Rect: r, Palette: p.palette}, nil
	case p.photometric == tiffCMYK:
		return &image.CMYK{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.alpha == 2 && c.deep:
		return &image.NRGBA64{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.alpha == 1 && c.deep:
		return &image.RGBA64{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.alpha == 2:
		return &image.NRGBA{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.alpha == 1:
		return &image.RGBA{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.channels == 1 && c.deep:
		return &image.Gray16{Pix: c.pix, Stride: stride, Rect: r}, nil
	case p.channels == 1:
		return &image.Gray{Pix: c.pix, Stride: stride, Rect: r}, nil
	case c.deep:
		return &RGB48{Pix: c.pix, Width: p.width, Height: p.height}, nil
	}
	return &RGB{Pix: c.pix, Width: p.width, Height: p.height}, nil
}
