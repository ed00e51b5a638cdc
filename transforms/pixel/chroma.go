// SPDX-License-Identifier: Apache-2.0

package pixel

// Chroma holds the two colour planes of a picture, row after row, in full-range
// ITU-R 601 (as JPEG), centred on 0 and in units of 8-bit levels: about -128 to
// 128. Its size is independent of the luma's that it is joined with.
type Chroma struct {
	Cb, Cr        []float32
	Width, Height int
}

// ChromaFromNetwork takes the colour from a network's output, size by size
// pixels of R, G, B in [-1, 1], without the pads. The output's own luma is
// dropped.
func ChromaFromNetwork(rgb []float32, size int, box Letterbox) Chroma {
	c := Chroma{Width: box.Width, Height: box.Height}
	c.Cb, c.Cr = make([]float32, c.Width*c.Height), make([]float32, c.Width*c.Height)
	i := 0
	for y := range c.Height {
		row := rgb[3*((box.Top+y)*size+box.Left):]
		for x := range c.Width {
			r, g, b := 127.5*row[3*x], 127.5*row[3*x+1], 127.5*row[3*x+2]
			c.Cb[i] = -0.168736*r - 0.331264*g + 0.5*b
			c.Cr[i] = 0.5*r - 0.418688*g - 0.081312*b
			i++
		}
	}
	return c
}

// Scale returns the chroma at a strength from 0, which is gray, to 1, which is c
// as it is. Values beyond are taken as the nearer of the two.
func (c Chroma) Scale(strength float32) Chroma {
	strength = min(max(strength, 0), 1)
	scaled := func(plane []float32) []float32 {
		out := make([]float32, len(plane))
		for i, v := range plane {
			out[i] = strength * v
		}
		return out
	}
	return Chroma{Cb: scaled(c.Cb), Cr: scaled(c.Cr), Width: c.Width, Height: c.Height}
}

// stretcher interpolates a [Chroma] bilinearly to another size, one row at a
// time: at 12 megapixels two full planes would cost 96 MB.
type stretcher struct {
	c      Chroma
	height int
	left   []int32   // for each column, the sample to its left
	weight []float32 // of the sample to its right
	cb, cr []float32 // the current row
	tb, tr []float32 // the blend of two rows, with one more sample at its end
}

func newStretcher(c Chroma, width, height int) *stretcher {
	s := &stretcher{
		c: c, height: height,
		left: make([]int32, width), weight: make([]float32, width),
		cb: make([]float32, width), cr: make([]float32, width),
		tb: make([]float32, c.Width+1), tr: make([]float32, c.Width+1),
	}
	for x := range width {
		i, w := tap(x, width, c.Width)
		s.left[x], s.weight[x] = int32(i), w
	}
	return s
}

// tap returns for position x of n the sample at or before it among m, and the
// weight of the next one. Pixels are areas: their centres lie at x+1/2.
func tap(x, n, m int) (int, float32) {
	pos := (float64(x)+0.5)*float64(m)/float64(n) - 0.5
	pos = min(max(pos, 0), float64(m-1))
	i := int(pos)
	return i, float32(pos - float64(i))
}

// row returns the chroma of row y, valid until the next call.
func (s *stretcher) row(y int) (cb, cr []float32) {
	i, w := tap(y, s.height, s.c.Height)
	j := min(i+1, s.c.Height-1)
	s.blend(s.tb, s.c.Cb, i, j, w)
	s.blend(s.tr, s.c.Cr, i, j, w)
	tb, tr, weight := s.tb, s.tr, s.weight
	for x, l := range s.left {
		f := weight[x]
		b, r := tb[l:l+2:l+2], tr[l:l+2:l+2]
		s.cb[x] = b[0] + f*(b[1]-b[0])
		s.cr[x] = r[0] + f*(r[1]-r[0])
	}
	return s.cb, s.cr
}

func (s *stretcher) blend(dst, plane []float32, i, j int, w float32) {
	n := s.c.Width
	a, b := plane[i*n:(i+1)*n], plane[j*n:(j+1)*n]
	for x, v := range a {
		dst[x] = v + w*(b[x]-v)
	}
	dst[n] = dst[n-1]
}
