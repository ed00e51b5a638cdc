// SPDX-License-Identifier: Apache-2.0

package jpeg

import std "image/jpeg"

const (
	// lookAhead is how many bits the tables look at.
	lookAhead = 12
	// maxCodeLength is the longest Huffman code.
	maxCodeLength = 16
)

// An entry of huffman.values holds, from bit 0: the bits to drop (5 bits), the
// size of the number that they end with (4 bits, 0 where value is known), how
// far the symbol advances in the zigzag order (7 bits), and value (16 bits).
// An entry of huffman.skip holds the bits to drop (5 bits) and the advance.
const (
	sizeShift    = 5
	advanceShift = 9
	valueShift   = 16
	skipShift    = 5
	// advanceEOB lets any coefficient's index leave the block; in skip it is
	// added to the advance of the symbols before it.
	advanceEOB = 64
	// advanceSlow marks what the tables do not know.
	advanceSlow = 127
	// maxSkip bounds the bits of an entry of skip: two of them fit between
	// refills.
	maxSkip = 28
)

type (
	codeTable  [1 << lookAhead]uint16
	valueTable [1 << lookAhead]uint32
	skipTable  [1 << lookAhead]uint16
)

// huffman is one Huffman table, specified in section C of ITU-T T.81.
type huffman struct {
	nCodes int
	vals   [256]uint8
	// For each length: the least and greatest code (-1 where there are none)
	// and the index of the first one's value.
	minCodes, maxCodes, valsIndices [maxCodeLength]int32
	// codes holds symbol<<8 | length for codes within lookAhead, 0 for others.
	codes codeTable
	// values and skip are made by prepare; built says whether they are.
	values *valueTable
	skip   *skipTable
	built  bool
}

// processDHT reads a Define Huffman Table segment, section B.2.4.2.
func (d *decoder) processDHT(b body) error {
	const wrong = std.FormatError("DHT has wrong length")
	for b.n > 0 {
		head, err := b.take(17, wrong)
		if err != nil {
			return err
		}
		tc, th := head[0]>>4, head[0]&0x0f
		if tc > 1 {
			return std.FormatError("bad Tc value")
		}
		// The baseline restriction is specified in table B.5.
		if th > 3 || (d.baseline && th > 1) {
			return std.FormatError("bad Th value")
		}
		counts := [maxCodeLength]uint8(head[1:])
		total := 0
		for _, n := range counts {
			total += int(n)
		}
		switch {
		case total == 0:
			return std.FormatError("Huffman table has zero length")
		case total > 256:
			return std.FormatError("Huffman table has excessive length")
		}
		vals, err := b.take(total, wrong)
		if err != nil {
			return err
		}
		if d.huff[tc][th] == nil {
			d.huff[tc][th] = new(huffman)
		}
		d.huff[tc][th].set(counts, vals)
	}
	return nil
}

// set fills in a table. Codes that no valid table has, since shorter ones take
// their place, mean what they mean to image/jpeg.
func (h *huffman) set(counts [maxCodeLength]uint8, vals []byte) {
	h.nCodes, h.built = len(vals), false
	copy(h.vals[:], vals)
	clear(h.codes[:])
	var code, index int32
	for i, count := range counts {
		n := int32(count)
		h.minCodes[i], h.maxCodes[i], h.valsIndices[i] = -1, -1, -1
		if n > 0 {
			h.minCodes[i], h.maxCodes[i], h.valsIndices[i] = code, code+n-1, index
		}
		for j := range n {
			h.setCode(code+j, i+1, vals[index+j])
		}
		code = (code + n) << 1
		index += n
	}
}

// setCode enters one code in the look-up table.
func (h *huffman) setCode(code int32, length int, val uint8) {
	if length > lookAhead {
		return
	}
	entry := uint16(val)<<8 | uint16(length)
	if length <= 8 {
		code = int32(uint8(code<<(8-length))) >> (8 - length) // image/jpeg's table wraps
	}
	first := int(code) << (lookAhead - length)
	for i := first; i < first+1<<(lookAhead-length) && i < len(h.codes); i++ {
		if length <= 8 || h.codes[i] == 0 {
			h.codes[i] = entry
		}
	}
}

// prepare builds what sequential scans look symbols up in: for DC tables the
// differences, for AC tables the coefficients and what to skip.
func (h *huffman) prepare(ac bool) {
	if h.built {
		return
	}
	h.built = true
	h.prepareValues(ac)
	if !ac {
		return
	}
	if h.skip == nil {
		h.skip = new(skipTable)
	}
	for i := range h.skip {
		h.skip[i] = h.skipEntry(uint32(i))
	}
}

func (h *huffman) prepareValues(ac bool) {
	if h.values == nil {
		h.values = new(valueTable)
	}
	for i, e := range h.codes {
		h.values[i] = valueEntry(uint32(i), e, ac)
	}
}

func valueEntry(i uint32, code uint16, ac bool) uint32 {
	const slow = advanceSlow << advanceShift
	length, val := uint(code&0xff), uint32(code>>8)
	run, size := val>>4, uint(val&15)
	switch {
	case length == 0, !ac && val > 15:
		return slow
	case ac && size == 0:
		switch run {
		case 0:
			return advanceEOB<<advanceShift | uint32(length)
		case 15:
			return 16<<advanceShift | uint32(length)
		}
		return slow
	}
	entry := (run+1)<<advanceShift | uint32(length+size)
	if length+size > lookAhead {
		return entry | uint32(size)<<sizeShift
	}
	x := i >> (lookAhead - length - size) & (1<<size - 1)
	return entry | uint32(extend(x, size))<<valueShift
}

// skipEntry takes as many symbols together as lookAhead bits show the codes of.
func (h *huffman) skipEntry(i uint32) uint16 {
	bits, advance := uint(0), uint(0)
	for bits < lookAhead {
		code := h.codes[i<<bits&(1<<lookAhead-1)]
		length, val := uint(code&0xff), uint(code>>8)
		run, size := val>>4, val&15
		if length == 0 || bits+length > lookAhead || bits+length+size > maxSkip {
			break
		}
		if size == 0 && run == 0 {
			bits, advance = bits+length, advance+advanceEOB
			break
		}
		if (size == 0 && run != 15) || advance+run+1 >= advanceEOB {
			break
		}
		bits, advance = bits+length+size, advance+run+1
	}
	if bits == 0 {
		advance = advanceSlow
	}
	return uint16(advance<<skipShift | bits)
}
