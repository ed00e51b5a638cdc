// SPDX-License-Identifier: Apache-2.0

package jpeg

import "encoding/binary"

// worthTable is how many blocks a scan must have for a table to pay.
const worthTable = 1 << 11

// progressive holds what the scans of a component said so far.
type progressive struct {
	// values holds each block's first coefficients in zigzag order, as many as
	// its pixels are made of.
	values []int32
	// kept is in the place of values where the luma is kept.
	kept []int16
	// set has a bit for each of a block's 64 coefficients that is not zero:
	// scans that refine them depend on that. It is nil where skipped.
	set []uint64
	// skipped says that scans of AC coefficients are not read.
	skipped bool
}

// make allocates what a scan of the given number of blocks needs.
func (p *progressive) make(blocks, scale int, ac, keep bool) {
	switch {
	case keep && p.kept == nil:
		p.kept = make([]int16, blocks*prefix(scale))
	case !keep && p.values == nil:
		p.values = make([]int32, blocks*prefix(scale))
	}
	if p.set == nil && ac {
		p.set = make([]uint64, blocks)
	}
}

// unneeded reports whether a scan can be passed over.
func (d *decoder) unneeded(s *scan) bool {
	c := &d.comp[s.comp[0].index]
	if s.from == 0 || c.scale > 1 {
		return false
	}
	p := &c.coeffs
	if p.set == nil {
		p.skipped = true
	}
	return p.skipped
}

// afterScan returns the position of the marker behind a scan's entropy-coded
// data.
func (d *decoder) afterScan() int {
	for pos := d.pos; ; pos += 2 {
		pos = nextMarker(d.data, pos)
		if pos+1 >= len(d.data) || d.data[pos+1] < markerRST0 || d.data[pos+1] > markerRST7 {
			return pos
		}
	}
}

// progressiveBlock reads what a scan says about one block.
func (d *decoder) progressiveBlock(s *scan, sc *scanComponent, c *component, bx, by int) error {
	i := by*c.columns + bx
	n := prefix(c.scale)
	if d.luma != nil {
		return d.keptScan(s, sc, c.coeffs.kept[i*n:][:n], c.coeffs.set, i)
	}
	values := c.coeffs.values[i*n:][:n]
	switch {
	case s.from == 0 && s.ah == 0:
		delta, err := d.r.progressiveDC(sc.dc)
		sc.last += delta
		values[0] = sc.last << s.al
		return err
	case s.from == 0:
		if d.r.bits(1) != 0 {
			values[0] |= 1 << s.al
		}
		return nil
	case s.ah == 0:
		return firstAC(d, s, sc, values, &c.coeffs.set[i])
	}
	return refineAC(d, s, sc.ac, values, &c.coeffs.set[i])
}

// coefficient is what the scans of a progressive file add to.
type coefficient interface{ int16 | int32 }

// narrow converts v and takes note where it is large for 16 bits.
func narrow[T coefficient](d *decoder, v int32) T {
	if uint32(v+1<<14) > 1<<15 {
		d.overflow = true
	}
	return T(v)
}

// keptScan is progressiveBlock for block i of luma that is kept.
func (d *decoder) keptScan(s *scan, sc *scanComponent, values []int16, set []uint64, i int) error {
	switch {
	case s.from == 0 && s.ah == 0:
		delta, err := d.r.progressiveDC(sc.dc)
		sc.last += delta
		values[0] = narrow[int16](d, sc.last<<s.al)
		return err
	case s.from == 0:
		if d.r.bits(1) != 0 {
			values[0] = narrow[int16](d, int32(values[0])|1<<s.al)
		}
		return nil
	case s.ah == 0:
		return firstAC(d, s, sc, values, &set[i])
	}
	return refineAC(d, s, sc.ac, values, &set[i])
}

func (r *bitReader) progressiveDC(h *huffman) (int32, error) {
	size, err := r.symbol(h)
	if err != nil {
		return 0, err
	}
	if size > 16 {
		return 0, errExcessiveDC
	}
	return r.receiveExtend(uint(size)), nil
}

// firstAC reads a band of coefficients for the first time, section G.1.2.2.
func firstAC[T coefficient](d *decoder, s *scan, sc *scanComponent, values []T, set *uint64) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	for k := s.from; k <= s.to; k++ {
		if sc.values != nil {
			if k = quickAC(d, s, sc.values, values, set, k); k > s.to {
				return nil
			}
		}
		sym, err := d.r.symbol(sc.ac)
		if err != nil {
			return err
		}
		run, size := int(sym>>4), uint(sym&15)
		switch {
		case size != 0:
			k += run
			if k > s.to {
				return nil
			}
			v := d.r.receiveExtend(size) << s.al
			*set |= 1 << k
			if k < len(values) {
				values[k] = narrow[T](d, v)
			}
		case run != 15:
			d.endOfBand(run)
			d.eobRun--
			return nil
		default:
			k += 15
		}
	}
	return nil
}

// quickAC is firstAC for symbols that the table knows and that do not leave the
// band. It returns the index behind what it read, 64 at the band's end.
func quickAC[T coefficient](d *decoder, s *scan, t *valueTable, values []T, set *uint64, k int) int {
	r := &d.r
	acc, n, p := r.acc, r.n, r.p
	found, al := *set, s.al
	for k <= s.to {
		if n < 32 {
			acc |= binary.BigEndian.Uint64(r.win[p&windowMask:p&windowMask+8]) >> n
			p += int((63 - n) >> 3)
			n |= 56
		}
		e := t[acc>>(64-lookAhead)]
		bits := uint(e & 31)
		next := k + int(e>>advanceShift&127)
		if next-1 > s.to {
			if e>>advanceShift&127 == advanceEOB {
				acc <<= bits
				n -= bits
				k = 64
			}
			break
		}
		v := int32(e) >> valueShift
		if size := uint(e >> sizeShift & 15); size != 0 {
			v = extend(uint32(acc<<((bits-size)&63)>>((64-size)&63)), size)
		}
		acc <<= bits
		n -= bits
		k = next
		if v != 0 {
			at := next - 1
			found |= 1 << (at & 63)
			if at < len(values) {
				values[at] = narrow[T](d, v<<al)
			}
		}
	}
	r.acc, r.n, r.p = acc, n, p
	*set = found
	return k
}

// endOfBand reads how many blocks, this one counted, have no coefficients more.
func (d *decoder) endOfBand(run int) {
	d.eobRun = uint16(1)<<run | uint16(d.r.bits(uint(run)))
}

// reconstruct makes pixels of the coefficients once all scans are read.
func (d *decoder) reconstruct() {
	for i := range d.nComp {
		c := &d.comp[i]
		if c.coeffs.values == nil {
			continue
		}
		q := &d.quant[c.tq]
		n := prefix(c.scale)
		h, v := 8*d.comp[0].h/c.h, 8*d.comp[0].v/c.v
		for by := 0; by*v < d.height; by++ {
			for bx := 0; bx*h < d.width; bx++ {
				values := c.coeffs.values[(by*c.columns+bx)*n:][:n]
				d.b.clear(n)
				last := 0
				for k, x := range values {
					if x != 0 {
						d.b[unzig[k&63]] = x * q[k&63]
						last = k
					}
				}
				d.b.store(c.pix[c.scale*(by*c.stride+bx):], c.stride, c.scale, last)
			}
		}
	}
}
