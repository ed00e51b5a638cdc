// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math/bits"
	"slices"
)

// prefixCode is a canonical Huffman code as deflate has it: by symbol, the
// length in bits, 0 for a symbol that does not occur, and the code with its
// first bit lowest.
type prefixCode struct {
	lengths []uint8
	codes   []uint16
	order   []uint64 // symbols in use, by ascending frequency
	depths  []int
}

// build makes the best code for the frequencies whose lengths do not exceed
// limit, or one next to it where the best would. Frequencies are below 1<<32.
func (p *prefixCode) build(freq []uint32, limit int) {
	p.lengths = append(p.lengths[:0], make([]uint8, len(freq))...)
	p.codes = append(p.codes[:0], make([]uint16, len(freq))...)
	p.order, p.depths = p.order[:0], p.depths[:0]
	for symbol, n := range freq {
		if n > 0 {
			p.order = append(p.order, uint64(n)<<16|uint64(symbol))
		}
	}
	slices.Sort(p.order)
	for _, v := range p.order {
		p.depths = append(p.depths, int(v>>16))
	}
	minimumDepths(p.depths)
	var count [33]int // of codes by length
	for _, d := range p.depths {
		count[min(d, limit)]++
	}
	shorten(&count, limit)
	next := len(p.order)
	for length := 1; length <= limit; length++ {
		for range count[length] {
			next--
			p.lengths[p.order[next]&0xffff] = uint8(length)
		}
	}
	code, start := 0, [33]int{}
	for length := 1; length <= limit; length++ {
		start[length] = code
		code = (code + count[length]) << 1
	}
	for symbol, length := range p.lengths {
		if length > 0 {
			p.codes[symbol] = bits.Reverse16(uint16(start[length])) >> (16 - length)
			start[length]++
		}
	}
}

// minimumDepths replaces ascending weights by the depths of their leaves in a
// Huffman tree, in place: the algorithm of Moffat and Katajainen, "In-place
// calculation of minimum-redundancy codes" (1995).
func minimumDepths(a []int) {
	n := len(a)
	if n < 2 {
		for i := range a {
			a[i] = 1
		}
		return
	}
	// Inner nodes take the place of the leaves that are used up, first with
	// their weight, then with their parent's index.
	root, leaf := 0, 0
	for next := range n - 1 {
		sum := 0
		for range 2 {
			if leaf >= n || root < next && a[root] < a[leaf] {
				sum += a[root]
				a[root] = next
				root++
			} else {
				sum += a[leaf]
				leaf++
			}
		}
		a[next] = sum
	}
	a[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		a[i] = a[a[i]] + 1
	}
	free, depth := 1, 0
	inner, next := n-2, n-1
	for free > 0 {
		used := 0
		for inner >= 0 && a[inner] == depth {
			used++
			inner--
		}
		for ; free > used; free-- {
			a[next] = depth
			next--
		}
		free = 2 * used
		depth++
	}
}

// shorten mends a code whose longest lengths were cut to limit: it is full
// again when for each code too many a shorter one has become longer.
func shorten(count *[33]int, limit int) {
	total := 0
	for length := 1; length <= limit; length++ {
		total += count[length] << (limit - length)
	}
	for ; total > 1<<limit; total-- {
		length := limit - 1
		for count[length] == 0 {
			length--
		}
		count[limit]--
		count[length]--
		count[length+1] += 2
	}
}
