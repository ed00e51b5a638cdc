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
	for i := range f.candidate {
		c := f.candidate[i][1:]
		f.predict(i, c, row)
		if s := absSum(c); least < 0 || s < least {
			best, least = i, s
		}
		if least == 0 {
			break
		}
	}
	copy(f.prev, row)
	return f.candidate[best]
}

func absSum(c []uint8) int {
	s := 0
	for _, v := range c {
		d := int(int8(v))
		s += max(d, -d)
	}
	return s
}

func (f *filterer) predict(kind int, dst, row []uint8) {
	n := f.channels
	prev := f.prev[:len(row)]
	dst = dst[:len(row)]
	switch kind {
	case filterNone:
		copy(dst, row)
	case filterSub:
		copy(dst, row[:n])
		for i := n; i < len(row); i++ {
			dst[i] = row[i] - row[i-n]
		}
	case filterUp:
		for i, v := range row {
			dst[i] = v - prev[i]
		}
	case filterAverage:
		for i := range n {
			dst[i] = row[i] - prev[i]/2
		}
		for i := n; i < len(row); i++ {
			dst[i] = row[i] - uint8((int(row[i-n])+int(prev[i]))/2)
		}
	case filterPaeth:
		for i := range n {
			dst[i] = row[i] - prev[i]
		}
		for i := n; i < len(row); i++ {
			dst[i] = row[i] - paeth(row[i-n], prev[i], prev[i-n])
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
