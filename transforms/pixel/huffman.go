// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"math/bits"
	"slices"
)

// huffCode is one symbol's code: n bits, the first one lowest.
type huffCode struct {
	bits uint16
	n    uint8
}

// blockCodes are the codes of one deflate block.
type blockCodes struct {
	lit  [288]huffCode
	dist [30]huffCode
	// The code lengths as the block's header spells them.
	spelled  []spelling
	spellers [19]huffCode
	nLit     int
	nDist    int
	nSpell   int
	nodes    []huffNode
}

// spelling is a symbol of the code lengths' own code, with its extra bits.
type spelling struct{ symbol, extra uint8 }

// spellOrder is the order in which the header names their lengths.
func spellOrder() [19]uint8 {
	return [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
}

// build makes the best codes for the given counts.
func (c *blockCodes) build(lit *[286]uint32, dist *[30]uint32) {
	c.assign(c.lit[:286], lit[:], 15)
	c.assign(c.dist[:], dist[:], 15)
	c.nLit, c.nDist = 286, 30
	for c.nLit > 257 && c.lit[c.nLit-1].n == 0 {
		c.nLit--
	}
	for c.nDist > 1 && c.dist[c.nDist-1].n == 0 {
		c.nDist--
	}
	c.spell()
}

// spell writes the code lengths as runs, and makes a code for those.
func (c *blockCodes) spell() {
	var lens [286 + 30]uint8
	for i, code := range c.lit[:c.nLit] {
		lens[i] = code.n
	}
	for i, code := range c.dist[:c.nDist] {
		lens[c.nLit+i] = code.n
	}
	all := lens[:c.nLit+c.nDist]
	c.spelled = c.spelled[:0]
	var counts [19]uint32
	add := func(symbol uint8, extra int) {
		c.spelled = append(c.spelled, spelling{symbol, uint8(extra)})
		counts[symbol]++
	}
	for i := 0; i < len(all); {
		v, run := all[i], 1
		for i+run < len(all) && all[i+run] == v {
			run++
		}
		i += run
		if v != 0 {
			add(v, 0)
			run--
		}
		for run > 0 {
			switch {
			case v != 0 && run >= 3:
				n := min(run, 6)
				add(16, n-3)
				run -= n
			case v == 0 && run >= 11:
				n := min(run, 138)
				add(18, n-11)
				run -= n
			case v == 0 && run >= 3:
				add(17, run-3)
				run = 0
			default:
				add(v, 0)
				run--
			}
		}
	}
	c.assign(c.spellers[:], counts[:], 7)
	order := spellOrder()
	for c.nSpell = 19; c.nSpell > 4 && c.spellers[order[c.nSpell-1]].n == 0; {
		c.nSpell--
	}
}

// spellExtra returns how many extra bits follow a symbol of the header.
func spellExtra(symbol uint8) uint {
	switch symbol {
	case 16:
		return 2
	case 17:
		return 3
	case 18:
		return 7
	}
	return 0
}

func (c *blockCodes) writeHeader(w *bitWriter) {
	w.put(uint32(c.nLit-257), 5)
	w.put(uint32(c.nDist-1), 5)
	w.put(uint32(c.nSpell-4), 4)
	order := spellOrder()
	for _, symbol := range order[:c.nSpell] {
		w.put(uint32(c.spellers[symbol].n), 3)
	}
	for _, s := range c.spelled {
		code := c.spellers[s.symbol]
		w.put(uint32(code.bits), uint(code.n))
		w.put(uint32(s.extra), spellExtra(s.symbol))
	}
}

// fixedIsShorter compares the fixed codes with the block's own and their
// header. The extra bits are the same for both.
func (c *blockCodes) fixedIsShorter(lit *[286]uint32, dist *[30]uint32) bool {
	own, fixed := uint(14+3*c.nSpell), uint(0)
	for _, s := range c.spelled {
		own += uint(c.spellers[s.symbol].n) + spellExtra(s.symbol)
	}
	for i, n := range lit {
		own += uint(n) * uint(c.lit[i].n)
		fixed += uint(n) * uint(fixedLength(i))
	}
	for i, n := range dist {
		own += uint(n) * uint(c.dist[i].n)
		fixed += uint(n) * 5
	}
	return fixed < own
}

func fixedLength(symbol int) uint8 {
	switch {
	case symbol < 144:
		return 8
	case symbol < 256:
		return 9
	case symbol < 280:
		return 7
	}
	return 8
}

func (c *blockCodes) setFixed() {
	for i := range c.lit {
		c.lit[i].n = fixedLength(i)
	}
	for i := range c.dist {
		c.dist[i].n = 5
	}
	canonical(c.lit[:])
	canonical(c.dist[:])
	c.lit[286], c.lit[287] = huffCode{}, huffCode{} // they count above, but do not occur
}

// huffNode is a symbol or a pair of nodes.
type huffNode struct {
	count  uint32
	symbol int16 // below 0 for a pair
	parent int16
	depth  uint8
}

// assign gives each symbol that occurs a code of at most longest bits.
func (c *blockCodes) assign(codes []huffCode, counts []uint32, longest int) {
	clear(codes)
	nodes := c.nodes[:0]
	for s, n := range counts {
		if n > 0 {
			nodes = append(nodes, huffNode{count: n, symbol: int16(s)})
		}
	}
	// Deflate cannot say "no code": one or two symbols that do not occur take
	// the free places, so that all decoders agree.
	for s := 0; len(nodes) < 2; s++ {
		if counts[s] == 0 {
			nodes = append(nodes, huffNode{count: 1, symbol: int16(s)})
		}
	}
	slices.SortFunc(nodes, func(a, b huffNode) int {
		if a.count != b.count {
			return int(a.count) - int(b.count)
		}
		return int(a.symbol) - int(b.symbol)
	})
	nodes = pairUp(nodes)
	leaves := (len(nodes) + 1) / 2
	var perLength [32]int
	for i := range leaves {
		perLength[min(nodes[i].depth, uint8(longest))]++
	}
	limitLengths(&perLength, longest)
	// The rarest symbols come first and take the longest codes.
	i := 0
	for n := longest; n > 0; n-- {
		for range perLength[n] {
			codes[nodes[i].symbol].n = uint8(n)
			i++
		}
	}
	canonical(codes)
	c.nodes = nodes
}

// pairUp builds Huffman's tree behind its sorted leaves and fills in all
// depths.
func pairUp(nodes []huffNode) []huffNode {
	leaves := len(nodes)
	leaf, pair := 0, leaves
	take := func() int {
		if leaf < leaves && (pair >= len(nodes) || nodes[leaf].count <= nodes[pair].count) {
			leaf++
			return leaf - 1
		}
		pair++
		return pair - 1
	}
	for range leaves - 1 {
		a := take()
		b := take()
		nodes = append(nodes, huffNode{count: nodes[a].count + nodes[b].count, symbol: -1})
		nodes[a].parent, nodes[b].parent = int16(len(nodes)-1), int16(len(nodes)-1)
	}
	nodes[len(nodes)-1].depth = 0
	for i := len(nodes) - 2; i >= 0; i-- {
		nodes[i].depth = nodes[nodes[i].parent].depth + 1
	}
	return nodes
}

// limitLengths repairs the numbers of codes by length after those that were
// too long have been cut to longest: it moves codes down until all fit again.
func limitLengths(perLength *[32]int, longest int) {
	used := 0 // in units of the longest code
	for n := 1; n <= longest; n++ {
		used += perLength[n] << (longest - n)
	}
	for used > 1<<longest {
		n := longest - 1
		for perLength[n] == 0 {
			n--
		}
		// One code of n bits makes room below it for itself and one of the
		// longest.
		perLength[n]--
		perLength[n+1] += 2
		perLength[longest]--
		used--
	}
}

// canonical numbers the codes as RFC 1951 says, from their lengths.
func canonical(codes []huffCode) {
	var count, next [16]uint16
	for _, c := range codes {
		count[c.n]++
	}
	count[0] = 0
	code := uint16(0)
	for n := 1; n < 16; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
	}
	for i, c := range codes {
		if c.n > 0 {
			codes[i].bits = bits.Reverse16(next[c.n]) >> (16 - c.n)
			next[c.n]++
		}
	}
}
