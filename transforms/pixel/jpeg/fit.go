// SPDX-License-Identifier: Apache-2.0

package jpeg

// fit applies f to each sample of chroma with the mean luma at its place.
func (l *Luma) fit(c Chroma, f func(luma, cb, cr float32) (float32, float32)) Chroma {
	fitted := Chroma{Cb: make([]float32, len(c.Cb)), Cr: make([]float32, len(c.Cr)), Width: c.Width, Height: c.Height}
	spans := make([]span, c.Width)
	for x := range spans {
		spans[x] = spanOf(x, c.Width, l.width)
	}
	row := make([]float32, l.columns)
	for y := range c.Height {
		l.meanRow(row, spanOf(y, c.Height, l.height))
		for x, s := range spans {
			i := y*c.Width + x
			fitted.Cb[i], fitted.Cr[i] = f(s.mean(row), c.Cb[i], c.Cr[i])
		}
	}
	return fitted
}

// span is what a sample covers: blocks first to last, the ends in part.
type span struct {
	first, last int
	// head and end are the weights of the first and the last block, inner that
	// of those between; where there is one only, it has the weight head.
	head, inner, end float32
}

// spanOf returns the span of sample i of n in a picture of the given pixels.
func spanOf(i, n, pixels int) span {
	perSample := float64(pixels) / float64(n) / 8
	from, to := float64(i)*perSample, float64(i+1)*perSample
	blocks := (pixels + 7) / 8
	s := span{first: min(int(from), blocks-1), last: min(int(to), blocks-1)}
	if s.first == s.last {
		s.head = 1
		return s
	}
	s.head = float32((float64(s.first+1) - from) / perSample)
	s.inner = float32(1 / perSample)
	s.end = float32((to - float64(s.last)) / perSample)
	return s
}

// mean returns the weighted mean of what the span covers.
func (s span) mean(row []float32) float32 {
	sum := s.head * row[s.first]
	for i := s.first + 1; i < s.last; i++ {
		sum += s.inner * row[i]
	}
	if s.last > s.first {
		sum += s.end * row[s.last]
	}
	return sum
}

// meanRow fills row with the mean luma of each column of blocks in a span of
// rows, in [0, 255].
func (l *Luma) meanRow(row []float32, s span) {
	clear(row)
	scale := float32(l.quant[0]) / 8
	for y := s.first; y <= s.last; y++ {
		w := s.inner
		switch y {
		case s.first:
			w = s.head
		case s.last:
			w = s.end
		}
		for x, dc := range l.dc[y*l.columns:][:l.columns] {
			row[x] += w * min(max(float32(dc)*scale+128, 0), 255)
		}
	}
}
