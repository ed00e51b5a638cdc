// SPDX-License-Identifier: Apache-2.0

package pixel

// filterer predicts rows before they are compressed, by the row above or by
// Paeth's choice of three neighbours: whichever leaves the least sum of absolute
// values, the heuristic that the PNG specification recommends. Over emoji and
// photos the other filters together save no byte. A flat drawing (see
// [flatCounter]) is not predicted at all.
type filterer struct {
	channels int
	flat     bool
	prev     []uint8 // the row before, raw
	// Rows with the filter's type in front.
	none, up, paeth []uint8
}

// The filter types of PNG.
const (
	filterNone = iota
	filterSub
	filterUp
	filterAverage
	filterPaeth
)

// reset prepares for rows of n bytes, to be predicted.
func (f *filterer) reset(n, channels int) {
	f.channels, f.flat = channels, false
	for _, b := range []*[]uint8{&f.prev, &f.none, &f.up, &f.paeth} {
		if cap(*b) < n+1 {
			*b = make([]uint8, n+1)
		}
		*b = (*b)[:n+1]
	}
	f.prev = f.prev[:n]
	clear(f.prev)
	f.none[0], f.up[0], f.paeth[0] = filterNone, filterUp, filterPaeth
}

// next returns the filtered row with its type in front, valid until the next
// call.
func (f *filterer) next(row []uint8) []uint8 {
	if f.flat {
		copy(f.none[1:], row)
		return f.none
	}
	best := f.up
	f.predictUp(row)
	if least := absSum(f.up[1:]); least > 0 { // nothing beats a row of zeros
		f.predictPaeth(row)
		if absSum(f.paeth[1:]) < least {
			best = f.paeth
		}
	}
	copy(f.prev, row)
	return best
}

// The predictions work on eight bytes at a time.

func (f *filterer) predictUp(row []uint8) {
	prev, dst := f.prev[:len(row)], f.up[1:][:len(row)]
	i := 0
	for ; i+8 <= len(row); i += 8 {
		store64(dst[i:], sub64(load64(row[i:]), load64(prev[i:])))
	}
	for ; i < len(row); i++ {
		dst[i] = row[i] - prev[i]
	}
}

func (f *filterer) predictPaeth(row []uint8) {
	n, dst, prev := f.channels, f.paeth[1:][:len(row)], f.prev[:len(row)]
	for i, v := range row[:n] { // without a left neighbour it is the row above
		dst[i] = v - prev[i]
	}
	left, corner := row[:len(row)-n], prev[:len(row)-n]
	row, prev, dst = row[n:][:len(left)], prev[n:][:len(left)], dst[n:][:len(left)]
	i := 0
	for ; i+8 <= len(left); i += 8 {
		predicted := paeth64(load64(left[i:]), load64(prev[i:]), load64(corner[i:]))
		store64(dst[i:], sub64(load64(row[i:]), predicted))
	}
	for ; i < len(left); i++ {
		dst[i] = row[i] - paeth(left[i], prev[i], corner[i])
	}
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
