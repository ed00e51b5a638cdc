// SPDX-License-Identifier: Apache-2.0

package pixel

// reduceGap is how much a picture stays above its goal when whole blocks are
// averaged first: a 12-megapixel picture costs a fraction of the time then, and
// at 3 (Pillow's safest reducing_gap) no eye tells the difference.
const reduceGap = 3

// reduced averages blocks where w by h pixels are that much smaller than m.
func (m raster) reduced(w, h int) raster {
	if f := min(m.width/w, m.height/h) / reduceGap; f > 1 {
		return m.averaged(f)
	}
	return m
}

// averaged averages blocks of about f by f pixels. Where f does not divide the
// picture, some blocks are one pixel larger, so that together they cover it
// exactly: blocks cut at the edge would shift everything.
func (m raster) averaged(f int) raster {
	out := newRaster(m.width/f, m.height/f, m.channels)
	sums := make([]uint32, out.stride)
	ends := make([]int, out.width)
	for x := range ends {
		ends[x] = (x + 1) * m.width / len(ends)
	}
	top := 0
	for y := range out.height {
		bottom := (y + 1) * m.height / out.height
		clear(sums)
		for j := top; j < bottom; j++ {
			if m.channels == 3 {
				addBlocks3(sums, m.row(j), ends)
			} else {
				addBlocks1(sums, m.row(j), ends)
			}
		}
		dst, from := out.row(y), 0
		for x, to := range ends {
			n := uint32((bottom - top) * (to - from))
			for c := x * m.channels; c < (x+1)*m.channels; c++ {
				dst[c] = uint8((sums[c] + n/2) / n)
			}
			from = to
		}
		top = bottom
	}
	return out
}

func addBlocks1(sums []uint32, row []uint8, ends []int) {
	from := 0
	for x, to := range ends {
		var s uint32
		for _, v := range row[from:to] {
			s += uint32(v)
		}
		sums[x] += s
		from = to
	}
}

func addBlocks3(sums []uint32, row []uint8, ends []int) {
	from := 0
	for x, to := range ends {
		var r, g, b uint32
		for in := row[3*from : 3*to]; len(in) >= 3; in = in[3:] {
			r, g, b = r+uint32(in[0]), g+uint32(in[1]), b+uint32(in[2])
		}
		s := sums[3*x : 3*x+3 : 3*x+3]
		s[0], s[1], s[2] = s[0]+r, s[1]+g, s[2]+b
		from = to
	}
}
