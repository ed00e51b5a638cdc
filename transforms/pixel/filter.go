// SPDX-License-Identifier: Apache-2.0

package pixel

// filterer predicts rows before they are compressed, by the left neighbour or
// by the one above: whichever leaves the least sum of absolute values, the
// heuristic that the PNG specification recommends. The other filters are not
// worth their time: after them deflate finds fewer repetitions, which drawings
// are full of, and photos become 2% smaller only.
type filterer struct {
	channels int
	prev     []uint8 // the row before, raw
	sub, up  []uint8 // filtered rows, with the filter's type in front
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
	for _, b := range []*[]uint8{&f.prev, &f.sub, &f.up} {
		if cap(*b) < n+1 {
			*b = make([]uint8, n+1)
		}
		*b = (*b)[:n+1]
	}
	f.prev = f.prev[:n]
	clear(f.prev)
	f.sub[0], f.up[0] = filterSub, filterUp
}

// next returns the filtered row with its type in front, valid until the next
// call.
func (f *filterer) next(row []uint8) []uint8 {
	best := f.up
	f.predictUp(row)
	if least := absSum(f.up[1:]); least > 0 { // nothing beats a row of zeros
		f.predictSub(row)
		if absSum(f.sub[1:]) < least {
			best = f.sub
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

func (f *filterer) predictSub(row []uint8) {
	n, dst := f.channels, f.sub[1:][:len(row)]
	i := copy(dst, row[:n]) // the first pixel has no left neighbour
	for ; i+8 <= len(row); i += 8 {
		store64(dst[i:], sub64(load64(row[i:]), load64(row[i-n:])))
	}
	for ; i < len(row); i++ {
		dst[i] = row[i] - row[i-n]
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
