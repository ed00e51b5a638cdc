// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	"image"
	std "image/jpeg"
)

const errSubsampling = std.UnsupportedError("luma/chroma subsampling ratio")

// component is one of a picture's channels.
type component struct {
	h, v int   // sampling factors
	id   uint8 // how scans name it
	tq   uint8 // its quantization table

	// scale is the side of one of its blocks in pix: 1, 2, 4 or 8.
	scale  int
	pix    []byte
	stride int
	// columns is the number of blocks in a row, padding included.
	columns int

	coeffs progressive
}

// processSOF reads a Start Of Frame segment, section B.2.2.
func (d *decoder) processSOF(n int) error {
	if d.nComp != 0 {
		return std.FormatError("multiple SOF markers")
	}
	switch n {
	case 6 + 3*1, 6 + 3*3:
		d.nComp = (n - 6) / 3
	default:
		return std.UnsupportedError("number of components")
	}
	b, err := d.take(n)
	if err != nil {
		return err
	}
	if b[0] != 8 {
		return std.UnsupportedError("precision")
	}
	d.height = int(b[1])<<8 + int(b[2])
	d.width = int(b[3])<<8 + int(b[4])
	if int(b[5]) != d.nComp {
		return std.FormatError("SOF has wrong length")
	}
	for i := range d.nComp {
		if err := d.processComponent(i, [3]byte(b[6+3*i:])); err != nil {
			return err
		}
	}
	for i := range d.nComp {
		c := &d.comp[i]
		// As in libjpeg, what is subsampled in both directions is reduced less.
		c.scale = min(8, d.scale*min(d.comp[0].h/c.h, d.comp[0].v/c.v))
		if d.luma != nil && i > 0 {
			c.scale = 1 // nothing of it is wanted, and that is the least
		}
	}
	return nil
}

func (d *decoder) processComponent(i int, b [3]byte) error {
	c := &d.comp[i]
	c.id, c.tq = b[0], b[2]
	for _, other := range d.comp[:i] {
		if c.id == other.id {
			return std.FormatError("repeated component identifier")
		}
	}
	if c.tq > 3 {
		return std.FormatError("bad Tq value")
	}
	h, v := int(b[1]>>4), int(b[1]&0x0f)
	if h < 1 || 4 < h || v < 1 || 4 < v {
		return std.FormatError("luma/chroma subsampling ratio")
	}
	luma := &d.comp[0]
	switch {
	case h == 3 || v == 3,
		d.nComp == 3 && i == 0 && v == 4,
		i == 1 && (luma.h%h != 0 || luma.v%v != 0),
		i == 2 && (d.comp[1].h != h || d.comp[1].v != v):
		return errSubsampling
	case d.nComp == 1:
		h, v = 1, 1 // section A.2: one component's blocks are never interleaved
	}
	c.h, c.v = h, v
	return nil
}

// mcus returns the number of MCUs in a row and in a column.
func (d *decoder) mcus() (mxx, myy int) {
	h, v := 8*d.comp[0].h, 8*d.comp[0].v
	return (d.width + h - 1) / h, (d.height + v - 1) / v
}

// ownBlocks returns the number of c's blocks in a row and in a column, without
// those that pad MCUs: a scan of c alone has no others, section A.2.2.
func (d *decoder) ownBlocks(c *component) (across, down int) {
	h, v := 8*d.comp[0].h, 8*d.comp[0].v
	return (d.width*c.h + h - 1) / h, (d.height*c.v + v - 1) / v
}

// makeImage allocates the result, padded to whole MCUs.
func (d *decoder) makeImage() {
	if d.gray != nil || d.color != nil {
		return
	}
	mxx, myy := d.mcus()
	for i := range d.nComp {
		d.comp[i].columns = mxx * d.comp[i].h
	}
	if d.luma != nil {
		return
	}
	luma, chroma := &d.comp[0], &d.comp[1]
	padded := image.Rect(0, 0, luma.scale*luma.h*mxx, luma.scale*luma.v*myy)
	reduction := 8 / d.scale
	r := image.Rect(0, 0, (d.width+reduction-1)/reduction, (d.height+reduction-1)/reduction)
	if r.Empty() {
		r = image.Rectangle{}
	}
	if d.nComp == 1 {
		m := image.NewGray(padded)
		luma.pix, luma.stride = m.Pix, m.Stride
		m.Rect = r
		d.gray = m
		return
	}
	less := chroma.scale / luma.scale
	var ratio image.YCbCrSubsampleRatio
	switch luma.h/chroma.h/less<<4 | luma.v/chroma.v/less {
	case 0x11:
		ratio = image.YCbCrSubsampleRatio444
	case 0x12:
		ratio = image.YCbCrSubsampleRatio440
	case 0x21:
		ratio = image.YCbCrSubsampleRatio422
	case 0x22:
		ratio = image.YCbCrSubsampleRatio420
	case 0x41:
		ratio = image.YCbCrSubsampleRatio411
	case 0x42:
		ratio = image.YCbCrSubsampleRatio410
	}
	m := image.NewYCbCr(padded, ratio)
	luma.pix, luma.stride = m.Y, m.YStride
	chroma.pix, chroma.stride = m.Cb, m.CStride
	d.comp[2].pix, d.comp[2].stride = m.Cr, m.CStride
	m.Rect = r
	d.color = m
}

// picture returns the result once all is read.
func (d *decoder) picture() (image.Image, error) {
	if d.progressive {
		d.reconstruct()
	}
	switch {
	case d.gray != nil:
		return d.gray, nil
	case d.color == nil:
		return nil, std.FormatError("missing SOS marker")
	case d.isRGB():
		return d.rgb(), nil
	}
	return d.color, nil
}

// isRGB reports whether the three components are red, green and blue, by
// Adobe's marker or by their names.
func (d *decoder) isRGB() bool {
	switch {
	case d.jfif:
		return false
	case d.adobe && d.adobeTransform == 0:
		return true
	}
	return d.comp[0].id == 'R' && d.comp[1].id == 'G' && d.comp[2].id == 'B'
}

// rgb joins the planes of a picture in red, green and blue.
func (d *decoder) rgb() *image.RGBA {
	src := d.color
	img := image.NewRGBA(src.Rect)
	for y := range src.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:img.Stride]
		for x := range src.Rect.Dx() {
			ci := src.COffset(x, y)
			p := (*[4]uint8)(row[4*x:])
			p[0], p[1], p[2], p[3] = src.Y[src.YOffset(x, y)], src.Cb[ci], src.Cr[ci], 255
		}
	}
	return img
}
