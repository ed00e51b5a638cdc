// SPDX-License-Identifier: Apache-2.0

package jpeg

import "bytes"

const (
	// maxBits is more than a block less than what 32 bits count.
	maxBits = 1<<32 - 1<<16
	// maxSize is the greatest size of an AC coefficient in a baseline file.
	maxSize = 10
	tooLong = "512 MiB or more"
)

// keepScan reads a scan of a sequential file. The code of luma's coefficients is
// kept as it stands in the file, so its table has to be one for any decoder.
func (d *decoder) keepScan(s *scan) error {
	for i := range s.n {
		sc := &s.comp[i]
		if sc.index != 0 {
			continue
		}
		l := d.luma
		switch {
		case l.ac != nil:
			return notCovered("luma in more than one scan")
		case !sc.ac.sound():
			return notCovered("an unusual Huffman table")
		case 8*(len(d.data)+(d.width/8+1)*(d.height/8+1)) >= maxBits: // for blocks share bytes
			return notCovered(tooLong)
		}
		if err := d.beginLuma(); err != nil {
			return err
		}
		// Most of the file is luma, and each block may share a byte with the next.
		l.bits = make([]byte, 0, min(len(d.data)-d.pos, 64*len(l.dc))+len(l.dc)+tail)
		l.ac = sc.ac
	}
	if err := d.entropyCoded(s); err != nil {
		return err
	}
	for i := range s.n {
		if s.comp[i].index == 0 {
			l := d.luma
			l.bits = append(l.bits, make([]byte, tail)...)
			if len(l.bits) < cap(l.bits)/2 { // what follows the picture, such as a video, took the room
				l.bits = bytes.Clone(l.bits)
			}
			d.detach(l.ac)
		}
	}
	return nil
}

// detach keeps h from being changed by the tables that follow.
func (d *decoder) detach(h *huffman) {
	for i := range d.huff[1] {
		if d.huff[1][i] == h {
			other := *h
			other.values, other.skip, other.built = nil, nil, false
			d.huff[1][i] = &other
		}
	}
}

// keepBlock reads one block and, if it is one of luma's, keeps it.
func (d *decoder) keepBlock(sc *scanComponent, bx, by int) error {
	r := &d.r
	delta, err := r.difference(sc.dc)
	if err != nil {
		return err
	}
	sc.last += delta
	from := 8*r.p - int(r.n)
	k, err := r.skipAC(sc.ac, 1, &d.eobRun)
	switch {
	case err != nil:
		return err
	case d.eobRun != 0:
		return notCovered("runs of empty blocks")
	}
	l := d.luma
	if sc.index != 0 || bx >= l.columns || by >= l.rows {
		return nil
	}
	if k != 64 {
		return notCovered("coefficients outside of a block")
	}
	i := by*l.columns + bx
	to := 8*r.p - int(r.n)
	l.at[i] = uint32(8*len(l.bits) + from&7)
	l.size[i] = uint16(to - from)
	l.bits = append(l.bits, r.win[from>>3:(to+7)>>3]...)
	return l.setDC(i, sc.last)
}

// sound reports whether a table of AC codes is one that baseline files may have.
func (h *huffman) sound() bool {
	var seen [256]bool
	for _, v := range h.vals[:h.nCodes] {
		run, size := v>>4, v&15
		if seen[v] || size > maxSize || (size == 0 && run != 0 && run != 15) {
			return false
		}
		seen[v] = true
	}
	for i, last := range h.maxCodes {
		if last+1 >= 1<<(i+1) { // no code may be all ones
			return false
		}
	}
	return seen[endOfBlock] // which blocks that pad need
}

// encodeLuma turns a progressive file's coefficients into the code of a
// sequential one.
func (d *decoder) encodeLuma() error {
	l := d.luma
	table, length := d.lumaTable()
	l.ac = table
	l.ac.prepare(true)
	codes := l.ac.encoder()
	w := bitSink{plain: true, buf: make([]byte, 0, length)}
	for i := range l.dc {
		values, set := d.keptBlock(i)
		if err := l.setDC(i, int32(values[0])); err != nil {
			return err
		}
		from := 8*len(w.buf) + int(w.n)
		if from >= maxBits {
			return notCovered(tooLong)
		}
		if !w.coefficients(codes, values, set) {
			return notCovered("coefficients out of range")
		}
		l.at[i] = uint32(from)
		l.size[i] = uint16(8*len(w.buf) + int(w.n) - from)
	}
	w.finish()
	w.buf = append(w.buf, make([]byte, tail)...)
	l.bits = w.buf
	return nil
}

// lumaTable returns a table for a progressive file's luma, made of what is in
// some of the blocks where there are many, and about how many bytes the blocks
// take. It has codes for all symbols of a baseline file.
func (d *decoder) lumaTable() (*huffman, int) {
	var counts [256]int
	var list []token
	step := 1 + len(d.luma.dc)>>13
	for i := 0; i < len(d.luma.dc); i += step {
		values, set := d.keptBlock(i)
		list = appendTokens(list[:0], values, set)
		for _, t := range list {
			counts[uint8(t)] += step
		}
	}
	for run := range 16 {
		for size := 1; size <= maxSize; size++ {
			counts[run<<4|size]++
		}
	}
	counts[endOfBlock]++
	counts[zeros16]++
	table := optimal(&counts)
	length := 0
	for symbol, code := range table.encoder() {
		length += counts[symbol] * (int(code&0xff) + symbol&15)
	}
	return table, length/8 + length/256 + 2*tail
}

// keptBlock returns block i of a progressive file's luma in zigzag order, and
// which of its coefficients are not zero.
func (d *decoder) keptBlock(i int) (*[64]int16, uint64) {
	c := &d.comp[0]
	i = i/d.luma.columns*c.columns + i%d.luma.columns
	values := (*[64]int16)(c.coeffs.kept[64*i:])
	if c.coeffs.set == nil {
		return values, 0
	}
	return values, c.coeffs.set[i]
}
