// SPDX-License-Identifier: Apache-2.0

package jpeg

import (
	std "image/jpeg"
	"math/bits"
)

// refineAC reads one more bit of a band of coefficients, section G.1.2.3.
func refineAC[T coefficient](d *decoder, s *scan, h *huffman, values []T, set *uint64) error {
	k := s.from
	delta := int32(1) << s.al
	r := &d.r
	for d.eobRun == 0 && k <= s.to {
		r.refill() // for a code, and the sign or the run of ends
		var sym uint8
		if e := h.codes[r.acc>>(64-lookAhead)]; e != 0 {
			r.drop(uint(e & 0xff))
			sym = uint8(e >> 8)
		} else {
			var err error
			if sym, err = r.symbol(h); err != nil {
				return err
			}
		}
		run, size := int(sym>>4), sym&15
		var v int32
		switch {
		case size == 1:
			v = delta
			if r.bits(1) == 0 {
				v = -delta
			}
		case size != 0:
			return std.FormatError("unexpected Huffman code")
		case run != 15:
			d.endOfBand(run)
			continue
		}
		k = refineSet(d, s, values, *set, k, run)
		if k > s.to {
			return std.FormatError("too many coefficients")
		}
		if v != 0 {
			*set |= 1 << k
			if k < len(values) {
				values[k] = narrow[T](d, v)
			}
		}
		k++
	}
	if d.eobRun > 0 {
		d.eobRun--
		refineSet(d, s, values, *set, k, 64)
	}
	return nil
}

// refineSet reads a bit for each coefficient that is set from index k on. It
// passes over the given number of zeros and returns the index of the zero after
// them, or one behind the band.
func refineSet[T coefficient](d *decoder, s *scan, values []T, set uint64, k, zeros int) int {
	// A bit for each coefficient of the band that is set, from index k on.
	left := set >> k << k & (1<<(s.to+1) - 1)
	end := s.to + 1
	r := &d.r
	acc, n := r.acc, r.n
	delta := int32(1) << s.al
	for left != 0 {
		// The zeros before the next coefficient that is set.
		next := bits.TrailingZeros64(left)
		if next-k > zeros {
			break
		}
		zeros -= next - k
		k = next + 1
		left &= left - 1
		if n == 0 {
			r.acc, r.n = 0, 0
			r.refill()
			acc, n = r.acc, r.n
		}
		if next < len(values) {
			v := int32(values[next])
			sign := v >> 31
			values[next] = narrow[T](d, v+(delta^sign-sign)&-int32(acc>>63))
		}
		acc <<= 1
		n--
	}
	r.acc, r.n = acc, n
	return min(k+zeros, end)
}
