// SPDX-License-Identifier: Apache-2.0

package jpeg

// encoder holds a code for each symbol: code<<8 | length.
type encoder [256]uint32

// encoder returns the codes of a table.
func (h *huffman) encoder() *encoder {
	e := new(encoder)
	for i, first := range h.minCodes {
		if first < 0 {
			continue
		}
		for code := first; code <= h.maxCodes[i]; code++ {
			e[h.vals[h.valsIndices[i]+code-first]] = uint32(code)<<8 | uint32(i+1)
		}
	}
	return e
}

// segment appends the table as it stands in a DHT segment.
func (h *huffman) segment(b []byte, class, id uint8) []byte {
	b = append(b, class<<4|id)
	for i, first := range h.minCodes {
		n := byte(0)
		if first >= 0 {
			n = byte(h.maxCodes[i] - first + 1)
		}
		b = append(b, n)
	}
	return append(b, h.vals[:h.nCodes]...)
}

// optimal makes the best table for symbols that occur as often as counts says,
// by the procedures of section K.2 of ITU-T T.81: no code is longer than 16
// bits or all ones. Where nothing occurs, the table has one symbol.
func optimal(counts *[256]int) *huffman {
	// One symbol more takes the code of all ones.
	var freq, size [257]int
	copy(freq[:], counts[:])
	freq[256] = 1
	if *counts == [256]int{} {
		freq[0] = 1
	}
	var other [257]int
	for i := range other {
		other[i] = -1
	}
	for {
		a, b := rarest(&freq)
		if b < 0 {
			break
		}
		freq[a], freq[b] = freq[a]+freq[b], 0
		for {
			size[a]++
			if other[a] < 0 {
				break
			}
			a = other[a]
		}
		other[a] = b
		for ; b >= 0; b = other[b] {
			size[b]++
		}
	}
	var lengths [258]int
	for _, n := range size {
		lengths[n]++
	}
	shorten(&lengths)
	vals := make([]byte, 0, 256)
	for n := 1; n < len(lengths); n++ {
		for symbol, s := range size[:256] {
			if s == n {
				vals = append(vals, byte(symbol))
			}
		}
	}
	var short [maxCodeLength]uint8
	for i := range short {
		short[i] = uint8(lengths[i+1])
	}
	h := new(huffman)
	h.set(short, vals)
	return h
}

// rarest returns the two symbols that occur least; of equals the last ones. b is
// -1 where only one is left.
func rarest(freq *[257]int) (a, b int) {
	a, b = -1, -1
	for i, f := range freq {
		switch {
		case f == 0:
		case a < 0 || f <= freq[a]:
			a, b = i, a
		case b < 0 || f <= freq[b]:
			b = i
		}
	}
	return a, b
}

// shorten limits the numbers of codes by length to 16 bits and takes away the
// code of all ones.
func shorten(lengths *[258]int) {
	for i := len(lengths) - 1; i > maxCodeLength; i-- {
		for lengths[i] > 0 {
			j := i - 2
			for lengths[j] == 0 {
				j--
			}
			lengths[i] -= 2
			lengths[i-1]++
			lengths[j+1] += 2
			lengths[j]--
		}
	}
	i := maxCodeLength
	for lengths[i] == 0 {
		i--
	}
	lengths[i]--
}
