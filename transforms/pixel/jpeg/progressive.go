// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	std "image/jpeg"
	"math/bits"
)

// progressive holds what the scans of a component said so far.
type progressive struct {
	// values holds each block's first coefficients in zigzag order, as many as
	// its pixels are made of.
	values []int32
	// set has a bit for each of a block's 64 coefficients that is not zero:
	// scans that refine them depend on that. It is nil where skipped.
	set []uint64
	// skipped says that scans of AC coefficients are not read.
	skipped bool
}

// make allocates what a scan of the given number of blocks needs.
func (p *progressive) make(blocks, scale int, ac bool) {
	if p.values == nil {
		p.values = make([]int32, blocks*prefix(scale))
	}
	if p.set == nil && ac {
		p.set = make([]uint64, blocks)
	}
}

// unneeded reports whether a scan can be passed over. What image/jpeg takes
// restart intervals for in such scans is not what the standard says, and some
// files fail there: those are read in full, to fail as well.
func (d *decoder) unneeded(s *scan) bool {
	c := &d.comp[s.comp[0].index]
	if s.from == 0 || c.scale > 1 {
		return false
	}
	p := &c.coeffs
	if p.set == nil && d.restart == 0 {
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
		return d.firstAC(s, sc.ac, values, &c.coeffs.set[i])
	}
	return d.refineAC(s, sc.ac, values, &c.coeffs.set[i])
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
func (d *decoder) firstAC(s *scan, h *huffman, values []int32, set *uint64) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	for k := s.from; k <= s.to; k++ {
		sym, err := d.r.symbol(h)
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
				values[k] = v
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

// endOfBand reads how many blocks, this one counted, have no coefficients more.
func (d *decoder) endOfBand(run int) {
	d.eobRun = uint16(1)<<run | uint16(d.r.bits(uint(run)))
}

// refineAC reads one more bit of a band of coefficients, section G.1.2.3.
func (d *decoder) refineAC(s *scan, h *huffman, values []int32, set *uint64) error {
	k := s.from
	delta := int32(1) << s.al
	for d.eobRun == 0 && k <= s.to {
		sym, err := d.r.symbol(h)
		if err != nil {
			return err
		}
		run, size := int(sym>>4), sym&15
		var v int32
		switch {
		case size == 1:
			v = delta
			if d.r.bits(1) == 0 {
				v = -delta
			}
		case size != 0:
			return std.FormatError("unexpected Huffman code")
		case run != 15:
			d.endOfBand(run)
			continue
		}
		k = d.refineSet(s, values, *set, k, run)
		if k > s.to {
			return std.FormatError("too many coefficients")
		}
		if v != 0 {
			*set |= 1 << k
			if k < len(values) {
				values[k] = v
			}
		}
		k++
	}
	if d.eobRun > 0 {
		d.eobRun--
		d.refineSet(s, values, *set, k, 64)
	}
	return nil
}

// refineSet reads a bit for each coefficient that is set from index k on. It
// passes over the given number of zeros and returns the index of the zero after
// them, or one behind the band.
func (d *decoder) refineSet(s *scan, values []int32, set uint64, k, zeros int) int {
	delta := int32(1) << s.al
	for k <= s.to {
		// The zeros before the next coefficient that is set.
		gap := min(bits.TrailingZeros64(set>>k), s.to+1-k)
		if gap > zeros {
			return k + zeros
		}
		zeros -= gap
		k += gap
		if k > s.to {
			break
		}
		if d.r.bits(1) != 0 && k < len(values) {
			if values[k] >= 0 {
				values[k] += delta
			} else {
				values[k] -= delta
			}
		}
		k++
	}
	return k
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
