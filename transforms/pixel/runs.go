// SPDX-License-Identifier: Apache-2.0

package pixel

import (
	"bytes"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"math/bits"
	"slices"
)

// runDeflater writes a zlib stream that refers to nothing but runs of one byte.
// That is zlib's strategy Z_RLE: after a good prediction a picture is zeros and
// small noise, in which other repetitions are chance. Finding them takes most
// of deflate's time and costs more bits than it saves.
type runDeflater struct {
	out    *bytes.Buffer
	sum    hash.Hash32
	acc    uint64 // bits not written yet, the first one lowest
	n      uint
	tokens []uint16 // of the block: a byte, or runToken plus a run's length
	freq   [286]uint32
	code   prefixCode
	small  prefixCode
	table  [runToken + maxRun + 1]struct {
		bits uint32
		n    uint8
	}
}

const (
	minRun, maxRun = 3, 258
	runToken       = 256
	endOfBlock     = 256
	// blockTokens is when a block ends and a new code begins.
	blockTokens = 1 << 14
	// keepTokens is how many tokens a pooled deflater has room for at most.
	keepTokens = 1 << 20
)

// reset begins a stream.
func (d *runDeflater) reset(out *bytes.Buffer) {
	d.out, d.acc, d.n, d.tokens = out, 0, 0, d.tokens[:0]
	if d.sum == nil {
		d.sum = adler32.New()
	}
	d.sum.Reset()
	out.WriteString("\x78\x5e") // deflate with a 32 KiB window, a fast level
}

// write adds a row. A run ends with its row.
func (d *runDeflater) write(row []uint8) {
	_, _ = d.sum.Write(row) // a hash has no errors
	tokens := d.tokens
	i := 0
	for i+4 <= len(row) {
		v := row[i]
		tokens = append(tokens, uint16(v))
		i++
		if row[i] != v || row[i+1] != v || row[i+2] != v {
			continue
		}
		n := equalBytes(row[i:], v)
		i += n
		for ; n >= minRun; n -= min(n, maxRun) {
			tokens = append(tokens, uint16(runToken+min(n, maxRun)))
		}
		for range n {
			tokens = append(tokens, uint16(v))
		}
	}
	for _, v := range row[i:] {
		tokens = append(tokens, uint16(v))
	}
	d.tokens = tokens
	if len(tokens) >= blockTokens {
		d.block(false)
	}
}

// equalBytes returns how many bytes from the first on are v.
func equalBytes(b []uint8, v uint8) int {
	all := uint64(v) * 0x0101010101010101
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if x := load64(b[n:]) ^ all; x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(b) && b[n] == v {
		n++
	}
	return n
}

// close ends the stream.
func (d *runDeflater) close() {
	d.block(true)
	d.flush()
	if d.n > 0 {
		d.out.WriteByte(uint8(d.acc))
	}
	d.out.Write(d.sum.Sum(nil))
}

// put adds up to 32 bits.
func (d *runDeflater) put(v uint32, n uint) {
	d.acc |= uint64(v) << d.n
	d.n += n
	d.flush()
}

// flush writes all whole bytes.
func (d *runDeflater) flush() {
	var b [8]uint8
	binary.LittleEndian.PutUint64(b[:], d.acc)
	whole := d.n / 8
	d.out.Write(b[:whole])
	d.acc >>= 8 * whole
	d.n -= 8 * whole
}

// block writes the tokens with a code of their own.
func (d *runDeflater) block(last bool) {
	clear(d.freq[:])
	for _, t := range d.tokens {
		if t >= runToken {
			t, _, _ = runSymbol(t - runToken)
		}
		d.freq[t]++
	}
	d.freq[endOfBlock]++
	d.code.build(d.freq[:], 15)
	final := uint32(0)
	if last {
		final = 1
	}
	d.put(final|2<<1, 3)
	d.writeLengths()
	for v := range runToken {
		d.table[v].bits, d.table[v].n = uint32(d.code.codes[v]), d.code.lengths[v]
	}
	for run := uint16(minRun); run <= maxRun; run++ {
		symbol, extra, n := runSymbol(run)
		e, length := &d.table[runToken+run], d.code.lengths[symbol]
		// After the length comes the distance 1, whose code is a single 0.
		e.bits, e.n = uint32(d.code.codes[symbol])|uint32(extra)<<length, length+n+1
	}
	d.writeTokens()
	d.put(uint32(d.code.codes[endOfBlock]), uint(d.code.lengths[endOfBlock]))
	if d.tokens = d.tokens[:0]; cap(d.tokens) > keepTokens {
		d.tokens = nil // of a very wide row
	}
}

func (d *runDeflater) writeTokens() {
	acc, n := d.acc, d.n
	out := d.out.AvailableBuffer()
	for _, t := range d.tokens {
		e := &d.table[t]
		acc |= uint64(e.bits) << n
		if n += uint(e.n); n >= 32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(acc))
			acc >>= 32
			n -= 32
		}
	}
	d.out.Write(out)
	d.acc, d.n = acc, n
	d.flush()
}

// runSymbol returns deflate's symbol for a length, and its extra bits.
func runSymbol(run uint16) (symbol, extra uint16, n uint8) {
	switch v := run - minRun; {
	case run == maxRun:
		return 285, 0, 0
	case v < 8:
		return 257 + v, 0, 0
	default:
		n := uint8(bits.Len16(v) - 3)
		return 257 + 4*uint16(n) + v>>n, v & (1<<n - 1), n
	}
}

// writeLengths writes the block's header: the lengths of both codes, packed.
func (d *runDeflater) writeLengths() {
	lengths := d.code.lengths
	for lengths[len(lengths)-1] == 0 {
		lengths = lengths[:len(lengths)-1]
	}
	// Two distances: a code of one symbol only is a special case, which not all
	// readers like.
	all := slices.Concat(lengths, []uint8{1, 1})
	var packed [286 + 2]struct{ symbol, extra uint8 }
	var freq [19]uint32
	count := 0
	add := func(symbol, extra uint8) {
		packed[count].symbol, packed[count].extra = symbol, extra
		freq[symbol]++
		count++
	}
	for i := 0; i < len(all); {
		v := all[i]
		n := equalBytes(all[i:], v)
		i += n
		if v != 0 {
			add(v, 0)
			n--
		}
		for n >= 3 {
			switch {
			case v != 0:
				add(16, uint8(min(n, 6)-3))
				n -= min(n, 6)
			case n <= 10:
				add(17, uint8(n-3))
				n = 0
			default:
				add(18, uint8(min(n, 138)-11))
				n -= min(n, 138)
			}
		}
		for range n {
			add(v, 0)
		}
	}
	d.small.build(freq[:], 7)
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	used := len(order)
	for used > 4 && d.small.lengths[order[used-1]] == 0 {
		used--
	}
	d.put(uint32(len(lengths)-257)|1<<5|uint32(used-4)<<10, 14)
	for _, symbol := range order[:used] {
		d.put(uint32(d.small.lengths[symbol]), 3)
	}
	extraBits := [19]uint{16: 2, 17: 3, 18: 7}
	for _, p := range packed[:count] {
		d.put(uint32(d.small.codes[p.symbol]), uint(d.small.lengths[p.symbol]))
		d.put(uint32(p.extra), extraBits[p.symbol])
	}
}
