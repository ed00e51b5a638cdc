// SPDX-License-Identifier: Apache-2.0

package pixel

// filterer predicts rows before they are compressed. For each row it takes the
// filter whose output has the least sum of absolute values, the heuristic that
// the PNG specification recommends.
type filterer struct {
	channels  int
	prev      []uint8 // the row before, raw
	candidate [5][]uint8
}

// The filter types of PNG.
const (
	filterNone = iota
	filterSub
	filterUp
	filterAverage
	filterPaeth
)

// reset prepares for rows of n bytes.
func (f *filterer) reset(n, channels int) {
	f.channels = channels
	if cap(f.prev) < n {
		f.prev = make([]uint8, n)
	}
	f.prev = f.prev[:n]
	clear(f.prev)
	for i := range f.candidate {
		if cap(f.candidate[i]) < n+1 {
			f.candidate[i] = make([]uint8, n+1)
		}
		f.candidate[i] = f.candidate[i][:n+1]
		f.candidate[i][0] = uint8(i)
	}
}

// next returns the filtered row with its type in front, valid until the next
// call.
func (f *filterer) next(row []uint8) []uint8 {
	best, least := 0, -1
	// The likeliest first, as blank rows end the search; Paeth last, as it costs
	// the most.
	for _, i := range [5]int{filterUp, filterSub, filterAverage, filterNone, filterPaeth} {
		c := f.candidate[i][1:]
		f.predict(i, c, row)
		if s := absSum(c); least < 0 || s < least {
			best, least = i, s
		}
		if least == 0 { // nothing beats a row of zeros
			break
		}
	}
	copy(f.prev, row)
	return f.candidate[best]
}

// absSum adds the absolute values of signed bytes.
func absSum(c []uint8) int {
	s := 0
	for len(c) >= 8 {
		n := min(len(c)/8, 32) // 32 times 8 times 128 fits a lane's 16 bits
		var lanes uint64
		for range n {
			lanes += absPairs(load64(c))
			c = c[8:]
		}
		s += sumLanes(lanes)
	}
	for _, v := range c {
		d := int(int8(v))
		s += max(d, -d)
	}
	return s
}

// predict writes the row filtered by one filter type, eight bytes at a time
// where no branch is in the way.
func (f *filterer) predict(kind int, dst, row []uint8) {
	n := f.channels
	prev, dst := f.prev[:len(row)], dst[:len(row)]
	i := n // the first pixel has no left neighbour
	switch kind {
	case filterNone:
		copy(dst, row)
	case filterSub:
		copy(dst, row[:n])
		for ; i+8 <= len(row); i += 8 {
			store64(dst[i:], sub64(load64(row[i:]), load64(row[i-n:])))
		}
		for ; i < len(row); i++ {
			dst[i] = row[i] - row[i-n]
		}
	case filterUp:
		for i = 0; i+8 <= len(row); i += 8 {
			store64(dst[i:], sub64(load64(row[i:]), load64(prev[i:])))
		}
		for ; i < len(row); i++ {
			dst[i] = row[i] - prev[i]
		}
	case filterAverage:
		for j := range n {
			dst[j] = row[j] - prev[j]/2
		}
		for ; i+8 <= len(row); i += 8 {
			store64(dst[i:], sub64(load64(row[i:]), average64(load64(row[i-n:]), load64(prev[i:]))))
		}
		for ; i < len(row); i++ {
			dst[i] = row[i] - uint8((int(row[i-n])+int(prev[i]))/2)
		}
	case filterPaeth:
		for j := range n {
			dst[j] = row[j] - prev[j]
		}
		left, up, corner := row[:len(row)-n], prev[n:], prev[:len(row)-n]
		up, corner, row, dst = up[:len(left)], corner[:len(left)], row[n:], dst[n:]
		row, dst = row[:len(left)], dst[:len(left)]
		for j, l := range left {
			dst[j] = row[j] - paeth(l, up[j], corner[j])
		}
	}
}

// paeth returns whichever of left, up and their common neighbour is nearest to
// left + up - corner.
func paeth(left, up, corner uint8) uint8 {
	pa, pb := int(up)-int(corner), int(left)-int(corner)
	pc := pa + pb
	pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
	switch {
	case pa <= pb && pa <= pc:
		return left
	case pb <= pc:
		return up
	}
	return corner
}
