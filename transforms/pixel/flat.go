// SPDX-License-Identifier: Apache-2.0

package pixel

// flatRows is about how many rows [flatCounter.flat] looks at: more of them
// would cost more and decide no better.
const flatRows = 16

// pairSet counts different things by a hash of 16 bits.
type pairSet [1 << 16 / 64]uint64

// flatCounter tells drawings in few colours from everything else.
type flatCounter struct {
	raw, filtered pairSet
}

// flat reports whether m is better left unfiltered. Deflate must learn each
// pair of neighbours before it can refer to it, so what has fewer different
// pairs becomes smaller: prediction turns a smooth picture into a few small
// differences, but the few colours of a drawing into a difference for each two
// of them. It leaves f to be reset.
func (c *flatCounter) flat(m pngRows, f *filterer) bool {
	_, height := m.size()
	channels, _, _ := m.format()
	clear(c.raw[:])
	clear(c.filtered[:])
	raw, filtered := 0, 0
	for y := 1; y < height; y += max(1, height/flatRows) {
		copy(f.prev, m.row(y-1))
		row := m.row(y)
		raw += c.raw.add(row, channels)
		filtered += c.filtered.add(f.next(row)[1:], channels)
	}
	return raw < filtered
}

// add returns how many pairs of neighbours in the row are new to the set.
func (s *pairSet) add(row []uint8, channels int) int {
	unused := max(0, 64-16*channels) // bits of eight bytes that two pixels do not fill
	count := 0
	for i := 0; i+8 <= len(row); i += channels {
		h := load64(row[i:]) << unused * 0x9e3779b97f4a7c15 >> 48
		word, bit := &s[h/64], uint64(1)<<(h%64)
		if *word&bit == 0 {
			*word |= bit
			count++
		}
	}
	return count
}
