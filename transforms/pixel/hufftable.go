// SPDX-License-Identifier: Apache-2.0

package pixel

import "math/bits"

// litEntry returns the kind, extra bits and value of literal and length
// symbols; 0 for those that must not occur.
func litEntry(symbol int) uint32 {
	switch {
	case symbol < 256:
		return kindLiteral | uint32(symbol)<<16
	case symbol == 256:
		return kindEnd
	case symbol < 265:
		return kindBase | uint32(symbol-254)<<16
	case symbol < 285:
		n := uint32(symbol-261) / 4
		base := 3 + (4+uint32(symbol-261)%4)<<n
		return kindBase | n<<8 | base<<16
	case symbol == 285:
		return kindBase | 258<<16
	}
	return 0
}

// distEntry is [litEntry] for distances.
func distEntry(symbol int) uint32 {
	switch {
	case symbol < 4:
		return kindBase | uint32(symbol+1)<<16
	case symbol < 30:
		n := uint32(symbol)/2 - 1
		base := 1 + (2+uint32(symbol)%2)<<n
		return kindBase | n<<8 | base<<16
	}
	return 0
}

// buildTable fills a decoding table of 1<<primary entries, and second tables
// behind it, for canonical codes of the given lengths. It refuses what the
// standard library refuses: codes that collide or leave room, except for one
// code of one bit or none at all.
func buildTable(table []uint32, primary uint, lens []uint8, entry func(symbol int) uint32) bool {
	var count, next [16]int
	longest := 0
	for _, n := range lens {
		count[n]++
		longest = max(longest, int(n))
	}
	count[0] = 0
	code := 0
	for n := 1; n <= longest; n++ {
		code <<= 1
		next[n] = code
		code += count[n]
	}
	if whole := code == 1<<longest; !whole && (longest > 1 || code > 1) || longest == 0 && len(lens) > 32 {
		return false
	}
	clear(table[:1<<primary])
	var width [1 << litBits]uint8 // of the second table for each first index
	if longest > int(primary) {
		if !secondTables(table, primary, lens, next, &width) {
			return false
		}
	}
	for symbol, l := range lens {
		if l == 0 {
			continue
		}
		n := uint(l)
		e := entry(symbol)
		reversed := uint(bits.Reverse16(uint16(next[n]))) >> (16 - n)
		next[n]++
		if e == 0 && symbol > 29 { // 286, 287 and distances 30, 31 have codes, but must not occur
			continue
		}
		if n <= primary {
			for i := reversed; i < 1<<primary; i += 1 << n {
				table[i] = e | uint32(n)
			}
			continue
		}
		first := reversed & (1<<primary - 1)
		at, w := uint(table[first]>>16), uint(width[first])
		for i := reversed >> primary; i < 1<<w; i += 1 << (n - primary) {
			table[at+i] = e | uint32(n-primary)
		}
	}
	return true
}

// secondTables lays out the tables for codes longer than primary bits.
func secondTables(table []uint32, primary uint, lens []uint8, next [16]int, width *[1 << litBits]uint8) bool {
	for _, l := range lens {
		n := uint(l)
		if n == 0 {
			continue
		}
		reversed := uint(bits.Reverse16(uint16(next[n]))) >> (16 - n)
		next[n]++
		if n > primary {
			first := reversed & (1<<primary - 1)
			width[first] = max(width[first], uint8(n-primary))
		}
	}
	end := uint(1) << primary
	for first := range uint(1) << primary {
		w := uint(width[first])
		if w == 0 {
			continue
		}
		if end+1<<w > uint(len(table)) {
			return false
		}
		table[first] = kindSub | uint32(primary) | uint32(w)<<8 | uint32(end)<<16
		clear(table[end : end+1<<w])
		end += 1 << w
	}
	return true
}
