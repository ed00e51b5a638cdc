// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	std "image/jpeg"
	"io"
)

// maxScans bounds what a file may ask for: a scan of no more than a few bytes can
// go over all blocks of a picture. Encoders write about ten.
const maxScans = 500

// scan is what a Start Of Scan segment says.
type scan struct {
	n        int
	comp     [maxComponents]scanComponent
	from, to int // the band of coefficients in zigzag order: Ss, Se
	ah, al   uint
}

type scanComponent struct {
	index  int
	dc, ac *huffman
	// values is that table of ac where it pays in a progressive scan.
	values *valueTable
	last   int32 // the last block's DC coefficient
}

// processSOS reads a Start Of Scan segment, section B.2.3, and the
// entropy-coded data behind it.
func (d *decoder) processSOS(n int) error {
	if d.nComp == 0 {
		return std.FormatError("missing SOF marker")
	}
	if d.scans++; d.scans > maxScans {
		return std.UnsupportedError("more than 500 scans")
	}
	if n < 6 || 4+2*d.nComp < n || n%2 != 0 {
		return std.FormatError("SOS has wrong length")
	}
	b, err := d.take(n)
	if err != nil {
		return err
	}
	s := &scan{n: int(b[0]), to: 63}
	if n != 4+2*s.n {
		return std.FormatError("SOS length inconsistent with number of components")
	}
	total := 0
	for i := range s.n {
		if err := d.scanComponent(s, i, b[1+2*i], b[2+2*i]); err != nil {
			return err
		}
		c := &d.comp[s.comp[i].index]
		total += c.h * c.v
	}
	if d.nComp > 1 && total > 10 {
		return std.FormatError("total sampling factors too large")
	}
	if d.progressive {
		b = b[1+2*s.n:]
		s.from, s.to = int(b[0]), int(b[1])
		s.ah, s.al = uint(b[2]>>4), uint(b[2]&0x0f)
		switch {
		case s.from == 0 && s.to != 0, s.from > s.to, s.to > 63:
			return std.FormatError("bad spectral selection bounds")
		case s.from != 0 && s.n != 1:
			return std.FormatError("progressive AC coefficients for more than one component")
		case s.ah != 0 && s.ah != s.al+1:
			return std.FormatError("bad successive approximation values")
		}
	}
	d.makeImage()
	if d.progressive && d.unneeded(s) {
		d.pos = d.afterScan()
		return nil
	}
	if d.luma != nil && !d.progressive {
		return d.keepScan(s)
	}
	return d.entropyCoded(s)
}

// scanComponent reads component i of a scan: which one it is, and its tables.
func (d *decoder) scanComponent(s *scan, i int, id, tables uint8) error {
	index := -1
	for j := range d.nComp {
		if d.comp[j].id == id {
			index = j
		}
	}
	if index < 0 {
		return std.FormatError("unknown component selector")
	}
	for _, other := range s.comp[:i] {
		if other.index == index {
			return std.FormatError("repeated component selector")
		}
	}
	td, ta := tables>>4, tables&0x0f
	// The baseline restriction is specified in table B.3.
	if td > 3 || (d.baseline && td > 1) {
		return std.FormatError("bad Td value")
	}
	if ta > 3 || (d.baseline && ta > 1) {
		return std.FormatError("bad Ta value")
	}
	s.comp[i] = scanComponent{index: index, dc: d.table(0, td), ac: d.table(1, ta)}
	return nil
}

// table returns a Huffman table; one that was not defined yet has no codes.
func (d *decoder) table(class, id uint8) *huffman {
	h := &d.huff[class][id]
	if *h == nil {
		*h = new(huffman)
	}
	if !d.progressive {
		(*h).prepare(class == 1)
	}
	return *h
}

// entropyCoded reads a scan's blocks.
func (d *decoder) entropyCoded(s *scan) error {
	mxx, myy := d.mcus()
	if d.progressive {
		d.prepareProgressive(s, mxx*myy)
	}
	if s.n == 1 {
		mxx, myy = d.ownBlocks(&d.comp[s.comp[0].index])
	}
	d.r.src = d.data
	d.r.start(d.pos)
	expected := uint8(markerRST0)
	mcu, count := 0, mxx*myy
	for my := range myy {
		for mx := range mxx {
			if err := d.mcu(s, mx, my); err != nil {
				if over := d.r.overrun(0); over != nil {
					return over
				}
				return err
			}
			if d.r.p > d.r.limit {
				if err := d.r.check(); err != nil {
					return err
				}
			}
			mcu++
			if d.restart == 0 || mcu%d.restart != 0 || mcu == count {
				continue
			}
			if err := d.restartAt(expected); err != nil {
				return err
			}
			expected = markerRST0 | (expected+1)&7
			for i := range s.comp {
				s.comp[i].last = 0
			}
			d.eobRun = 0
		}
	}
	d.pos = d.r.marker()
	return nil
}

// prepareProgressive allocates what a progressive scan of so many MCUs needs.
func (d *decoder) prepareProgressive(s *scan, mcus int) {
	for i := range s.n {
		c := &d.comp[s.comp[i].index]
		blocks := mcus * c.h * c.v
		c.coeffs.make(blocks, c.scale, s.from > 0, d.luma != nil)
		if s.from > 0 && s.ah == 0 && c.scale > 2 && blocks >= worthTable {
			s.comp[i].ac.prepareValues(true)
			s.comp[i].values = s.comp[i].ac.values
		}
	}
}

// restartAt finds the expected restart marker and begins the segment behind it.
// As in image/jpeg, bytes before it are passed over, other markers are not.
func (d *decoder) restartAt(expected uint8) error {
	for pos := d.r.marker(); ; {
		pos = nextMarker(d.data, pos)
		if pos+1 >= len(d.data) {
			return io.ErrUnexpectedEOF
		}
		switch d.data[pos+1] {
		case expected:
			d.r.start(pos + 2)
			return nil
		case 0xff:
			pos++
		default:
			return std.FormatError("bad RST marker")
		}
	}
}

// mcu reads one MCU: all blocks of a scan's components that share a place, or
// one block where there is one component.
func (d *decoder) mcu(s *scan, mx, my int) error {
	if s.n == 1 {
		sc := &s.comp[0]
		return d.block(s, sc, &d.comp[sc.index], mx, my)
	}
	for i := range s.n {
		sc := &s.comp[i]
		c := &d.comp[sc.index]
		bx, by := c.h*mx, c.v*my
		for y := range c.v {
			for x := range c.h {
				if err := d.block(s, sc, c, bx+x, by+y); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// block reads one block and, unless more of it is to come, stores its pixels.
func (d *decoder) block(s *scan, sc *scanComponent, c *component, bx, by int) error {
	if d.progressive {
		return d.progressiveBlock(s, sc, c, bx, by)
	}
	if d.luma != nil {
		return d.keepBlock(sc, bx, by)
	}
	q := &d.quant[c.tq]
	at := c.scale * (by*c.stride + bx)
	if c.scale == 1 && d.eobRun == 0 {
		delta, err := d.r.meanBlock(sc, &d.eobRun)
		sc.last += delta
		c.pix[at] = level(sc.last * q[0])
		return err
	}
	last, err := d.r.sequentialBlock(sc, &d.b, q, prefix(c.scale), &d.eobRun)
	if err != nil {
		return err
	}
	d.b.store(c.pix[at:], c.stride, c.scale, last)
	return nil
}
