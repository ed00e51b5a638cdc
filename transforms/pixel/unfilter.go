// SPDX-License-Identifier: Apache-2.0

package pixel

// unfilter undoes the prediction of PNG rows: raw holds rows of a filter type
// and n bytes, dst takes the pixels. It reports false for an unknown type.
func unfilter(dst, raw []byte, n, channels int) bool {
	prev := make([]byte, n)
	for ; len(raw) > n; raw = raw[n+1:] {
		row, out := raw[1:n+1], dst[:n]
		switch raw[0] {
		case filterNone:
			copy(out, row)
		case filterSub:
			unfilterSub(out, row, channels)
		case filterUp:
			unfilterUp(out, row, prev)
		case filterAverage:
			unfilterAverage(out, row, prev, channels)
		case filterPaeth:
			switch channels {
			case 3:
				unfilterPaeth3(out, row, prev)
			case 4:
				unfilterPaeth4(out, row, prev)
			default:
				unfilterPaeth1(out, row, prev)
			}
		default:
			return false
		}
		prev, dst = out, dst[n:]
	}
	return true
}

func unfilterSub(out, row []byte, channels int) {
	row = row[:len(out)]
	switch channels {
	case 3:
		var a, b, c byte
		for i := 0; i+2 < len(out); i += 3 {
			a, b, c = a+row[i], b+row[i+1], c+row[i+2]
			out[i], out[i+1], out[i+2] = a, b, c
		}
	case 4:
		var a, b, c, d byte
		for i := 0; i+3 < len(out); i += 4 {
			a, b, c, d = a+row[i], b+row[i+1], c+row[i+2], d+row[i+3]
			out[i], out[i+1], out[i+2], out[i+3] = a, b, c, d
		}
	default:
		var a byte
		for i, v := range row {
			a += v
			out[i] = a
		}
	}
}

func unfilterUp(out, row, prev []byte) {
	row, prev = row[:len(out)], prev[:len(out)]
	i := 0
	for ; i+8 <= len(out); i += 8 {
		store64(out[i:], add64(load64(row[i:]), load64(prev[i:])))
	}
	for ; i < len(out); i++ {
		out[i] = row[i] + prev[i]
	}
}

func unfilterAverage(out, row, prev []byte, channels int) {
	row, prev = row[:len(out)], prev[:len(out)]
	for i := range min(channels, len(out)) {
		out[i] = row[i] + prev[i]/2
	}
	for i := channels; i < len(out); i++ {
		out[i] = row[i] + uint8((uint(out[i-channels])+uint(prev[i]))/2)
	}
}

func unfilterPaeth1(out, row, prev []byte) {
	row, prev = row[:len(out)], prev[:len(out)]
	var left, corner uint8
	for i, v := range row {
		up := prev[i]
		left = v + paeth(left, up, corner)
		corner = up
		out[i] = left
	}
}

// The two below are unfilterPaeth1 with one chain a channel, so that the
// processor works on all of them at once.

func unfilterPaeth3(out, row, prev []byte) {
	row, prev = row[:len(out)], prev[:len(out)]
	var l0, l1, l2, c0, c1, c2 uint8
	for i := 0; i+3 <= len(out); i += 3 {
		r, p, o := row[i:i+3:i+3], prev[i:i+3:i+3], out[i:i+3:i+3]
		u0, u1, u2 := p[0], p[1], p[2]
		l0, l1, l2 = r[0]+paeth(l0, u0, c0), r[1]+paeth(l1, u1, c1), r[2]+paeth(l2, u2, c2)
		c0, c1, c2 = u0, u1, u2
		o[0], o[1], o[2] = l0, l1, l2
	}
}

func unfilterPaeth4(out, row, prev []byte) {
	row, prev = row[:len(out)], prev[:len(out)]
	var l0, l1, l2, l3, c0, c1, c2, c3 uint8
	for i := 0; i+4 <= len(out); i += 4 {
		r, p, o := row[i:i+4:i+4], prev[i:i+4:i+4], out[i:i+4:i+4]
		u0, u1, u2, u3 := p[0], p[1], p[2], p[3]
		l0, l1, l2, l3 = r[0]+paeth(l0, u0, c0), r[1]+paeth(l1, u1, c1), r[2]+paeth(l2, u2, c2), r[3]+paeth(l3, u3, c3)
		c0, c1, c2, c3 = u0, u1, u2, u3
		o[0], o[1], o[2], o[3] = l0, l1, l2, l3
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
